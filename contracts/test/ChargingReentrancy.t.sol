// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {IFunctionConsumer} from "../src/interfaces/IFunctionConsumer.sol";
import {IRouter} from "../src/interfaces/IRouter.sol";
import {ISubscriptions} from "../src/interfaces/ISubscriptions.sol";
import {IEarnings} from "../src/interfaces/IEarnings.sol";
import {Digests} from "../src/libraries/Digests.sol";
import {Asset, Charge, Prices, Subscription} from "../src/types/Billing.sol";
import {Charged} from "./support/Charged.sol";
import {FUNCTION} from "./support/Functions.sol";

/// @notice A subscription's owner that is its consumer, too, and turns on the router while it is being charged.
contract ChargingReentrancyTest is Charged, IFunctionConsumer {
    bytes private inner;
    bool private success;
    bytes private returned;

    function setUp() public {
        start(4);
        sponsor(address(this));
        vm.fee(1 gwei);
        vm.txGasPrice(1 gwei);
    }

    receive() external payable {}

    function handleFulfillment(bytes32, bytes calldata, bytes calldata) external {
        if (inner.length != 0) (success, returned) = address(router).call(inner);
    }

    function test_a_subscription_does_not_close_while_it_is_charged() public {
        bytes32 id = ask();
        uint256 held = router.pending(id).reserved;
        inner = abi.encodeCall(ISubscriptions.cancelSubscription, (1, address(this)));
        Charge memory taken = charge(id);
        vm.assertTrue(!success);
        vm.assertEq(returned, abi.encodeWithSelector(ISubscriptions.RequestsInFlight.selector, 1, held));
        check(taken);
    }

    function test_what_is_held_for_a_delivery_is_not_taken_out_during_it() public {
        bytes32 id = ask();
        uint256 free = router.subscriptionInfo(1).balance;
        inner = abi.encodeCall(ISubscriptions.withdrawBalance, (1, uint96(free + 1), address(0xcafe)));
        uint256 state = vm.snapshotState();
        check(charge(id));
        vm.assertTrue(!success);
        vm.revertToState(state);
        inner = abi.encodeCall(ISubscriptions.withdrawBalance, (1, uint96(free), address(0xcafe)));
        Charge memory taken = charge(id);
        vm.assertTrue(success);
        vm.assertEq(address(0xcafe).balance, free);
        Subscription memory info = router.subscriptionInfo(1);
        vm.assertEq(info.balance, taken.refund);
        vm.assertEq(info.reserved, 0);
        (uint256 work, uint256 gasCost) = router.unsettled(1, Asset.Native, address(this), quorumBitmap());
        vm.assertEq(address(router).balance, info.balance + work + gasCost);
    }

    function test_a_request_made_while_being_charged_is_reserved_for() public {
        bytes32 id = ask();
        inner = abi.encodeCall(IRouter.request, (1, FUNCTION, "", 300_000));
        uint256 held = router.pending(id).reserved;
        Charge memory taken = charge(id);
        vm.assertTrue(success);
        Subscription memory info = router.subscriptionInfo(1);
        vm.assertEq(info.reserved, held);
        vm.assertEq(info.balance, FUNDS - 2 * held + taken.refund);
    }

    function test_a_delivery_within_a_delivery_is_charged_to_its_own_request() public {
        bytes32 first = ask();
        bytes32 second = router.request(1, FUNCTION, "", 50_000); // its callback has to fit into the first's
        bytes memory proof = prove(0, router.attestationDigest(1, leafOf(second)), 7);
        inner = abi.encodeCall(IRouter.fulfill, (1, 0, pack(report(second, 0, OUTPUT), OUTPUT), proof));
        charge(first);
        vm.assertTrue(success);
        Subscription memory info = router.subscriptionInfo(1);
        vm.assertEq(info.reserved, 0);
        (uint256 work, uint256 gasCost) = router.unsettled(1, Asset.Native, address(this), quorumBitmap());
        vm.assertEq(info.balance + work + gasCost, FUNDS);
    }

    function test_earnings_are_not_taken_before_they_are_booked() public {
        bytes32 id = ask();
        inner = abi.encodeCall(IEarnings.withdrawEarnings, (Asset.Native, address(this)));
        charge(id);
        vm.assertTrue(!success);
        vm.assertEq(returned, abi.encodeWithSelector(IEarnings.NothingEarned.selector, address(this)));
    }

    /// @dev Where nothing costs anything a subscription with a request in flight holds nothing, so it may close: the
    /// delivery finds no account, charges nothing and makes none.
    function test_a_free_request_outlives_its_subscription() public {
        Prices memory free = Prices(0, 0, 0, 0, 100, 0, 0);
        router.proposePrices(free);
        vm.warp(block.timestamp + DELAY);
        router.applyPrices(free);
        vm.fee(0);
        bytes32 before = ask();
        bytes32 during = ask();
        bytes32 expired = ask();
        vm.assertEq(router.pending(before).reserved, 0);
        vm.fee(1 gwei);
        inner = abi.encodeCall(ISubscriptions.cancelSubscription, (1, address(0xcafe)));
        charge(during);
        vm.assertTrue(success);
        vm.assertEq(address(0xcafe).balance, FUNDS);
        Charge memory taken = charge(before);
        vm.assertEq(uint256(taken.work) + taken.gasCost + taken.refund, 0);
        vm.warp(block.timestamp + 300);
        router.expire(expired);
        vm.expectRevert(abi.encodeWithSelector(ISubscriptions.UnknownSubscription.selector, 1));
        router.subscriptionInfo(1);
    }

    function ask() private returns (bytes32) {
        return router.request(1, FUNCTION, "", 300_000);
    }

    function check(Charge memory taken) private view {
        Subscription memory info = router.subscriptionInfo(1);
        vm.assertEq(info.balance, FUNDS - taken.work - taken.gasCost);
        vm.assertEq(info.reserved, 0);
    }

    function leafOf(bytes32 id) private pure returns (bytes32) {
        return Digests.leaf(report(id, 0, OUTPUT));
    }
}
