// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {SignedReport} from "../../src/interfaces/IStake.sol";
import {Digests} from "../../src/libraries/Digests.sol";
import {MerkleRoot} from "../../src/libraries/MerkleRoot.sol";
import {Report} from "../../src/types/Types.sol";
import {Members} from "./Members.sol";

/// @notice Votes of a committee's members, as evidence holds them.
abstract contract Votes is Members {
    address internal constant ROUTER = address(0x70073e);

    /// @dev A report of some run with this output.
    function outcome(bytes memory output) internal pure returns (Report memory) {
        return Report(
            keccak256("request"), keccak256("function"), keccak256("transcript"), 0, 437_500_000, 1, 12_345, keccak256(output)
        );
    }

    /// @dev The vote of a signer over the report alone.
    function vote(uint256 key, uint64 epoch, Report memory report) internal view returns (SignedReport memory) {
        return vote(key, epoch, report, 1, 0);
    }

    /// @dev The vote of a signer over a batch of `size` in which the report stands at `place`.
    function vote(uint256 key, uint64 epoch, Report memory report, uint256 size, uint256 place)
        internal
        view
        returns (SignedReport memory)
    {
        bytes32[] memory leaves = new bytes32[](size);
        for (uint256 i; i < size; ++i) {
            leaves[i] = i == place ? Digests.leaf(report) : keccak256(abi.encode("leaf", size, i));
        }
        bytes32[] memory path = pathTo(leaves, place);
        return SignedReport(report, path, sign(key, attestation(epoch, MerkleRoot.root(leaves))));
    }

    function attestation(uint64 epoch, bytes32 root) internal view returns (bytes32) {
        return Digests.attestation(Digests.domainSeparator(ROUTER), address(committee), epoch, root);
    }

    /// @dev Two outcomes of one run, both signed by the member with its first key.
    function evidence(uint256 member, uint64 epoch) internal view returns (SignedReport[2] memory) {
        return [
            vote(signerKey(member), epoch, outcome("one")), vote(signerKey(member), epoch, outcome("another"), 5, 2)
        ];
    }

    /// @dev The siblings on the way from a leaf to the root, from the bottom up.
    function pathTo(bytes32[] memory leaves, uint256 place) internal pure returns (bytes32[] memory path) {
        bytes32[] memory row = leaves;
        while (row.length > 1) {
            if (place ^ 1 < row.length) path = append(path, row[place ^ 1]);
            bytes32[] memory next = new bytes32[]((row.length + 1) / 2);
            for (uint256 i; i < next.length; ++i) {
                bytes32[] memory pair = new bytes32[](2 * i + 1 == row.length ? 1 : 2);
                for (uint256 j; j < pair.length; ++j) {
                    pair[j] = row[2 * i + j];
                }
                next[i] = MerkleRoot.root(pair);
            }
            (row, place) = (next, place / 2);
        }
    }

    function append(bytes32[] memory list, bytes32 last) internal pure returns (bytes32[] memory longer) {
        longer = new bytes32[](list.length + 1);
        for (uint256 i; i < list.length; ++i) {
            longer[i] = list[i];
        }
        longer[list.length] = last;
    }
}
