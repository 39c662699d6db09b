// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {Committee} from "../src/Committee.sol";
import {StakeInfo} from "../src/interfaces/IStake.sol";
import {Epoch} from "../src/types/Types.sol";
import {StakeHandler} from "./support/StakeHandler.sol";
import {Test} from "./support/Test.sol";

/// @notice What holds after any sequence of steps of operators, provers, the owner and time.
/// forge-config: default.invariant.fail-on-revert = true
/// forge-config: dev.invariant.fail-on-revert = true
/// forge-config: deep.invariant.fail-on-revert = true
contract StakeInvariantsTest is Test {
    StakeHandler private handler;
    Committee private committee;

    function setUp() public {
        handler = new StakeHandler();
        committee = Committee(address(handler.subject()));
    }

    /// @dev Read by forge: nothing else is called at random.
    function targetContracts() public view returns (address[] memory targets) {
        targets = new address[](1);
        targets[0] = address(handler);
    }

    function invariant_every_coin_is_somebodys_stake_or_slashed() public view {
        uint256 held = committee.slashedFunds();
        address[] memory pool = handler.pool();
        for (uint256 i; i < pool.length; ++i) {
            held += committee.stakeOf(pool[i]).amount;
        }
        vm.assertEq(address(committee).balance, held);
    }

    function invariant_stake_is_conserved() public view {
        uint256 paid;
        uint256 takenOut = handler.PROVER().balance + handler.TREASURY().balance;
        address[] memory pool = handler.pool();
        for (uint256 i; i < pool.length; ++i) {
            StakeHandler.Account memory account = handler.accountOf(pool[i]);
            vm.assertTrue(account.takenOut <= account.paid);
            paid += account.paid;
            takenOut += account.takenOut;
        }
        vm.assertEq(paid, takenOut + address(committee).balance);
    }

    function invariant_where_a_stake_stands_is_what_was_done_with_it() public view {
        address[] memory pool = handler.pool();
        for (uint256 i; i < pool.length; ++i) {
            StakeHandler.Account memory account = handler.accountOf(pool[i]);
            StakeInfo memory stake = committee.stakeOf(pool[i]);
            vm.assertEq(stake.amount, account.stake);
            vm.assertEq(stake.exitAt, account.exitAt);
            vm.assertEq(stake.lastEpoch, account.lastEpoch);
            vm.assertEq(stake.slashed, account.slashedIn != 0);
        }
    }

    function invariant_epochs_only_go_up_and_keep_their_quorums() public view {
        vm.assertEq(committee.currentEpoch(), handler.epochs());
        for (uint64 i = 1; i <= handler.epochs(); ++i) {
            StakeHandler.Started memory expected = handler.started(i);
            Epoch memory epoch = committee.epochInfo(i);
            uint256 n = epoch.operators.length;
            vm.assertEq(abi.encode(epoch.operators), abi.encode(expected.members));
            vm.assertEq(epoch.faults, (n - 1) / 3);
            vm.assertEq(epoch.quorum, n - epoch.faults);
            vm.assertTrue(n >= expected.proposed - (expected.proposed - 1) / 3);
        }
    }

    function invariant_the_slashed_are_in_no_epoch_that_began_later() public view {
        for (uint64 i = 1; i <= handler.epochs(); ++i) {
            address[] memory members = committee.epochInfo(i).operators;
            for (uint256 j; j < members.length; ++j) {
                uint64 slashedIn = handler.accountOf(members[j]).slashedIn;
                vm.assertTrue(slashedIn == 0 || slashedIn >= i);
            }
        }
    }

    /// @dev As long as evidence of an epoch can come in time, its members have what they can lose.
    function invariant_members_are_staked_until_their_evidence_window_is_over() public view {
        for (uint64 i = 1; i <= handler.epochs(); ++i) {
            if (i < handler.epochs() && time() >= handler.started(i + 1).time + 14 days) continue;
            address[] memory members = committee.epochInfo(i).operators;
            for (uint256 j; j < members.length; ++j) {
                StakeInfo memory stake = committee.stakeOf(members[j]);
                vm.assertTrue(stake.slashed || stake.amount >= committee.minStake());
            }
        }
    }
}
