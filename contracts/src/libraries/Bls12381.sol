// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

/// @notice BLS12-381 min-sig on the EIP-2537 precompiles: signatures in G1, public keys in G2, hash to curve of RFC 9380.
/// @dev Points are EIP-2537 encoded. The pairing precompile checks curve and subgroup of every point it is given;
/// G1ADD and G2ADD check the curve only. Assembly saves
/// 6,000 gas a check (docs/gas.md); tested against py_ecc through fixtures/vectors.
library Bls12381 {
    uint256 internal constant G1_LENGTH = 128;
    uint256 internal constant G2_LENGTH = 256;

    bytes internal constant SIGNATURE_DST = "BLS_SIG_BLS12381G1_XMD:SHA-256_SSWU_RO_POP_";
    bytes internal constant POSSESSION_DST = "BLS_POP_BLS12381G1_XMD:SHA-256_SSWU_RO_POP_";
    bytes internal constant DRAND_DST = "BLS_SIG_BLS12381G1_XMD:SHA-256_SSWU_RO_NUL_"; // quicknet's
    // Of a committee's draw key: none of the above, so that no vote, possession proof or drand round is ever a draw.
    bytes internal constant DRAW_DST = "BLS_DRAW_BLS12381G1_XMD:SHA-256_SSWU_RO_NUL_";

    // Offsets in the input of a check, which is the pairing's followed by room for one more key.
    uint256 internal constant CHECK_HASH = 384;
    uint256 internal constant CHECK_KEY = 512;
    uint256 internal constant CHECK_ADDEND = 768;

    // The pairing costs 102,900 (EIP-2537). A precompile burns all it is given when an input is no point of the subgroup, so
    // it is not given everything; the margin is for repricing.
    uint256 private constant PAIRING_GAS = 250_000;
    uint256 private constant MULTIPLY_GAS = 60_000; // G2MSM of one point costs 22,500

    // The field's modulus, as 64 big-endian bytes.
    uint256 private constant P_HIGH = 0x1a0111ea397fe69a4b1ba7b6434bacd7;
    uint256 private constant P_LOW = 0x64774b84f38512bf6730d2a0f6b0f6241eabfffeb153ffffb9feffffffffaaab;
    // (p - 1) / 2: of y and -y the larger is above it.
    uint256 private constant HALF_HIGH = 0x0d0088f51cbff34d258dd3db21a5d66b;
    uint256 private constant HALF_LOW = 0xb23ba5c279c2895fb39869507b587b120f55ffff58a9ffffdcff7fffffffd555;

    /// @notice Begins a check: memory of 1,024 bytes with the signature and the negated generator of G2 in place. The caller
    /// writes the public key at CHECK_KEY, adding to it what it put at CHECK_ADDEND if need be.
    /// @param signature 128 bytes.
    function newCheck(bytes calldata signature) internal pure returns (uint256 input) {
        assembly ("memory-safe") {
            input := mload(0x40)
            mstore(0x40, add(input, 1024))
            calldatacopy(add(input, CHECK_HASH), calldatasize(), 640) // zeros
            calldatacopy(input, signature.offset, 128)
            mstore(add(input, 128), 0x00000000000000000000000000000000024aa2b2f08f0a91260805272dc51051)
            mstore(add(input, 160), 0xc6e47ad4fa403b02b4510b647ae3d1770bac0326a805bbefd48056c8c121bdb8)
            mstore(add(input, 192), 0x0000000000000000000000000000000013e02b6052719f607dacd3a088274f65)
            mstore(add(input, 224), 0x596bd0d09920b61ab5da61bbdc7f5049334cf11213945d57e5ac7d055d042b7e)
            mstore(add(input, 256), 0x000000000000000000000000000000000d1b3cc2c7027888be51d9ef691d77bc)
            mstore(add(input, 288), 0xb679afda66c73f17f9ee3837a55024f78c71363275a75d75d86bab79f74782aa)
            mstore(add(input, 320), 0x0000000000000000000000000000000013fa4d4a0ad8b1ce186ed5061789213d)
            mstore(add(input, 352), 0x993923066dddaf1040bc3ff59f825c78df74f2d75467e25e0f55f8a00fa030ed)
        }
    }

    /// @notice Writes a public key of 256 bytes into a check.
    function setKey(uint256 input, bytes calldata publicKey) internal pure {
        assembly ("memory-safe") {
            calldatacopy(add(input, CHECK_KEY), publicKey.offset, 256)
        }
    }

    /// @notice Whether `signature` is the key's over `message`; false for one that does not have 128 bytes.
    /// @param publicKey 256 bytes.
    function verify(bytes memory publicKey, bytes32 message, bytes calldata signature, bytes memory dst)
        internal
        view
        returns (bool)
    {
        if (signature.length != G1_LENGTH) return false;
        uint256 input = newCheck(signature);
        assembly ("memory-safe") {
            mcopy(add(input, CHECK_KEY), add(publicKey, 32), 256)
        }
        return check(input, message, dst);
    }

    /// @notice Whether these bytes are a point of G2's subgroup other than infinity. G2MSM checks it (EIP-2537).
    function isKey(bytes memory publicKey) internal view returns (bool valid) {
        if (publicKey.length != G2_LENGTH) return false;
        bytes memory input = bytes.concat(publicKey, bytes32(uint256(1)));
        uint256 point;
        assembly ("memory-safe") {
            point := add(input, 32)
            let ran := staticcall(MULTIPLY_GAS, 0x0e, point, 288, 0, 0)
            valid := and(ran, eq(returndatasize(), 256))
        }
        return valid && !isInfinity(point);
    }

    /// @notice The compressed form, 48 bytes (ZCash's: the flags compressed, infinite and y > -y, then x), of a valid point
    /// of G1 other than infinity, 128 bytes.
    function compress(bytes calldata point) internal pure returns (bytes memory) {
        uint256 high = uint256(bytes32(point[64:96]));
        bool larger = high > HALF_HIGH || (high == HALF_HIGH && uint256(bytes32(point[96:128])) > HALF_LOW);
        return bytes.concat(point[16] | (larger ? bytes1(0xa0) : bytes1(0x80)), point[17:64]);
    }

    /// @notice Whether the check's signature is its key's over `message`, both in their subgroups, the key not infinity.
    /// @dev False, not a revert, for points off the curve or outside the subgroup, and on a chain without EIP-2537, where
    /// the call succeeds and returns nothing. An infinite signature fits an infinite key only.
    function check(uint256 input, bytes32 message, bytes memory dst) internal view returns (bool valid) {
        if (isInfinity(input + CHECK_KEY)) return false;
        hashToG1(message, dst, input + CHECK_ADDEND);
        assembly ("memory-safe") {
            mcopy(add(input, CHECK_HASH), add(input, CHECK_ADDEND), 128)
            let ran := staticcall(PAIRING_GAS, 0x0f, input, 768, 0, 32)
            valid := and(and(ran, eq(returndatasize(), 32)), mload(0))
        }
    }

    /// @notice Whether the 256 bytes are zero, which is how EIP-2537 writes the point at infinity.
    function isInfinity(uint256 point) internal pure returns (bool infinite) {
        assembly ("memory-safe") {
            let any := 0
            for { let i := 0 } lt(i, 256) { i := add(i, 32) } { any := or(any, mload(add(point, i))) }
            infinite := iszero(any)
        }
    }

    /// @notice Writes 4 x 48 bytes as 4 field elements, over memory whose padding is zero.
    function unpack(uint256 from, uint256 to) internal pure {
        assembly ("memory-safe") {
            mcopy(add(to, 16), from, 48)
            mcopy(add(to, 80), add(from, 48), 48)
            mcopy(add(to, 144), add(from, 96), 48)
            mcopy(add(to, 208), add(from, 144), 48)
        }
    }

    /// @notice Writes the sum of two points of G2 that stand one behind the other over the first.
    function addInPlace(uint256 points) internal view {
        assembly ("memory-safe") {
            if iszero(staticcall(gas(), 0x0d, points, 512, points, 256)) { revert(0, 0) }
        }
    }

    /// @notice hash_to_curve of a 32-byte message, RFC 9380 section 3; `dst` has less than 256 bytes.
    /// @param to where its 128 bytes go; the 128 behind them are overwritten.
    function hashToG1(bytes32 message, bytes memory dst, uint256 to) internal view {
        bool ran = true;
        assembly ("memory-safe") {
            // expand_message_xmd, section 5.3.1. First block: Z_pad (64 zero bytes) ++ message ++ I2OSP(128, 2) ++ 0
            // ++ DST_prime; later ones: first XOR previous ++ index ++ DST_prime.
            let length := mload(dst)
            let work := mload(0x40)
            let suffix := add(work, 99)
            mstore(work, 0)
            mstore(add(work, 32), 0)
            mstore(add(work, 64), message)
            mstore(add(work, 96), shl(240, 128))
            mcopy(suffix, add(dst, 32), length)
            mstore8(add(suffix, length), length)
            ran := and(ran, staticcall(gas(), 2, work, add(length, 100), 0, 32))
            let first := mload(0)
            let size := add(length, 34)
            let text := add(work, 66) // so that the suffix stays where it is

            // hash_to_field, section 5.2: two 64-byte integers modulo p, by MODEXP with exponent 1.
            let power := add(suffix, 320) // behind the longest suffix
            mstore(power, 64)
            mstore(add(power, 32), 1)
            mstore(add(power, 64), 64)
            mstore(add(power, 161), P_HIGH)
            mstore(add(power, 193), P_LOW)
            mstore(0, 0)
            for { let i := 0 } lt(i, 2) { i := add(i, 1) } {
                mstore(text, xor(first, mload(0)))
                mstore8(add(text, 32), add(shl(1, i), 1))
                ran := and(ran, staticcall(gas(), 2, text, size, 0, 32))
                mstore(add(power, 96), mload(0))
                mstore(text, xor(first, mload(0)))
                mstore8(add(text, 32), add(shl(1, i), 2))
                ran := and(ran, staticcall(gas(), 2, text, size, 0, 32))
                mstore(add(power, 128), mload(0))
                mstore8(add(power, 160), 1)
                let element := add(power, 256)
                ran := and(ran, staticcall(gas(), 5, power, 225, element, 64))
                // map_to_curve and clear_cofactor, EIP-2537 MAP_FP_TO_G1
                ran := and(ran, staticcall(gas(), 0x10, element, 64, add(to, shl(7, i)), 128))
            }
            ran := and(ran, staticcall(gas(), 0x0b, to, 256, to, 128))
        }
        assert(ran); // every input is well-formed by construction
    }

    /// @notice The sum of two points of G2; reverts if one is off the curve.
    function addG2(bytes memory a, bytes memory b) internal view returns (bytes memory points) {
        points = bytes.concat(a, b);
        uint256 start;
        assembly ("memory-safe") {
            start := add(points, 32)
        }
        addInPlace(start);
        assembly ("memory-safe") {
            mstore(points, 256)
        }
    }

    /// @notice -(x, y) = (x, p - y) for a valid point of G2 other than infinity.
    function negateG2(bytes memory point) internal pure returns (bytes memory negated) {
        negated = bytes.concat(point);
        for (uint256 offset = 160; offset <= 224; offset += 64) {
            assembly ("memory-safe") {
                let y := add(negated, offset)
                let high := mload(y)
                let low := mload(add(y, 32))
                if or(high, low) {
                    mstore(y, sub(sub(P_HIGH, high), gt(low, P_LOW)))
                    mstore(add(y, 32), sub(P_LOW, low))
                }
            }
        }
    }
}
