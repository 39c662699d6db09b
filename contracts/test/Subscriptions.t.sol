// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {ISubscriptions} from "../src/interfaces/ISubscriptions.sol";
import {Asset, Subscription} from "../src/types/Billing.sol";
import {FUNCTION} from "./support/Functions.sol";
import {Network} from "./support/Network.sol";

/// @notice Accounts in the native coin: made, funded, handed over, emptied, closed.
contract SubscriptionsTest is Network {
    address private constant OTHER = address(0x0123);
    bool private refusing;
    bytes private inner;

    function setUp() public {
        start(4);
    }

    receive() external payable {
        require(!refusing);
        if (inner.length == 0) return;
        (bool success,) = address(router).call(inner);
        vm.assertTrue(!success);
    }

    function test_a_subscription_belongs_to_who_made_it_and_ids_count_up() public {
        vm.expectEmit(address(router));
        emit ISubscriptions.SubscriptionCreated(2, OTHER, Asset.Native);
        vm.prank(OTHER);
        vm.assertEq(router.createSubscription(Asset.Native), 2);
        expect(2, Subscription(OTHER, address(0), Asset.Native, 0, 0, 0));
        vm.assertEq(router.createSubscription(Asset.Native), 3);
        expect(3, Subscription(address(this), address(0), Asset.Native, 0, 0, 0));
    }

    function test_anyone_funds_at_once_or_later() public {
        vm.deal(OTHER, 5 ether);
        vm.expectEmit(address(router));
        emit ISubscriptions.SubscriptionFunded(2, OTHER, 2 ether);
        vm.prank(OTHER);
        router.createSubscription{value: 2 ether}(Asset.Native);
        vm.prank(address(0xabc));
        vm.deal(address(0xabc), 1 ether);
        router.fund{value: 1 ether}(2);
        vm.assertEq(router.subscriptionInfo(2).balance, 3 ether);
        vm.assertEq(address(router).balance, FUNDS + 3 ether);
    }

    function test_amounts_of_nothing_and_beyond_the_account_are_refused() public {
        vm.expectRevert(abi.encodeWithSelector(ISubscriptions.BadAmount.selector, 0));
        router.fund(1);
        vm.deal(address(this), 1 << 97);
        uint256 room = type(uint96).max - FUNDS;
        vm.expectRevert(abi.encodeWithSelector(ISubscriptions.BadAmount.selector, room + 1));
        router.fund{value: room + 1}(1);
        router.fund{value: room}(1);
        vm.assertEq(router.subscriptionInfo(1).balance, type(uint96).max);
        vm.expectRevert(abi.encodeWithSelector(ISubscriptions.BadAmount.selector, 1));
        router.fund{value: 1}(1);
    }

    /// @dev What is reserved counts: released, it must fit.
    function test_a_full_account_with_a_request_in_flight_takes_no_more() public {
        sponsor(address(this));
        router.request(1, FUNCTION, "", 0);
        vm.deal(address(this), 1 << 97);
        uint256 room = type(uint96).max - FUNDS;
        vm.expectRevert(abi.encodeWithSelector(ISubscriptions.BadAmount.selector, room + 1));
        router.fund{value: room + 1}(1);
        router.fund{value: room}(1);
        Subscription memory info = router.subscriptionInfo(1);
        vm.assertEq(uint256(info.balance) + info.reserved, type(uint96).max);
    }

    function test_what_does_not_exist_is_refused() public {
        bytes memory unknown = abi.encodeWithSelector(ISubscriptions.UnknownSubscription.selector, 2);
        vm.expectRevert(unknown);
        router.fund{value: 1}(2);
        vm.expectRevert(unknown);
        router.subscriptionInfo(2);
        vm.expectRevert(unknown);
        router.withdrawBalance(2, 1, OTHER);
        vm.expectRevert(unknown);
        router.cancelSubscription(2, OTHER);
        vm.expectRevert(unknown);
        router.addConsumer(2, OTHER);
        vm.expectRevert(unknown);
        router.removeConsumer(2, OTHER);
        vm.expectRevert(unknown);
        router.offerSubscription(2, OTHER);
        vm.expectRevert(abi.encodeWithSelector(ISubscriptions.NotOffered.selector, 2, address(this)));
        router.acceptSubscription(2);
        vm.assertTrue(!router.isConsumer(2, OTHER));
        vm.assertEq(router.consumersOf(2).length, 0);
    }

    function test_only_the_owner_governs() public {
        bytes[5] memory calls = [
            abi.encodeCall(ISubscriptions.withdrawBalance, (1, 1, OTHER)),
            abi.encodeCall(ISubscriptions.cancelSubscription, (1, OTHER)),
            abi.encodeCall(ISubscriptions.addConsumer, (1, OTHER)),
            abi.encodeCall(ISubscriptions.removeConsumer, (1, OTHER)),
            abi.encodeCall(ISubscriptions.offerSubscription, (1, OTHER))
        ];
        for (uint256 i; i < 5; ++i) {
            vm.prank(OTHER);
            (bool success, bytes memory reason) = address(router).call(calls[i]);
            vm.assertTrue(!success);
            vm.assertEq(reason, abi.encodeWithSelector(ISubscriptions.NotSubscriptionOwner.selector, 1, OTHER));
        }
    }

    function test_the_owner_takes_the_free_balance_out() public {
        vm.expectEmit(address(router));
        emit ISubscriptions.SubscriptionWithdrawn(1, OTHER, 400 ether);
        router.withdrawBalance(1, 400 ether, OTHER);
        vm.assertEq(OTHER.balance, 400 ether);
        vm.expectRevert(abi.encodeWithSelector(ISubscriptions.BadAmount.selector, 0));
        router.withdrawBalance(1, 0, OTHER);
        uint256 more = 600 ether + 1;
        vm.expectRevert(abi.encodeWithSelector(ISubscriptions.InsufficientBalance.selector, 1, 600 ether, more));
        router.withdrawBalance(1, uint96(more), OTHER);
        vm.expectRevert(ISubscriptions.BadAddress.selector);
        router.withdrawBalance(1, 1, address(0));
        router.withdrawBalance(1, 600 ether, OTHER);
        vm.assertEq(router.subscriptionInfo(1).balance, 0);
    }

    function test_what_is_reserved_stays_in() public {
        sponsor(address(this));
        router.request(1, FUNCTION, "", 0);
        Subscription memory info = router.subscriptionInfo(1);
        vm.assertEq(uint256(info.balance) + info.reserved, FUNDS);
        vm.assertTrue(info.reserved != 0);
        vm.expectRevert(
            abi.encodeWithSelector(ISubscriptions.InsufficientBalance.selector, 1, info.balance, uint256(info.balance) + 1)
        );
        router.withdrawBalance(1, info.balance + 1, OTHER);
    }

    function test_a_payment_that_fails_changes_nothing() public {
        refusing = true;
        vm.expectRevert(abi.encodeWithSelector(ISubscriptions.PaymentFailed.selector, address(this)));
        router.withdrawBalance(1, 1 ether, address(this));
        vm.expectRevert(abi.encodeWithSelector(ISubscriptions.PaymentFailed.selector, address(this)));
        router.cancelSubscription(1, address(this));
        vm.assertEq(router.subscriptionInfo(1).balance, FUNDS);
    }

    function test_being_paid_is_no_way_to_be_paid_twice() public {
        inner = abi.encodeCall(ISubscriptions.cancelSubscription, (1, address(this)));
        router.cancelSubscription(1, address(this));
        router.createSubscription{value: 1 ether}(Asset.Native);
        inner = abi.encodeCall(ISubscriptions.withdrawBalance, (2, 1 ether, address(this)));
        router.withdrawBalance(2, 1 ether, address(this));
        vm.assertEq(address(router).balance, 0);
    }

    function test_closing_pays_the_rest_and_forgets_the_subscription() public {
        sponsor(OTHER);
        router.offerSubscription(1, OTHER);
        vm.expectEmit(address(router));
        emit ISubscriptions.SubscriptionCancelled(1, address(0xcafe), FUNDS);
        router.cancelSubscription(1, address(0xcafe));
        vm.assertEq(address(0xcafe).balance, FUNDS);
        vm.expectRevert(abi.encodeWithSelector(ISubscriptions.UnknownSubscription.selector, 1));
        router.subscriptionInfo(1);
        vm.assertTrue(!router.isConsumer(1, OTHER));
        vm.assertEq(router.consumersOf(1).length, 0);
        vm.prank(OTHER);
        vm.expectRevert(abi.encodeWithSelector(ISubscriptions.NotOffered.selector, 1, OTHER));
        router.acceptSubscription(1);
        vm.prank(OTHER);
        vm.expectRevert(abi.encodeWithSelector(ISubscriptions.UnknownSubscription.selector, 1));
        router.request(1, FUNCTION, "", 0);
        vm.assertEq(router.createSubscription(Asset.Native), 2); // ids are not used again
    }

    function test_an_empty_subscription_closes_without_a_payment() public {
        router.withdrawBalance(1, uint96(FUNDS), OTHER);
        router.cancelSubscription(1, address(0));
    }

    function test_a_subscription_is_handed_over_in_two_steps() public {
        vm.expectEmit(address(router));
        emit ISubscriptions.SubscriptionOffered(1, address(this), OTHER);
        router.offerSubscription(1, OTHER);
        vm.assertEq(router.subscriptionInfo(1).offeredTo, OTHER);
        vm.prank(address(0xbad));
        vm.expectRevert(abi.encodeWithSelector(ISubscriptions.NotOffered.selector, 1, address(0xbad)));
        router.acceptSubscription(1);
        vm.expectEmit(address(router));
        emit ISubscriptions.SubscriptionTransferred(1, address(this), OTHER);
        vm.prank(OTHER);
        router.acceptSubscription(1);
        expect(1, Subscription(OTHER, address(0), Asset.Native, uint96(FUNDS), 0, 0));
        vm.expectRevert(abi.encodeWithSelector(ISubscriptions.NotSubscriptionOwner.selector, 1, address(this)));
        router.withdrawBalance(1, 1, address(this));
        vm.prank(OTHER);
        vm.expectRevert(abi.encodeWithSelector(ISubscriptions.NotOffered.selector, 1, OTHER));
        router.acceptSubscription(1); // an offer is good once
    }

    function test_an_offer_is_taken_back_or_made_to_another() public {
        router.offerSubscription(1, OTHER);
        router.offerSubscription(1, address(0xabc));
        vm.prank(OTHER);
        vm.expectRevert(abi.encodeWithSelector(ISubscriptions.NotOffered.selector, 1, OTHER));
        router.acceptSubscription(1);
        router.offerSubscription(1, address(0));
        vm.prank(address(0xabc));
        vm.expectRevert(abi.encodeWithSelector(ISubscriptions.NotOffered.selector, 1, address(0xabc)));
        router.acceptSubscription(1);
    }

    function expect(uint64 id, Subscription memory expected) private view {
        vm.assertEq(keccak256(abi.encode(router.subscriptionInfo(id))), keccak256(abi.encode(expected)));
    }
}
