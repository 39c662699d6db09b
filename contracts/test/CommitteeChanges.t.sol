// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {Committee} from "../src/Committee.sol";
import {ICommittee} from "../src/interfaces/ICommittee.sol";
import {Epoch} from "../src/types/Types.sol";
import {Members} from "./support/Members.sol";

/// @notice From a proposal to an epoch: the delay, who is left out, how long an epoch lives.
contract CommitteeChangesTest is Members {
    uint256 private constant DELAY = 2 days;
    address private constant ANYONE = address(0xbeef);

    function setUp() public {
        startCommittee(5, DELAY);
    }

    function test_the_first_epoch_is_proposed_and_needs_no_delay() public {
        vm.assertEq(committee.epochInfo(1).startTime, 1_750_000_000);
        Committee fresh = new Committee(address(this), 0, DELAY);
        notReady(fresh, 0);
        vm.assertEq(fresh.currentEpoch(), 0);
    }

    function test_an_epoch_starts_when_its_delay_is_over_and_anyone_may_start_it() public {
        committee.proposeEpoch(operators, PROFILE, 4, verifiers);
        (bytes32 hash, uint256 readyAt) = committee.proposal();
        vm.assertEq(hash, keccak256(abi.encode(operators, PROFILE, uint32(4), verifiers)));
        vm.assertEq(readyAt, time() + DELAY);
        vm.warp(readyAt - 1);
        notReady(committee, readyAt);
        vm.warp(readyAt);
        vm.expectEmit(address(committee));
        emit ICommittee.EpochStarted(2, PROFILE, 4, operators, verifiers);
        vm.prank(ANYONE);
        committee.startEpoch(operators, PROFILE, 4, verifiers);
        (hash, readyAt) = committee.proposal();
        vm.assertEq(hash, 0);
        vm.assertEq(readyAt, 0);
    }

    function test_a_proposal_starts_one_epoch() public {
        startEpoch(operators);
        notReady(committee, 0);
        vm.assertEq(committee.currentEpoch(), 2);
    }

    function test_a_proposal_takes_the_place_of_another() public {
        committee.proposeEpoch(operators, PROFILE, 4, verifiers);
        vm.warp(time() + DELAY);
        committee.proposeEpoch(operators, PROFILE, 5, verifiers); // at the last moment
        notReady(committee, 0);
        vm.expectRevert(abi.encodeWithSelector(ICommittee.EpochNotReady.selector, time() + DELAY));
        committee.startEpoch(operators, PROFILE, 5, verifiers);
    }

    function test_nothing_but_what_was_proposed_starts() public {
        committee.proposeEpoch(operators, PROFILE, 4, verifiers);
        vm.warp(time() + DELAY);
        bytes memory expected = abi.encodeWithSelector(ICommittee.EpochNotReady.selector, 0);
        vm.expectRevert(expected);
        committee.startEpoch(operators, bytes32(uint256(PROFILE) ^ 1), 4, verifiers);
        vm.expectRevert(expected);
        committee.startEpoch(operators, PROFILE, 3, verifiers);
        vm.expectRevert(expected);
        committee.startEpoch(verifiers, PROFILE, 4, operators);
        (operators[0], operators[1]) = (operators[1], operators[0]);
        vm.expectRevert(expected);
        committee.startEpoch(operators, PROFILE, 4, verifiers);
    }

    function test_the_delay_of_changes_is_30_days_at_most() public {
        vm.assertEq(new Committee(address(this), 0, 30 days).changeDelay(), 30 days);
        vm.expectRevert(abi.encodeWithSelector(ICommittee.BadChangeDelay.selector, 30 days + 1));
        new Committee(address(this), 0, 30 days + 1);
    }

    function test_who_leaves_before_the_start_is_left_out_and_the_others_keep_their_order() public {
        committee.proposeEpoch(operators, PROFILE, 4, verifiers);
        vm.warp(time() + DELAY);
        depart(1);
        vm.assertTrue(!committee.isEligible(operators[1]));
        committee.startEpoch(operators, PROFILE, 4, verifiers);
        Epoch memory epoch = committee.epochInfo(2);
        address[] memory rest = new address[](4);
        (rest[0], rest[1], rest[2], rest[3]) = (operators[0], operators[2], operators[3], operators[4]);
        vm.assertEq(abi.encode(epoch.operators), abi.encode(rest));
        vm.assertEq(epoch.faults, 1);
        vm.assertEq(epoch.quorum, 3);
        vm.assertEq(committee.epochMembers(2)[1].signer, vm.addr(signerKey(2)));
        vm.assertEq(committee.stakeOf(operators[1]).lastEpoch, 1);
        vm.assertEq(committee.stakeOf(operators[2]).lastEpoch, 2);
    }

    function test_more_than_f_leaving_keep_an_epoch_from_starting() public {
        committee.proposeEpoch(operators, PROFILE, 4, verifiers);
        vm.warp(time() + DELAY);
        depart(1);
        depart(4);
        vm.expectRevert(abi.encodeWithSelector(ICommittee.TooFewMembers.selector, 3, 4));
        committee.startEpoch(operators, PROFILE, 4, verifiers);
        vm.prank(operators[4]);
        committee.cancelExit();
        vm.assertEq(committee.startEpoch(operators, PROFILE, 4, verifiers), 2);
        vm.assertEq(committee.epochInfo(2).operators.length, 4);
    }

    function test_who_holds_less_than_the_minimum_is_left_out() public {
        address poor = address(0x2000);
        register(poor, signerKey(50), blsKey(50), MIN_STAKE - 1);
        vm.assertTrue(!committee.isEligible(poor));
        operators.push(poor);
        startEpoch(operators);
        vm.assertEq(committee.epochInfo(2).operators.length, 5);
        vm.deal(poor, 1);
        vm.prank(poor);
        committee.addStake{value: 1}();
        vm.assertTrue(committee.isEligible(poor));
        startEpoch(operators);
        vm.assertEq(committee.epochInfo(3).operators.length, 6);
    }

    function test_nobody_is_eligible_without_registering_even_where_no_stake_is_needed() public {
        vm.assertTrue(!new Committee(address(this), 0, 0).isEligible(ANYONE));
    }

    function test_an_epoch_freezes_the_keys_of_its_start_and_not_of_its_proposal() public {
        committee.proposeEpoch(operators, PROFILE, 4, verifiers);
        register(operators[0], signerKey(50), blsKey(50));
        vm.warp(time() + DELAY);
        committee.startEpoch(operators, PROFILE, 4, verifiers);
        vm.assertEq(committee.epochMembers(2)[0].signer, vm.addr(signerKey(50)));
    }

    function test_an_epoch_lives_until_its_grace_period_is_over() public {
        vm.assertTrue(!committee.isLive(0));
        vm.assertTrue(committee.isLive(1));
        vm.assertTrue(!committee.isLive(2));
        vm.assertTrue(!committee.isLive(type(uint64).max));
        startEpoch(operators);
        uint256 replaced = time();
        vm.warp(replaced + 7 days - 1);
        vm.assertTrue(committee.isLive(1) && committee.isLive(2));
        startEpoch(operators); // another change does not lengthen the first epoch's life
        vm.warp(replaced + 7 days);
        vm.assertTrue(!committee.isLive(1) && committee.isLive(2) && committee.isLive(3));
    }

    function depart(uint256 member) private {
        vm.prank(operators[member]);
        committee.requestExit();
    }

    function notReady(Committee target, uint256 readyAt) private {
        vm.expectRevert(abi.encodeWithSelector(ICommittee.EpochNotReady.selector, readyAt));
        target.startEpoch(operators, PROFILE, 4, verifiers);
    }
}
