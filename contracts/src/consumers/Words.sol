// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

/// @notice Reads ABI-encoded words without `abi.decode`, which reverts when a value does not fit its type: a callback
/// records bad output instead. The caller checks the length first.
library Words {
    /// @notice The word at `index`.
    function word(bytes calldata data, uint256 index) internal pure returns (uint256) {
        return uint256(bytes32(data[32 * index:32 * index + 32]));
    }

    /// @notice Whether the word at `index` is an unsigned integer of this many bits (160: an address, 1: a bool).
    function fits(bytes calldata data, uint256 index, uint256 bits) internal pure returns (bool) {
        return word(data, index) >> bits == 0;
    }
}
