// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {IEarnings} from "../../src/interfaces/IEarnings.sol";
import {IRouter} from "../../src/interfaces/IRouter.sol";
import {ISubscriptions} from "../../src/interfaces/ISubscriptions.sol";
import {Asset, Subscription} from "../../src/types/Billing.sol";
import {Epoch, Pending} from "../../src/types/Types.sol";
import {Handler} from "./Handler.sol";

/// @notice What must hold whatever was done, by the contracts' own words and by the books kept from events.
contract Checks is Handler {
    function checkHoldings() external view {
        uint256[2] memory owed;
        for (uint64 i = 1; i <= accounts; ++i) {
            if (!exists(i)) continue;
            Subscription memory info = router.subscriptionInfo(i);
            owed[uint256(info.asset)] += uint256(info.balance) + info.reserved;
        }
        for (uint256 asset; asset < 2; ++asset) {
            vm.assertEq(owed[asset], balances[asset] + reservations[asset]);
            uint256 work = potsOf(Asset(asset));
            vm.assertEq(work, unsettled[asset]);
            uint256 earnings = earningsOf(Asset(asset));
            vm.assertEq(earnings, unpaidEarnings[asset]);
            owed[asset] += work + earnings;
        }
        // Equal, not only enough: nothing is paid twice and nothing gets lost. Nobody here forces coins upon the router.
        vm.assertEq(address(router).balance, owed[0]);
        vm.assertEq(token.balanceOf(address(router)), owed[1]);
    }

    function checkAccounts() external view {
        for (uint64 i = 1; i <= accounts; ++i) {
            if (!exists(i)) continue;
            Subscription memory info = router.subscriptionInfo(i);
            vm.assertEq(info.owner, account[i].owner);
            vm.assertEq(info.offeredTo, account[i].offeredTo);
            vm.assertEq(info.balance, account[i].balance);
            vm.assertEq(info.reserved, account[i].reserved);
            vm.assertEq(router.consumersOf(i).length, info.consumers);
        }
    }

    function checkRequests() external view {
        uint256[] memory held = new uint256[](accounts + 1);
        for (uint256 i; i < requests.length; ++i) {
            Made storage request = made[requests[i]];
            Pending memory pending = router.pending(requests[i]);
            uint256 closed = request.deliveries + request.expiries;
            vm.assertTrue(closed <= 1);
            vm.assertEq(pending.consumer == address(0), closed == 1);
            for (uint256 j; j < players.length; ++j) {
                uint256 calls = players[j].calls(requests[i]);
                vm.assertTrue(calls <= (address(players[j]) == request.consumer ? request.deliveries : 0));
            }
            if (closed == 1) continue;
            held[request.subscription] += request.held;
            vm.assertEq(pending.consumer, request.consumer);
            vm.assertEq(pending.subscription, request.subscription);
            vm.assertEq(pending.epoch, request.epoch);
            vm.assertEq(pending.deadline, request.deadline);
            vm.assertEq(pending.reserved, request.held);
        }
        for (uint64 i = 1; i <= accounts; ++i) {
            if (exists(i)) vm.assertEq(router.subscriptionInfo(i).reserved, held[i]);
        }
    }

    function checkEpochs() external view {
        vm.assertEq(committee.currentEpoch(), epochs.length);
        for (uint64 i = 1; i <= epochs.length; ++i) {
            Epoch memory info = committee.epochInfo(i);
            uint256 n = info.operators.length;
            vm.assertEq(keccak256(abi.encode(info.operators)), keccak256(abi.encode(epochs[i - 1]))); // frozen
            vm.assertEq(info.faults, (n - 1) / 3);
            vm.assertEq(info.quorum, n - info.faults);
            vm.assertTrue(2 * info.quorum > n + info.faults); // two quorums share a member that is honest
        }
    }

    function checkStake() external view {
        uint256 sum;
        for (uint256 i; i < OPERATORS; ++i) {
            sum += committee.stakeOf(operators[i]).amount;
        }
        vm.assertEq(sum, stakes);
        vm.assertEq(committee.slashedFunds(), slashedLeft);
        vm.assertEq(address(committee).balance, stakes + slashedLeft);
    }

    /// @dev After all deadlines every request can be closed, every subscription emptied, every earner paid.
    function windUp() external {
        begin(0);
        for (uint256 i; i < players.length; ++i) {
            players[i].plan(false, address(0), "");
        }
        vm.warp(block.timestamp + 7 days);
        for (uint256 i; i < requests.length; ++i) {
            if (isOpen(requests[i])) must(GUARDIAN, address(router), 0, abi.encodeCall(IRouter.expire, (requests[i])));
        }
        for (uint64 i = 1; i <= accounts; ++i) {
            bytes memory message = abi.encodeCall(ISubscriptions.cancelSubscription, (i, everyone[0]));
            if (exists(i)) must(account[i].owner, address(router), 0, message);
        }
        for (uint256 i; i < pots.length; ++i) {
            must(GUARDIAN, address(router), 0, settlement(pots[i], Asset.Native));
            must(GUARDIAN, address(router), 0, settlement(pots[i], Asset.Token));
        }
        for (uint256 i; i < 2 * everyone.length; ++i) {
            bytes memory message = abi.encodeCall(IEarnings.withdrawEarnings, (Asset(i % 2), everyone[0]));
            if (router.earned(Asset(i % 2), everyone[i / 2]) != 0) must(everyone[i / 2], address(router), 0, message);
        }
        // What stays is less than a pot's signers, in each pot.
        vm.assertTrue(address(router).balance <= pots.length * OPERATORS);
        vm.assertTrue(token.balanceOf(address(router)) <= pots.length * OPERATORS);
    }

    function potsOf(Asset asset) private view returns (uint256 sum) {
        for (uint256 i; i < pots.length; ++i) {
            (uint256 work, uint256 gasCost) =
                router.unsettled(pots[i].epoch, asset, pots[i].transmitter, pots[i].bitmap);
            sum += work + gasCost;
        }
    }

    function earningsOf(Asset asset) private view returns (uint256 sum) {
        for (uint256 i; i < everyone.length; ++i) {
            sum += router.earned(asset, everyone[i]);
        }
    }
}
