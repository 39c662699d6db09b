// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

/// @notice Which 32 bytes are a public key of X25519 (RFC 7748) that something can be sealed to.
library X25519 {
    /// @notice Whether every shared secret with this key is zero: then nothing sealed to it is secret, and libraries refuse
    /// to seal. True for the encodings of the points of order 1, 2, 4 and 8 on curve and twist (RFC 7748 section 6.1).
    /// @dev Keys are little-endian and their top bit is ignored, which is the first bit of the last byte.
    function isLowOrder(bytes32 key) internal pure returns (bool) {
        uint256 u = uint256(key) & ~uint256(0x80);
        return u == 0 || u == 1 << 248 // 0, 1
            || u == 0xe0eb7a7c3b41b8ae1656e3faf19fc46ada098deb9c32b1fd866205165f49b800
            || u == 0x5f9c95bca3508c24b1d0b1559c83ef5b04445cc4581c8e86d8224eddd09f1157
            || u == 0xecffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f // p - 1
            || u == 0xedffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f // p, which is 0
            || u == 0xeeffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f; // p + 1, which is 1
    }
}
