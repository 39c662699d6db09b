// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

/// @notice The root over report leaves: children hashed in ascending order, an odd node promoted (docs/wire.md §2).
library MerkleRoot {
    /// @notice The root of a non-empty list of leaves, which is overwritten.
    /// @dev Assembly, for the gas of batches (docs/gas.md); tested against a plain version.
    function root(bytes32[] memory nodes) internal pure returns (bytes32 hash) {
        assembly ("memory-safe") {
            let first := add(nodes, 32)
            let size := shl(5, mload(nodes)) // of the row, in bytes
            for {} gt(size, 32) {} {
                let pairs := add(first, and(size, not(63)))
                let to := first
                for { let from := first } lt(from, pairs) { from := add(from, 64) } {
                    let a := mload(from)
                    let b := mload(add(from, 32))
                    let swap := lt(b, a)
                    mstore(shl(5, swap), a)
                    mstore(shl(5, iszero(swap)), b)
                    mstore(to, keccak256(0, 64))
                    to := add(to, 32)
                }
                if and(size, 32) {
                    mstore(to, mload(pairs)) // the odd node is promoted
                    to := add(to, 32)
                }
                size := sub(to, first)
            }
            hash := mload(first)
        }
    }
}
