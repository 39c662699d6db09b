// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

/// @notice The way from one report's leaf to the root that was signed (docs/wire.md §2). `MerkleRoot` computes the same
/// root from all leaves.
/// @dev An inner node never passes as a leaf: a leaf is the hash of 32 bytes (of a hash), an inner node that of 64.
library MerklePath {
    /// @notice The root over `leaf` and its siblings from the bottom up. Rows in which the node was promoted have none.
    function root(bytes32 leaf, bytes32[] calldata path) internal pure returns (bytes32 node) {
        node = leaf;
        for (uint256 i; i < path.length; ++i) {
            bytes32 sibling = path[i];
            node = keccak256(node < sibling ? abi.encode(node, sibling) : abi.encode(sibling, node));
        }
    }
}
