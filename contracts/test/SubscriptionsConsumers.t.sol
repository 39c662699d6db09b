// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {ISubscriptions} from "../src/interfaces/ISubscriptions.sol";
import {AccountSlot} from "../src/types/AccountSlot.sol";
import {Asset} from "../src/types/Billing.sol";
import {Recorder} from "./support/Consumers.sol";
import {FUNCTION} from "./support/Functions.sol";
import {Network} from "./support/Network.sol";

/// @notice Who may spend from a subscription, and requests that outlive the right to.
contract SubscriptionsConsumersTest is Network {
    Recorder private consumer;

    function setUp() public {
        start(4);
        consumer = new Recorder(address(router));
    }

    function test_a_consumer_spends_from_when_it_is_added_until_it_is_removed() public {
        bytes memory refused = abi.encodeWithSelector(ISubscriptions.NotConsumer.selector, 1, address(consumer));
        vm.expectRevert(refused);
        consumer.ask("", 0);
        vm.expectEmit(address(router));
        emit ISubscriptions.ConsumerAdded(1, address(consumer));
        router.addConsumer(1, address(consumer));
        vm.assertTrue(router.isConsumer(1, address(consumer)));
        consumer.ask("", 0);
        vm.expectEmit(address(router));
        emit ISubscriptions.ConsumerRemoved(1, address(consumer));
        router.removeConsumer(1, address(consumer));
        vm.assertTrue(!router.isConsumer(1, address(consumer)));
        vm.expectRevert(refused);
        consumer.ask("", 0);
        vm.expectRevert(refused);
        router.removeConsumer(1, address(consumer));
    }

    function test_a_consumer_of_one_subscription_is_none_of_another() public {
        router.createSubscription{value: 1 ether}(Asset.Native);
        router.addConsumer(2, address(this));
        vm.expectRevert(abi.encodeWithSelector(ISubscriptions.NotConsumer.selector, 1, address(this)));
        router.request(1, FUNCTION, "", 0);
        router.request(2, FUNCTION, "", 0);
    }

    function test_nobody_and_who_is_one_already_are_not_added() public {
        vm.expectRevert(ISubscriptions.BadAddress.selector);
        router.addConsumer(1, address(0));
        router.addConsumer(1, address(consumer));
        vm.expectRevert(abi.encodeWithSelector(ISubscriptions.ConsumerExists.selector, 1, address(consumer)));
        router.addConsumer(1, address(consumer));
    }

    function test_a_hundred_consumers_and_no_more() public {
        for (uint160 i = 1; i <= 100; ++i) {
            router.addConsumer(1, address(i));
        }
        vm.expectRevert(abi.encodeWithSelector(ISubscriptions.TooManyConsumers.selector, 1));
        router.addConsumer(1, address(consumer));
        router.removeConsumer(1, address(50));
        router.addConsumer(1, address(consumer));
        vm.assertEq(router.subscriptionInfo(1).consumers, 100);
    }

    function test_the_list_has_who_may_spend_now_each_once() public {
        for (uint160 i = 1; i <= 5; ++i) {
            router.addConsumer(1, address(i));
        }
        router.removeConsumer(1, address(2));
        router.removeConsumer(1, address(5));
        router.addConsumer(1, address(2)); // in a new place
        address[] memory listed = router.consumersOf(1);
        address[4] memory expected = [address(1), address(3), address(4), address(2)];
        vm.assertEq(listed.length, 4);
        for (uint256 i; i < 4; ++i) {
            vm.assertEq(listed[i], expected[i]);
        }
    }

    /// @dev The 65,535th place is the last; the word's count is set near it through its storage slot.
    function test_places_run_out_and_do_not_begin_again() public {
        bytes32 slot = accountSlot();
        uint256 word = uint256(vm.load(address(router), slot));
        vm.store(address(router), slot, bytes32(word | type(uint16).max - 1));
        router.addConsumer(1, address(consumer));
        bytes32 id = consumer.ask("", 100_000);
        router.removeConsumer(1, address(consumer));
        vm.expectRevert(abi.encodeWithSelector(ISubscriptions.TooManyConsumers.selector, 1));
        router.addConsumer(1, address(consumer));
        deliver(0, id, 0, "output");
        vm.assertEq(consumer.requestId(), id);
    }

    function test_a_request_in_flight_reaches_a_consumer_that_was_removed() public {
        router.addConsumer(1, address(consumer));
        bytes32 id = consumer.ask("", 100_000);
        router.removeConsumer(1, address(consumer));
        router.addConsumer(1, address(0x77)); // takes a place of its own
        vm.assertEq(router.pending(id).consumer, address(consumer));
        deliver(0, id, 0, "output");
        vm.assertEq(consumer.requestId(), id);
    }

    function test_requests_of_a_consumer_that_came_again_all_reach_it() public {
        router.addConsumer(1, address(consumer));
        bytes32 first = consumer.ask("", 200_000);
        router.removeConsumer(1, address(consumer));
        router.addConsumer(1, address(consumer));
        bytes32 second = consumer.ask("", 200_000);
        deliver(0, second, 0, "second");
        vm.assertEq(consumer.output(), "second");
        deliver(0, first, 0, "first");
        vm.assertEq(consumer.output(), "first");
        vm.assertEq(consumer.calls(), 2);
    }

    function test_a_subscription_closes_when_its_requests_have() public {
        router.addConsumer(1, address(consumer));
        bytes32 delivered = consumer.ask("", 100_000);
        bytes32 expired = consumer.ask("", 100_000);
        refuseToClose();
        deliver(0, delivered, 0, "output");
        refuseToClose();
        vm.warp(block.timestamp + 300);
        router.expire(expired);
        uint256 balance = router.subscriptionInfo(1).balance;
        router.cancelSubscription(1, address(0xcafe));
        vm.assertEq(address(0xcafe).balance, balance);
    }

    function refuseToClose() private {
        uint256 reserved = router.subscriptionInfo(1).reserved;
        vm.expectRevert(abi.encodeWithSelector(ISubscriptions.RequestsInFlight.selector, 1, reserved));
        router.cancelSubscription(1, address(0xcafe));
    }

    /// @dev Where subscription 1's word is: the one slot that holds it.
    function accountSlot() private view returns (bytes32) {
        for (uint256 base; base < 64; ++base) {
            bytes32 slot = keccak256(abi.encode(1, base));
            AccountSlot word = AccountSlot.wrap(uint256(vm.load(address(router), slot)));
            if (word.exists() && word.balance() == FUNDS) return slot;
        }
        revert("not found");
    }
}
