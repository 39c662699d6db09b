// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

/// @notice BLS12-381 min-sig on the EIP-2537 precompiles: signatures in G1, public keys in G2, hash to curve of RFC 9380.
/// @dev Points are EIP-2537 encoded. The pairing precompile checks curve and subgroup of every point it is given;
/// G1ADD and G2ADD check the curve only.
library Bls12381 {
    uint256 internal constant G1_LENGTH = 128;
    uint256 internal constant G2_LENGTH = 256;

    bytes internal constant SIGNATURE_DST = "BLS_SIG_BLS12381G1_XMD:SHA-256_SSWU_RO_POP_";
    bytes internal constant POSSESSION_DST = "BLS_POP_BLS12381G1_XMD:SHA-256_SSWU_RO_POP_";

    // The field's modulus, as 64 big-endian bytes.
    uint256 private constant P_HIGH = 0x1a0111ea397fe69a4b1ba7b6434bacd7;
    uint256 private constant P_LOW = 0x64774b84f38512bf6730d2a0f6b0f6241eabfffeb153ffffb9feffffffffaaab;

    // The negated generator of G2.
    bytes internal constant NEGATED_G2 = hex"00000000000000000000000000000000024aa2b2f08f0a91260805272dc51051c6e47ad4fa403b02b4510b647ae3d1770bac0326a805bbefd48056c8c121bdb8"
        hex"0000000000000000000000000000000013e02b6052719f607dacd3a088274f65596bd0d09920b61ab5da61bbdc7f5049334cf11213945d57e5ac7d055d042b7e"
        hex"000000000000000000000000000000000d1b3cc2c7027888be51d9ef691d77bcb679afda66c73f17f9ee3837a55024f78c71363275a75d75d86bab79f74782aa"
        hex"0000000000000000000000000000000013fa4d4a0ad8b1ce186ed5061789213d993923066dddaf1040bc3ff59f825c78df74f2d75467e25e0f55f8a00fa030ed";

    /// @notice Whether `signature` is `publicKey`'s over `message`, both in their subgroups and neither at infinity.
    /// @dev False, not a revert, for points off the curve or outside the subgroup.
    function verify(bytes32 message, bytes memory dst, bytes memory signature, bytes memory publicKey)
        internal
        view
        returns (bool)
    {
        if (signature.length != G1_LENGTH || publicKey.length != G2_LENGTH) return false;
        if (isInfinity(signature) || isInfinity(publicKey)) return false;
        (bool ran, bytes memory result) =
            address(0x0f).staticcall(abi.encodePacked(signature, NEGATED_G2, hashToG1(message, dst), publicKey));
        return ran && result.length == 32 && bytes32(result) == bytes32(uint256(1));
    }

    /// @notice Whether every byte is zero, which is how EIP-2537 writes the point at infinity.
    function isInfinity(bytes memory point) internal pure returns (bool) {
        uint256 any;
        for (uint256 i = 32; i <= point.length; i += 32) {
            assembly ("memory-safe") {
                any := or(any, mload(add(point, i)))
            }
        }
        return any == 0;
    }

    /// @notice hash_to_curve of a 32-byte message, RFC 9380 section 3; `dst` has less than 256 bytes.
    /// @dev Assembly: 7,000 gas less than in plain Solidity (docs/gas.md).
    function hashToG1(bytes32 message, bytes memory dst) internal view returns (bytes memory point) {
        point = new bytes(2 * G1_LENGTH);
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
                ran := and(ran, staticcall(gas(), 0x10, element, 64, add(add(point, 32), shl(7, i)), 128))
            }
            ran := and(ran, staticcall(gas(), 0x0b, add(point, 32), 256, add(point, 32), 128))
            mstore(point, 128)
        }
        assert(ran); // every input is well-formed by construction
    }

    /// @notice The sum of two points of G2.
    function addG2(bytes memory a, bytes memory b) internal view returns (bytes memory points) {
        points = bytes.concat(a, b);
        addG2InPlace(points);
        assembly ("memory-safe") {
            mstore(points, 256)
        }
    }

    /// @notice Writes the sum of the two points of G2 in `points` over the first; reverts if one is off the curve.
    function addG2InPlace(bytes memory points) internal view {
        assembly ("memory-safe") {
            let start := add(points, 32)
            if iszero(staticcall(gas(), 0x0d, start, 512, start, 256)) { revert(0, 0) }
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
