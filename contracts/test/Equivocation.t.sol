// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {IStake, SignedReport} from "../src/interfaces/IStake.sol";
import {Digests} from "../src/libraries/Digests.sol";
import {MerklePath} from "../src/libraries/MerklePath.sol";
import {MerkleRoot} from "../src/libraries/MerkleRoot.sol";
import {Report} from "../src/types/Types.sol";
import {Votes} from "./support/Votes.sol";

/// @notice What is evidence and what is not.
contract EquivocationTest is Votes {
    bytes32 private constant NONE = keccak256(abi.encodePacked(IStake.NoEquivocation.selector));

    function setUp() public {
        startCommittee(4, 0);
        startEpoch(operators);
    }

    /// @dev The definition: one (request, function, transcript), two (status, slots, fuelUsed, outputHash), whatever the
    /// rounds, the batches and the places in them.
    function testFuzz_evidence_is_accepted_exactly_when_it_shows_two_outcomes_of_one_run(
        Report memory a,
        Report memory b,
        uint8 same,
        uint256 place
    ) public {
        shareFields(a, b, same);
        SignedReport[2] memory votes = [
            vote(signerKey(1), 1, a, 1 + place % 9, (place >> 8) % (1 + place % 9)),
            vote(signerKey(1), 1, b, 1 + (place >> 16) % 9, (place >> 24) % (1 + (place >> 16) % 9))
        ];
        bool oneRun = keccak256(abi.encode(a.requestId, a.functionId, a.transcriptHash))
            == keccak256(abi.encode(b.requestId, b.functionId, b.transcriptHash));
        bool oneOutcome = keccak256(abi.encode(a.status, a.slots, a.fuelUsed, a.outputHash))
            == keccak256(abi.encode(b.status, b.slots, b.fuelUsed, b.outputHash));
        (bool proven, bytes memory reason) = tryProof(ROUTER, 1, 1, votes);
        vm.assertEq(proven, oneRun && !oneOutcome);
        vm.assertEq(committee.stakeOf(operators[1]).slashed, proven);
        if (!proven) vm.assertEq(keccak256(reason), NONE);
    }

    /// @dev Both the run's fields and the outcome's are often the same: 7 of 8 times each.
    function shareFields(Report memory a, Report memory b, uint8 same) private pure {
        if (same & 7 != 0) (b.requestId, b.functionId, b.transcriptHash) = (a.requestId, a.functionId, a.transcriptHash);
        if (same & 7 == 1) b.requestId ^= bytes32(uint256(1));
        if (same & 7 == 2) b.functionId ^= bytes32(uint256(1));
        if (same & 7 == 3) b.transcriptHash ^= bytes32(uint256(1));
        if (same >> 3 == 31) return;
        if (same >> 3 & 1 == 0) b.status = a.status;
        if (same >> 3 & 2 == 0) b.slots = a.slots;
        if (same >> 3 & 4 == 0) b.fuelUsed = a.fuelUsed;
        if (same >> 3 & 8 == 0) b.outputHash = a.outputHash;
        if (same >> 3 & 16 == 0) b.round = a.round;
    }

    function test_each_field_of_the_outcome_alone_is_enough() public {
        Report[4] memory others;
        for (uint256 i; i < 4; ++i) {
            others[i] = outcome("output");
        }
        others[0].status = 2;
        others[1].slots = 2;
        others[2].fuelUsed = 12_346;
        others[3].outputHash = keccak256("another");
        for (uint256 i; i < 4; ++i) {
            uint256 key = signerKey(i);
            tryProof(ROUTER, 1, i, [vote(key, 1, outcome("output")), vote(key, 1, others[i])]);
            vm.assertTrue(committee.stakeOf(operators[i]).slashed);
        }
    }

    function test_voting_again_in_another_round_and_batch_is_no_fault() public {
        Report memory later = outcome("output");
        later.round += 1;
        refuse(1, [vote(signerKey(1), 1, outcome("output")), vote(signerKey(1), 1, later, 3, 1)], NONE);
    }

    function test_one_vote_shown_twice_is_no_evidence() public {
        SignedReport memory once = vote(signerKey(1), 1, outcome("output"));
        refuse(1, [once, once], NONE);
    }

    function test_votes_of_two_epochs_are_no_evidence() public {
        SignedReport[2] memory votes =
            [vote(signerKey(1), 1, outcome("one")), vote(signerKey(1), 2, outcome("another"))];
        refuse(1, votes, keccak256(abi.encodeWithSelector(IStake.BadVote.selector, 1)));
    }

    function test_votes_of_two_members_are_no_evidence() public {
        SignedReport[2] memory votes =
            [vote(signerKey(1), 1, outcome("one")), vote(signerKey(2), 1, outcome("another"))];
        refuse(1, votes, keccak256(abi.encodeWithSelector(IStake.BadVote.selector, 1)));
        refuse(2, votes, keccak256(abi.encodeWithSelector(IStake.BadVote.selector, 0)));
    }

    function testFuzz_a_flipped_bit_of_a_signature_is_refused(uint256 bit, uint256 which) public {
        SignedReport[2] memory votes = evidence(1, 1);
        (bit, which) = (bound(bit, 0, 511), bound(which, 0, 1));
        votes[which].signature[bit / 8] ^= bytes1(uint8(1 << (bit % 8)));
        refuse(1, votes, keccak256(abi.encodeWithSelector(IStake.BadVote.selector, which)));
    }

    function testFuzz_a_changed_path_is_refused(uint256 seed, uint256 bit) public {
        SignedReport[2] memory votes = evidence(1, 1);
        bytes32[] memory path = votes[1].path;
        bit = bound(bit, 0, 255);
        if (seed % 3 == 0) path[seed / 3 % path.length] ^= bytes32(1 << bit);
        else if (seed % 3 == 1) votes[1].path = append(path, keccak256(abi.encode(seed)));
        else votes[1].path = new bytes32[](seed / 3 % path.length); // shorter
        refuse(1, votes, keccak256(abi.encodeWithSelector(IStake.BadVote.selector, 1)));
    }

    function testFuzz_a_changed_report_is_refused(uint256 field, uint256 bit) public {
        SignedReport[2] memory votes = evidence(1, 1);
        Report memory report = votes[0].report;
        (field, bit) = (bound(field, 0, 4), bound(bit, 0, 255));
        if (field == 0) report.outputHash ^= bytes32(1 << bit);
        if (field == 1) report.status ^= uint8(1 << bit % 8);
        if (field == 2) report.round ^= uint32(1 << bit % 32);
        if (field == 3) report.slots ^= uint16(1 << bit % 16);
        if (field == 4) report.fuelUsed ^= uint64(1 << bit % 64);
        refuse(1, votes, keccak256(abi.encodeWithSelector(IStake.BadVote.selector, 0)));
    }

    function testFuzz_another_length_of_a_signature_is_refused(uint256 length) public {
        SignedReport[2] memory votes = evidence(1, 1);
        length = bound(length, 0, 130);
        vm.assume(length != 64);
        bytes memory other = new bytes(length);
        for (uint256 i; i < length && i < 64; ++i) {
            other[i] = votes[0].signature[i];
        }
        votes[0].signature = other;
        refuse(1, votes, keccak256(abi.encodeWithSelector(IStake.BadVote.selector, 0)));
    }

    function testFuzz_evidence_of_another_router_chain_or_committee_is_refused(address router, uint256 what) public {
        vm.assume(router != ROUTER);
        SignedReport[2] memory votes = evidence(1, 1);
        if (what % 3 == 0) {
            bytes32 domain = Digests.domainSeparator(ROUTER);
            bytes32 digest = Digests.attestation(domain, router, 1, Digests.leaf(votes[0].report));
            votes[0].signature = sign(signerKey(1), digest);
        }
        if (what % 3 == 1) vm.chainId(block.chainid + 1);
        (bool proven, bytes memory reason) = tryProof(what % 3 == 2 ? router : ROUTER, 1, 1, votes);
        vm.assertTrue(!proven);
        vm.assertEq(reason, abi.encodeWithSelector(IStake.BadVote.selector, 0));
    }

    function test_a_signature_with_a_high_s_is_refused() public {
        SignedReport[2] memory votes = evidence(1, 1);
        bytes memory signature = votes[0].signature;
        bytes32 high = 0x7fffffffffffffffffffffffffffffff5d576e7357a4501ddfe92f46681b20a1;
        assembly {
            mstore(add(signature, 64), high)
        }
        refuse(1, votes, keccak256(abi.encodeWithSelector(IStake.BadVote.selector, 0)));
    }

    function test_a_path_has_16_siblings_at_most() public {
        SignedReport[2] memory votes = evidence(1, 1);
        bytes32[] memory path;
        bytes32 root = Digests.leaf(votes[0].report);
        for (uint256 i; i < 17; ++i) {
            if (i == 16) {
                votes[0] = SignedReport(votes[0].report, path, sign(signerKey(1), attestation(1, root)));
                (bool fits,) = tryProof(ROUTER, 1, 1, votes);
                vm.assertTrue(fits);
            }
            path = append(path, bytes32(type(uint256).max)); // above every hash
            root = keccak256(abi.encode(root, path[i]));
        }
        votes = evidence(2, 1);
        votes[1] = SignedReport(votes[1].report, path, sign(signerKey(2), attestation(1, root)));
        refuse(2, votes, keccak256(abi.encodeWithSelector(IStake.PathTooLong.selector, 17)));
    }

    function testFuzz_a_path_leads_to_the_root_of_all_leaves(bytes32[] memory leaves, uint256 place) public view {
        vm.assume(leaves.length > 0);
        place = bound(place, 0, leaves.length - 1);
        bytes32 leaf = leaves[place];
        bytes32[] memory path = pathTo(leaves, place);
        vm.assertEq(this.rootOf(leaf, path), MerkleRoot.root(leaves));
    }

    function rootOf(bytes32 leaf, bytes32[] calldata path) external pure returns (bytes32) {
        return MerklePath.root(leaf, path);
    }

    function tryProof(address router, uint64 epoch, uint256 member, SignedReport[2] memory votes)
        private
        returns (bool, bytes memory)
    {
        vm.prank(address(0xbeef));
        return address(committee).call(abi.encodeCall(IStake.proveEquivocation, (router, epoch, member, votes)));
    }

    function refuse(uint256 member, SignedReport[2] memory votes, bytes32 expected) private {
        (bool proven, bytes memory reason) = tryProof(ROUTER, 1, member, votes);
        vm.assertTrue(!proven);
        vm.assertEq(keccak256(reason), expected);
    }
}
