// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {Ownable} from "@openzeppelin/contracts/access/Ownable.sol";
import {Errors} from "@openzeppelin/contracts/utils/Errors.sol";
import {ICommittee} from "../src/interfaces/ICommittee.sol";
import {IStake, SignedReport, StakeInfo} from "../src/interfaces/IStake.sol";
import {Epoch} from "../src/types/Types.sol";
import {Bls} from "./support/Bls.sol";
import {Reentrant, Unpayable} from "./support/StakeTakers.sol";
import {Votes} from "./support/Votes.sol";

/// @notice What follows from evidence.
contract StakeSlashedTest is Votes {
    address private constant PROVER = address(0xbeef);
    address private constant TREASURY = address(0xcafe);

    function setUp() public {
        startCommittee(4, 0);
    }

    function test_slashing_takes_all_and_pays_the_prover_a_tenth() public {
        fund(1, 0.123456789012345678 ether);
        uint256 amount = 1.123456789012345678 ether;
        uint256 reward = 0.112345678901234567 ether; // rounded down
        SignedReport[2] memory votes = evidence(1, 1);
        vm.expectEmit(address(committee));
        emit IStake.Slashed(operators[1], 1, votes[0].report.requestId, PROVER, amount, reward);
        prove(1, 1, votes);
        vm.assertEq(PROVER.balance, reward);
        vm.assertEq(committee.slashedFunds(), amount - reward);
        StakeInfo memory stake = committee.stakeOf(operators[1]);
        vm.assertEq(stake.amount, 0);
        vm.assertTrue(stake.slashed);
        vm.expectEmit(address(committee));
        emit IStake.SlashedFundsWithdrawn(TREASURY, amount - reward);
        committee.withdrawSlashed(TREASURY);
        vm.assertEq(TREASURY.balance, amount - reward);
        vm.assertEq(committee.slashedFunds(), 0);
        vm.assertEq(committee.withdrawSlashed(TREASURY), 0);
        vm.assertEq(address(committee).balance, 3 ether); // the others' stake
    }

    function test_only_the_owner_takes_slashed_funds() public {
        prove(1, 1, evidence(1, 1));
        vm.prank(PROVER);
        vm.expectRevert(abi.encodeWithSelector(Ownable.OwnableUnauthorizedAccount.selector, PROVER));
        committee.withdrawSlashed(PROVER);
        vm.expectRevert(IStake.BadRecipient.selector);
        committee.withdrawSlashed(address(0));
        vm.assertEq(committee.slashedFunds(), 0.9 ether);
    }

    function test_the_slashed_are_in_no_later_epoch_and_the_one_in_progress_stays() public {
        bytes32 before = keccak256(abi.encode(committee.epochInfo(1)));
        committee.proposeEpoch(operators, PROFILE, 4, verifiers);
        prove(1, 1, evidence(1, 1));
        vm.assertEq(keccak256(abi.encode(committee.epochInfo(1))), before);
        committee.startEpoch(operators, PROFILE, 4, verifiers);
        Epoch memory epoch = committee.epochInfo(2);
        vm.assertEq(epoch.operators.length, 3);
        vm.assertEq(epoch.quorum, 3);
        vm.assertEq(epoch.operators[1], operators[2]);
        prove(1, 2, evidence(2, 1)); // more than f slashed: the same four cannot go on
        committee.proposeEpoch(operators, PROFILE, 4, verifiers);
        vm.expectRevert(abi.encodeWithSelector(ICommittee.TooFewMembers.selector, 2, 3));
        committee.startEpoch(operators, PROFILE, 4, verifiers);
    }

    function test_nobody_is_slashed_twice() public {
        prove(1, 1, evidence(1, 1));
        startEpoch(operators);
        bytes memory expected = abi.encodeWithSelector(IStake.AlreadySlashed.selector, operators[1]);
        refuse(1, 1, evidence(1, 1), expected);
        SignedReport[2] memory other =
            [vote(signerKey(1), 1, outcome("three")), vote(signerKey(1), 1, outcome("four"))];
        refuse(1, 1, other, expected);
    }

    function test_the_slashed_pay_nothing_in_and_take_nothing_out() public {
        prove(1, 1, evidence(1, 1));
        address operator = operators[1];
        bytes memory expected = abi.encodeWithSelector(IStake.AlreadySlashed.selector, operator);
        vm.deal(operator, 1 ether);
        vm.prank(operator);
        vm.expectRevert(expected);
        committee.addStake{value: 1 ether}();
        bytes memory key = Bls.publicKey(blsKey(50));
        bytes memory proof = possession(operator, blsKey(50));
        bytes memory signerProof = proveSigner(operator, signerKey(50), key);
        address signer = vm.addr(signerKey(50));
        vm.prank(operator);
        vm.expectRevert(expected);
        committee.register(signer, signerProof, bytes32(uint256(9) << 248), key, proof, "x");
        vm.prank(operator);
        committee.requestExit();
        startEpoch(operators);
        vm.warp(time() + 30 days);
        vm.prank(operator);
        vm.expectRevert(abi.encodeWithSelector(IStake.NoStake.selector, operator));
        committee.withdrawStake(operator);
    }

    function test_new_keys_are_no_way_out() public {
        register(operators[1], signerKey(50), blsKey(50));
        startEpoch(operators);
        SignedReport[2] memory foreign =
            [vote(signerKey(50), 1, outcome("one")), vote(signerKey(50), 1, outcome("another"))];
        refuse(1, 1, foreign, abi.encodeWithSelector(IStake.BadVote.selector, 0)); // epoch 1 knows the old key
        refuse(2, 1, evidence(1, 2), abi.encodeWithSelector(IStake.BadVote.selector, 0)); // epoch 2 the new one
        prove(1, 1, evidence(1, 1));
        vm.assertEq(committee.slashedFunds(), 1.8 ether);
    }

    function test_stake_answers_until_it_is_out() public {
        vm.prank(operators[1]);
        committee.requestExit();
        startEpoch(operators);
        vm.warp(time() + 15 days);
        uint256 snapshot = vm.snapshotState();
        prove(1, 1, evidence(1, 1));
        vm.assertEq(PROVER.balance, 0.1 ether);
        vm.prank(operators[1]);
        vm.expectRevert(abi.encodeWithSelector(IStake.NoStake.selector, operators[1]));
        committee.withdrawStake(operators[1]);
        vm.revertToState(snapshot);
        vm.prank(operators[1]);
        committee.withdrawStake(operators[1]);
        prove(1, 1, evidence(1, 1)); // nothing left to take, and still no way back
        vm.assertEq(PROVER.balance, 0);
        vm.assertEq(committee.slashedFunds(), 0);
        vm.prank(operators[1]);
        committee.cancelExit();
        vm.assertTrue(!committee.isEligible(operators[1]));
    }

    function test_evidence_names_an_epoch_and_a_member_that_exist() public {
        refuse(2, 1, evidence(1, 2), abi.encodeWithSelector(ICommittee.UnknownEpoch.selector, 2));
        refuse(0, 1, evidence(1, 0), abi.encodeWithSelector(ICommittee.UnknownEpoch.selector, 0));
        refuse(1, 4, evidence(4, 1), abi.encodeWithSelector(IStake.NoSuchMember.selector, 1, 4));
    }

    function test_a_prover_that_takes_no_coin_proves_nothing() public {
        bytes memory message = abi.encodeCall(IStake.proveEquivocation, (ROUTER, 1, 1, evidence(1, 1)));
        Unpayable prover = new Unpayable();
        vm.expectRevert(Errors.FailedCall.selector);
        prover.call(address(committee), message);
        vm.assertTrue(!committee.stakeOf(operators[1]).slashed);
    }

    function test_a_reward_is_paid_once_even_when_the_prover_calls_back() public {
        Reentrant prover = new Reentrant();
        prover.attack(
            address(committee), abi.encodeCall(IStake.proveEquivocation, (ROUTER, 1, 1, evidence(1, 1)))
        );
        vm.assertEq(address(prover).balance, 0.1 ether);
        vm.assertEq(prover.reason(), abi.encodeWithSelector(IStake.AlreadySlashed.selector, operators[1]));
    }

    function test_slashed_funds_go_out_once_even_when_the_owner_calls_back() public {
        prove(1, 1, evidence(1, 1));
        Reentrant owner = new Reentrant();
        committee.transferOwnership(address(owner));
        vm.prank(address(owner));
        committee.acceptOwnership();
        owner.attack(address(committee), abi.encodeCall(IStake.withdrawSlashed, (address(owner))));
        vm.assertEq(address(owner).balance, 0.9 ether);
        vm.assertEq(address(committee).balance, 3 ether);
    }

    function fund(uint256 member, uint256 amount) private {
        vm.deal(operators[member], amount);
        vm.prank(operators[member]);
        committee.addStake{value: amount}();
    }

    function prove(uint64 epoch, uint256 member, SignedReport[2] memory votes) private {
        vm.prank(PROVER);
        committee.proveEquivocation(ROUTER, epoch, member, votes);
    }

    function refuse(uint64 epoch, uint256 member, SignedReport[2] memory votes, bytes memory expected) private {
        vm.prank(PROVER);
        vm.expectRevert(expected);
        committee.proveEquivocation(ROUTER, epoch, member, votes);
    }
}
