// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

/// @notice The root over report leaves: children hashed in ascending order, an odd node promoted (docs/wire.md §2).
library MerkleRoot {
    /// @notice The root of a non-empty list of leaves, which is overwritten.
    function root(bytes32[] memory nodes) internal pure returns (bytes32) {
        uint256 count = nodes.length;
        unchecked {
            while (count > 1) {
                uint256 parents = count / 2;
                for (uint256 i; i < parents; ++i) {
                    nodes[i] = parent(nodes[2 * i], nodes[2 * i + 1]);
                }
                if (count % 2 == 1) nodes[parents++] = nodes[count - 1];
                count = parents;
            }
        }
        return nodes[0];
    }

    /// @notice One inner node.
    function parent(bytes32 a, bytes32 b) internal pure returns (bytes32 hash) {
        if (a > b) (a, b) = (b, a);
        assembly ("memory-safe") {
            mstore(0, a)
            mstore(32, b)
            hash := keccak256(0, 64)
        }
    }
}
