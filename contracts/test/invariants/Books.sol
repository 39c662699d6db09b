// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {IEarnings} from "../../src/interfaces/IEarnings.sol";
import {IRouter} from "../../src/interfaces/IRouter.sol";
import {IStake} from "../../src/interfaces/IStake.sol";
import {ISubscriptions} from "../../src/interfaces/ISubscriptions.sol";
import {Bitmap} from "../../src/libraries/Bitmap.sol";
import {Asset, Charge} from "../../src/types/Billing.sol";
import {Quote, RequestContext} from "../../src/types/Types.sol";
import {Vm} from "../support/Test.sol";
import {Player} from "./Player.sol";
import {World} from "./World.sol";

/// @notice Second books, kept from the events alone. What an event may not say is refused here.
abstract contract Books is World {
    address[] private _actors; // who called the router: the sender, then players that called while they were called

    /// @dev Calls as `from` and books what happened; nothing when it reverted.
    function send(address from, address target, uint256 value, bytes memory message)
        internal
        returns (bool done, bytes4 reason)
    {
        if (value != 0) vm.deal(from, from.balance + value);
        vm.recordLogs();
        vm.prank(from);
        bytes memory returned;
        (done, returned) = target.call{value: value}(message);
        Vm.Log[] memory logs = vm.getRecordedLogs();
        if (!done) return (false, bytes4(returned));
        delete _actors;
        _actors.push(from);
        uint256 count = keep(logs);
        for (uint256 i; i < count; ++i) {
            book(logs[i]);
        }
    }

    /// @dev A call that must succeed.
    function must(address from, address target, uint256 value, bytes memory message) internal {
        (bool done, bytes4 reason) = send(from, target, value, message);
        vm.assertEq(bytes32(reason), bytes32(0));
        vm.assertTrue(done);
    }

    /// @dev A call that must fail, and how.
    function mustFail(address from, address target, bytes memory message, bytes4 expected) internal {
        (bool done, bytes4 reason) = send(from, target, 0, message);
        vm.assertTrue(!done);
        vm.assertEq(bytes32(reason), bytes32(expected));
        reach("refused");
    }

    /// @dev Moves the logs that were not undone to the front and returns how many they are. forge records the others too.
    function keep(Vm.Log[] memory logs) private pure returns (uint256 count) {
        for (uint256 i; i < logs.length; ++i) {
            bytes32 topic = logs[i].topics[0];
            if (topic == IRouter.CallbackFailed.selector) count = undo(logs, count, Player.Called.selector, logs[i].topics[1]);
            if (topic == Player.Left.selector && !abi.decode(logs[i].data, (bool))) {
                count = undo(logs, count, Player.Entering.selector, 0);
                continue;
            }
            logs[count++] = logs[i];
        }
    }

    /// @dev Where the last log of this kind stands; `count` if there is none.
    function undo(Vm.Log[] memory logs, uint256 count, bytes32 topic, bytes32 id) private pure returns (uint256) {
        for (uint256 i = count; i > 0; --i) {
            if (logs[i - 1].topics[0] == topic && (id == 0 || logs[i - 1].topics[1] == id)) return i - 1;
        }
        return count;
    }

    function book(Vm.Log memory log) private {
        bytes32 topic = log.topics[0];
        if (topic == Player.Entering.selector) _actors.push(log.emitter);
        if (topic == Player.Left.selector) {
            _actors.pop();
            reach("re-entered");
        }
        if (log.emitter == address(committee)) return bookStake(log);
        if (log.emitter != address(router)) return;
        if (topic == IRouter.Requested.selector) bookRequest(log);
        else if (topic == IRouter.Delivered.selector) bookDelivery(log);
        else if (topic == IRouter.Expired.selector) bookExpiry(log);
        else if (topic == IRouter.CallbackFailed.selector) reach("callback failed");
        else if (topic == IRouter.Skipped.selector) bookSkip(uint8(abi.decode(log.data, (uint8))));
        else if (topic == IRouter.PausedChanged.selector) (isPaused,) = abi.decode(log.data, (bool, address));
        else if (topic == IEarnings.Settled.selector) bookSettled(log);
        else if (topic == IEarnings.EarningsWithdrawn.selector) bookEarnings(log);
        else if (log.topics.length > 1) bookSubscription(topic, uint64(uint256(log.topics[1])), log);
    }

    function bookRequest(Vm.Log memory log) private {
        (RequestContext memory context, uint32 deadline, Quote memory quote,) =
            abi.decode(log.data, (RequestContext, uint32, Quote, bytes));
        bytes32 id = log.topics[1];
        Account storage payer = account[context.subscription];
        vm.assertTrue(!isPaused && made[id].deadline == 0);
        vm.assertTrue(context.consumer == actor() && spends[context.subscription][context.consumer]);
        vm.assertTrue(payer.balance >= quote.maxCost && deadline > block.timestamp);
        vm.assertEq(context.epoch, epochs.length);
        payer.balance -= quote.maxCost;
        payer.reserved += quote.maxCost;
        balances[uint256(payer.asset)] -= quote.maxCost;
        reservations[uint256(payer.asset)] += quote.maxCost;
        made[id] = Made(context.subscription, context.consumer, context.epoch, deadline, quote.maxCost, 0, 0);
        requests.push(id);
        reach(payer.asset == Asset.Native ? "requested" : "requested for tokens");
    }

    function bookDelivery(Vm.Log memory log) private {
        (uint8 status, bool success,, Charge memory taken) = abi.decode(log.data, (uint8, bool, address, Charge));
        Made storage request = made[log.topics[1]];
        vm.assertTrue(isOpen(log.topics[1]) && block.timestamp < request.deadline);
        vm.assertEq(uint256(taken.work) + taken.gasCost + taken.refund, request.held);
        ++request.deliveries;
        uint256 asset = release(request, taken.refund);
        unsettled[asset] += uint256(taken.work) + taken.gasCost;
        reach(success ? "delivered" : "delivered in vain");
        if (status == 2) reach("delivered a trap");
        if (taken.refund == 0) reach("charged all");
    }

    function bookExpiry(Vm.Log memory log) private {
        Made storage request = made[log.topics[1]];
        uint256 refund = abi.decode(log.data, (uint256));
        vm.assertTrue(isOpen(log.topics[1]) && block.timestamp >= request.deadline);
        vm.assertEq(refund, request.held);
        ++request.expiries;
        release(request, refund);
        reach("expired");
    }

    function release(Made storage request, uint256 refund) private returns (uint256 asset) {
        Account storage payer = account[request.subscription];
        asset = uint256(payer.asset);
        payer.reserved -= request.held;
        payer.balance += refund;
        reservations[asset] -= request.held;
        balances[asset] += refund;
    }

    function bookSkip(uint8 reason) private {
        reach(reason == 0 ? "skipped: closed" : reason == 1 ? "skipped: expired" : "skipped: other epoch");
    }

    function bookSettled(Vm.Log memory log) private {
        (Asset asset, uint256 bitmap, uint256 share, uint256 gasCost) =
            abi.decode(log.data, (Asset, uint256, uint256, uint256));
        unsettled[uint256(asset)] -= share * Bitmap.count(bitmap) + gasCost;
        unpaidEarnings[uint256(asset)] += share * Bitmap.count(bitmap) + gasCost;
        reach("settled");
    }

    function bookEarnings(Vm.Log memory log) private {
        vm.assertEq(address(uint160(uint256(log.topics[1]))), actor());
        (Asset asset,, uint256 amount) = abi.decode(log.data, (Asset, address, uint256));
        unpaidEarnings[uint256(asset)] -= amount;
        reach("earnings withdrawn");
    }

    function bookSubscription(bytes32 topic, uint64 subscription, Vm.Log memory log) private {
        Account storage changed = account[subscription];
        if (topic == ISubscriptions.SubscriptionCreated.selector) {
            vm.assertEq(subscription, ++accounts);
            account[subscription] = Account(actor(), address(0), abi.decode(log.data, (Asset)), 0, 0, 0);
        } else if (topic == ISubscriptions.SubscriptionFunded.selector) {
            changed.balance += abi.decode(log.data, (uint256));
            balances[uint256(changed.asset)] += abi.decode(log.data, (uint256));
            reach(changed.asset == Asset.Native ? "funded" : "funded with tokens");
        } else if (topic == ISubscriptions.SubscriptionTransferred.selector) {
            vm.assertTrue(changed.offeredTo == actor());
            (changed.owner, changed.offeredTo) = (actor(), address(0));
            reach("transferred");
        } else if (isOwnersAct(topic)) {
            vm.assertEq(changed.owner, actor()); // nobody else takes from a balance or says who may
            bookOwnersAct(topic, subscription, log);
        }
    }

    function isOwnersAct(bytes32 topic) private pure returns (bool) {
        return topic == ISubscriptions.SubscriptionWithdrawn.selector
            || topic == ISubscriptions.SubscriptionCancelled.selector || topic == ISubscriptions.SubscriptionOffered.selector
            || topic == ISubscriptions.ConsumerAdded.selector || topic == ISubscriptions.ConsumerRemoved.selector;
    }

    function bookOwnersAct(bytes32 topic, uint64 subscription, Vm.Log memory log) private {
        Account storage changed = account[subscription];
        if (topic == ISubscriptions.SubscriptionOffered.selector) {
            changed.offeredTo = address(uint160(uint256(log.topics[3])));
        } else if (topic == ISubscriptions.ConsumerAdded.selector || topic == ISubscriptions.ConsumerRemoved.selector) {
            spends[subscription][address(uint160(uint256(log.topics[2])))] = topic == ISubscriptions.ConsumerAdded.selector;
            reach("consumer changed");
        } else {
            changed.balance -= abi.decode(log.data, (uint256));
            balances[uint256(changed.asset)] -= abi.decode(log.data, (uint256));
            reach("balance withdrawn");
            if (topic == ISubscriptions.SubscriptionCancelled.selector) {
                vm.assertTrue(changed.balance == 0 && changed.reserved == 0);
                delete account[subscription];
                reach("cancelled");
            }
        }
    }

    function bookStake(Vm.Log memory log) private {
        bytes32 topic = log.topics[0];
        if (topic == IStake.Staked.selector) {
            (uint256 amount,) = abi.decode(log.data, (uint256, uint256));
            stakes += amount;
        } else if (topic == IStake.StakeWithdrawn.selector) {
            stakes -= abi.decode(log.data, (uint256));
            reach("stake withdrawn");
        } else if (topic == IStake.Slashed.selector) {
            (, uint256 amount, uint256 reward) = abi.decode(log.data, (address, uint256, uint256));
            stakes -= amount;
            slashedLeft += amount - reward;
            reach("slashed");
        } else if (topic == IStake.SlashedFundsWithdrawn.selector) {
            slashedLeft -= abi.decode(log.data, (uint256));
            reach("slashed funds withdrawn");
        }
    }

    function actor() private view returns (address) {
        return _actors[_actors.length - 1];
    }
}
