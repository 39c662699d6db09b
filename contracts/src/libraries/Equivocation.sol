// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {ECDSA} from "@openzeppelin/contracts/utils/cryptography/ECDSA.sol";
import {IStake, SignedReport} from "../interfaces/IStake.sol";
import {Report} from "../types/Types.sol";
import {Digests} from "./Digests.sol";
import {MerklePath} from "./MerklePath.sol";

/// @notice Two outcomes of one run, both signed by one member: the one fault stake answers for (protocol.md, evidence).
library Equivocation {
    uint256 internal constant MAX_PATH = 16; // the largest batch has 256 reports (docs/wire.md §8), whose paths have 8 hashes

    /// @notice Reverts unless `signer` signed both votes in this epoch and they are two outcomes of one run.
    function check(
        address router,
        address committee,
        uint64 epoch,
        address signer,
        SignedReport[2] calldata votes
    ) internal view {
        Report memory first = votes[0].report;
        Report memory second = votes[1].report;
        if (!sameRun(first, second) || sameOutcome(first, second)) revert IStake.NoEquivocation();
        bytes32 domain = Digests.domainSeparator(router);
        for (uint256 i; i < 2; ++i) {
            bytes32 digest = Digests.attestation(domain, committee, epoch, rootOf(votes[i]));
            if (recover(digest, votes[i].signature) != signer) revert IStake.BadVote(i);
        }
    }

    function sameRun(Report memory a, Report memory b) internal pure returns (bool) {
        return a.requestId == b.requestId && a.functionId == b.functionId && a.transcriptHash == b.transcriptHash;
    }

    /// @dev The round says when a vote was cast, not what for: voting again in a later round is no fault.
    function sameOutcome(Report memory a, Report memory b) internal pure returns (bool) {
        return a.status == b.status && a.slots == b.slots && a.fuelUsed == b.fuelUsed && a.outputHash == b.outputHash;
    }

    function rootOf(SignedReport calldata vote) private pure returns (bytes32) {
        if (vote.path.length > MAX_PATH) revert IStake.PathTooLong(vote.path.length);
        return MerklePath.root(Digests.leaf(vote.report), vote.path);
    }

    /// @dev The address that made a compact signature with a low s; zero, which no signer is, when none did.
    function recover(bytes32 digest, bytes calldata signature) internal pure returns (address signer) {
        if (signature.length != 64) return address(0);
        (signer,,) = ECDSA.tryRecover(digest, bytes32(signature), bytes32(signature[32:]));
    }
}
