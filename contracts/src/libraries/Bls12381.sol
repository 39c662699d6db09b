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

    /// @notice hash_to_curve of a 32-byte message, RFC 9380 section 3.
    function hashToG1(bytes32 message, bytes memory dst) internal view returns (bytes memory point) {
        bytes32[4] memory uniform = expand(message, dst);
        bytes memory a = mapToG1(reduce(uniform[0], uniform[1]));
        bytes memory b = mapToG1(reduce(uniform[2], uniform[3]));
        bool ran;
        (ran, point) = address(0x0b).staticcall(bytes.concat(a, b));
        assert(ran && point.length == G1_LENGTH); // both summands come from the precompile
    }

    /// @notice expand_message_xmd to 128 bytes, RFC 9380 section 5.3.1; `dst` has less than 256 bytes.
    function expand(bytes32 message, bytes memory dst) internal pure returns (bytes32[4] memory blocks) {
        bytes memory suffix = abi.encodePacked(dst, uint8(dst.length));
        // Z_pad is one SHA-256 block of zeros, l_i_b_str the length 128 in two bytes, then a zero byte.
        bytes32 first = sha256(abi.encodePacked(bytes32(0), bytes32(0), message, uint16(128), uint8(0), suffix));
        bytes32 previous;
        for (uint256 i; i < 4; ++i) {
            previous = sha256(abi.encodePacked(first ^ previous, uint8(i + 1), suffix));
            blocks[i] = previous;
        }
    }

    /// @notice A 64-byte integer modulo the field's prime, as an EIP-2537 field element.
    function reduce(bytes32 high, bytes32 low) internal view returns (bytes memory element) {
        bool ran;
        (ran, element) = address(0x05).staticcall(
            abi.encodePacked(uint256(64), uint256(1), uint256(64), high, low, uint8(1), P_HIGH, P_LOW)
        );
        assert(ran && element.length == 64);
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

    function mapToG1(bytes memory element) private view returns (bytes memory point) {
        bool ran;
        (ran, point) = address(0x10).staticcall(element);
        assert(ran && point.length == G1_LENGTH);
    }
}
