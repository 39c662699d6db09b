// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {Errors} from "@openzeppelin/contracts/utils/Errors.sol";
import {SafeCast} from "@openzeppelin/contracts/utils/math/SafeCast.sol";
import {ICommittee} from "../src/interfaces/ICommittee.sol";
import {IStake, StakeInfo} from "../src/interfaces/IStake.sol";
import {Members} from "./support/Members.sol";
import {Reentrant, Unpayable} from "./support/StakeTakers.sol";

/// @notice Stake comes in, is bound as long as its owner can be proven guilty, and goes out once.
contract StakeTest is Members {
    uint256 private constant UNBONDING = 15 days;
    address private constant HOME = address(0xbeef);

    function setUp() public {
        startCommittee(4, 0);
    }

    function test_unbonding_outlasts_grace_and_evidence() public view {
        vm.assertEq(committee.GRACE_PERIOD(), 7 days); // a router's longest timeout
        vm.assertEq(committee.UNBONDING_PERIOD(), UNBONDING);
        vm.assertTrue(committee.UNBONDING_PERIOD() > committee.GRACE_PERIOD() + committee.EVIDENCE_WINDOW());
    }

    function test_stake_is_what_was_paid() public {
        vm.assertEq(committee.stakeOf(operators[0]).amount, 1 ether);
        register(operators[0], signerKey(50), blsKey(50), 0.5 ether);
        vm.deal(operators[0], 2 ether);
        vm.expectEmit(address(committee));
        emit IStake.Staked(operators[0], 2 ether, 3.5 ether);
        vm.prank(operators[0]);
        committee.addStake{value: 2 ether}();
        StakeInfo memory stake = committee.stakeOf(operators[0]);
        vm.assertEq(stake.amount, 3.5 ether);
        vm.assertEq(stake.lastEpoch, 1);
        vm.assertEq(address(committee).balance, 6.5 ether);
    }

    function test_stake_does_not_wrap() public {
        vm.deal(operators[0], 1 << 96);
        vm.prank(operators[0]);
        vm.expectRevert(
            abi.encodeWithSelector(SafeCast.SafeCastOverflowedUintDowncast.selector, 96, (1 << 96) + 1 ether - 1)
        );
        committee.addStake{value: (1 << 96) - 1}();
    }

    function test_only_the_registered_stake_and_leave() public {
        vm.deal(HOME, 1 ether);
        bytes memory expected = abi.encodeWithSelector(ICommittee.NotRegistered.selector, HOME);
        vm.prank(HOME);
        vm.expectRevert(expected);
        committee.addStake{value: 1 ether}();
        vm.prank(HOME);
        vm.expectRevert(expected);
        committee.requestExit();
        vm.prank(HOME);
        vm.expectRevert(abi.encodeWithSelector(IStake.NoStake.selector, HOME));
        committee.withdrawStake(HOME);
    }

    function test_an_exit_is_asked_for_once_and_taken_back_once() public {
        vm.prank(operators[0]);
        vm.expectRevert(abi.encodeWithSelector(IStake.NotExiting.selector, operators[0]));
        committee.cancelExit();
        uint256 asked = time();
        depart(0);
        vm.assertEq(committee.stakeOf(operators[0]).exitAt, asked);
        vm.warp(asked + 1 days);
        vm.prank(operators[0]);
        vm.expectRevert(abi.encodeWithSelector(IStake.AlreadyExiting.selector, operators[0], asked));
        committee.requestExit();
        vm.prank(operators[0]);
        committee.cancelExit();
        vm.assertTrue(committee.isEligible(operators[0]));
        depart(0); // counts from now
        vm.assertEq(committee.stakeOf(operators[0]).exitAt, asked + 1 days);
    }

    function test_stake_stays_without_an_exit() public {
        vm.warp(time() + 365 days);
        refuse(0, abi.encodeWithSelector(IStake.NotExiting.selector, operators[0]));
    }

    function test_a_member_of_the_current_epoch_keeps_its_stake_in_however_long_ago_it_left() public {
        depart(0);
        vm.warp(time() + 365 days);
        refuse(0, abi.encodeWithSelector(IStake.StillBonded.selector, operators[0], 0));
    }

    /// @dev Counted from the later of the exit and the end of the last epoch it is in.
    function testFuzz_stake_is_bound_for_the_unbonding_period(uint256 exit, uint256 replaced, uint256 later) public {
        (exit, replaced, later) = (bound(exit, 0, 60 days), bound(replaced, 0, 60 days), bound(later, 0, 30 days));
        uint256 began = time();
        if (exit <= replaced) departAt(began + exit);
        vm.warp(began + replaced);
        startEpoch(others());
        if (exit > replaced) departAt(began + exit);
        vm.warp(time() + later);
        startEpoch(others()); // epochs it is not in change nothing
        uint256 releaseAt = began + (exit > replaced ? exit : replaced) + UNBONDING;
        if (time() < releaseAt) {
            refuse(3, abi.encodeWithSelector(IStake.StillBonded.selector, operators[3], releaseAt));
            vm.warp(releaseAt - 1);
            refuse(3, abi.encodeWithSelector(IStake.StillBonded.selector, operators[3], releaseAt));
            vm.warp(releaseAt);
        }
        vm.expectEmit(address(committee));
        emit IStake.StakeWithdrawn(operators[3], HOME, 1 ether);
        vm.prank(operators[3]);
        committee.withdrawStake(HOME);
        vm.assertEq(HOME.balance, 1 ether);
        refuse(3, abi.encodeWithSelector(IStake.NoStake.selector, operators[3]));
    }

    function test_who_was_never_a_member_waits_too() public {
        address idle = address(0x2000);
        register(idle, signerKey(50), blsKey(50));
        vm.prank(idle);
        committee.requestExit();
        uint256 releaseAt = time() + UNBONDING;
        vm.prank(idle);
        vm.expectRevert(abi.encodeWithSelector(IStake.StillBonded.selector, idle, releaseAt));
        committee.withdrawStake(idle);
        vm.warp(releaseAt);
        vm.prank(idle);
        committee.withdrawStake(idle);
        vm.assertEq(idle.balance, MIN_STAKE);
    }

    function test_registering_again_neither_frees_stake_nor_takes_an_exit_back() public {
        depart(0);
        uint256 asked = time();
        vm.warp(asked + 1 days);
        register(operators[0], signerKey(50), blsKey(50), 0);
        StakeInfo memory stake = committee.stakeOf(operators[0]);
        vm.assertEq(stake.amount, 1 ether);
        vm.assertEq(stake.exitAt, asked);
        vm.assertEq(stake.lastEpoch, 1);
        refuse(0, abi.encodeWithSelector(IStake.StillBonded.selector, operators[0], 0));
    }

    function test_who_took_its_stake_out_comes_back_with_new_stake() public {
        free(3);
        vm.prank(operators[3]);
        committee.withdrawStake(operators[3]);
        vm.prank(operators[3]);
        committee.addStake{value: 1 ether}();
        vm.assertTrue(!committee.isEligible(operators[3])); // it has left still
        vm.prank(operators[3]);
        committee.cancelExit();
        vm.assertTrue(committee.isEligible(operators[3]));
    }

    function test_stake_that_nobody_takes_stays() public {
        free(3);
        address unpayable = address(new Unpayable());
        vm.prank(operators[3]);
        vm.expectRevert(Errors.FailedCall.selector);
        committee.withdrawStake(unpayable);
        vm.prank(operators[3]);
        vm.expectRevert(IStake.BadRecipient.selector);
        committee.withdrawStake(address(0));
        vm.assertEq(committee.stakeOf(operators[3]).amount, 1 ether);
    }

    function test_stake_goes_out_once_even_when_its_owner_calls_back() public {
        Reentrant greedy = new Reentrant();
        operators[3] = address(greedy);
        register(address(greedy), signerKey(50), blsKey(50));
        free(3);
        greedy.attack(address(committee), abi.encodeCall(IStake.withdrawStake, (address(greedy))));
        vm.assertEq(address(greedy).balance, 1 ether);
        vm.assertEq(greedy.reason(), abi.encodeWithSelector(IStake.NoStake.selector, address(greedy)));
    }

    function others() private view returns (address[] memory members) {
        members = new address[](3);
        (members[0], members[1], members[2]) = (operators[0], operators[1], operators[2]);
    }

    /// @dev Member 3 is in no epoch any more and its stake is free.
    function free(uint256 member) private {
        depart(member);
        startEpoch(others());
        vm.warp(time() + UNBONDING);
    }

    function depart(uint256 member) private {
        vm.prank(operators[member]);
        committee.requestExit();
    }

    function departAt(uint256 time) private {
        vm.warp(time);
        depart(3);
    }

    function refuse(uint256 member, bytes memory expected) private {
        vm.prank(operators[member]);
        vm.expectRevert(expected);
        committee.withdrawStake(HOME);
    }
}
