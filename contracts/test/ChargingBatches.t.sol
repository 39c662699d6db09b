// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {Billing} from "../src/libraries/Billing.sol";
import {Asset, Charge} from "../src/types/Billing.sol";
import {Charged} from "./support/Charged.sol";
import {Hostile} from "./support/Consumers.sol";
import {EmptyConsumer} from "./support/EmptyConsumer.sol";
import {FUNCTION} from "./support/Functions.sol";
import {PlainToken} from "./support/Tokens.sol";

/// @notice What the reports of one delivery bear, each for itself.
contract ChargingBatchesTest is Charged {
    uint256 private constant PRICE = 1 gwei;
    address private empty;
    address private hostile;

    function setUp() public {
        startCommittee(4, 0);
        PlainToken token = new PlainToken();
        deployRouter(address(committee), address(token));
        empty = address(new EmptyConsumer(address(router)));
        hostile = address(new Hostile(address(router)));
        router.createSubscription{value: 10 ether}(Asset.Native);
        router.createSubscription(Asset.Token);
        token.mint(address(this), 1e24);
        token.approve(address(router), 1e24);
        router.fundWithToken(3, 1e24);
        for (uint64 id = 1; id <= 3; ++id) {
            router.addConsumer(id, empty);
            router.addConsumer(id, hostile);
        }
        vm.fee(PRICE);
        vm.txGasPrice(PRICE);
        // Words that a subscription's first delivery makes are made.
        bytes32[] memory ids = new bytes32[](3);
        for (uint64 id = 1; id <= 3; ++id) {
            ids[id - 1] = ask(empty, id, 0);
        }
        charges(ids);
    }

    function test_reports_share_what_serves_all() public {
        uint256 alone = gasOf(charge(ask(empty, 1, 0)), PRICE);
        bytes32[] memory ids = new bytes32[](10);
        for (uint256 i; i < 10; ++i) {
            ids[i] = ask(empty, 1, 0);
        }
        Charge[] memory taken = charges(ids);
        for (uint256 i; i < 10; ++i) {
            vm.assertTrue(gasOf(taken[i], PRICE) * 2 < alone);
            vm.assertEq(taken[i].work, taken[0].work);
        }
    }

    function test_a_callback_that_eats_gas_is_charged_to_who_made_it() public {
        bytes32[] memory ids = new bytes32[](2);
        (ids[0], ids[1]) = (ask(empty, 1, 0), ask(hostile, 2, 150_000));
        uint256 state = vm.snapshotState();
        Hostile(hostile).set(Hostile.Mode.Revert, address(0), "");
        Charge[] memory quiet = charges(ids);
        vm.revertToState(state);
        Hostile(hostile).set(Hostile.Mode.EatGas, address(0), "");
        Charge[] memory eaten = charges(ids);
        vm.assertTrue(gasOf(quiet[1], PRICE) > gasOf(quiet[0], PRICE)); // a callback that reverts is charged, too
        vm.assertTrue(gasOf(eaten[1], PRICE) > gasOf(quiet[1], PRICE) + 100_000);
        vm.assertEq(eaten[0].gasCost, quiet[0].gasCost);
    }

    function test_skipped_reports_bear_nothing_and_nobody_bears_their_part() public {
        bytes32[] memory ids = new bytes32[](4);
        for (uint256 i; i < 4; ++i) {
            ids[i] = ask(empty, 1, 0);
        }
        uint256 state = vm.snapshotState();
        Charge[] memory all = charges(ids);
        vm.revertToState(state);
        (ids[0], ids[2], ids[3]) = (keccak256("never made"), ids[1], keccak256("nor this"));
        uint256 balance = router.subscriptionInfo(1).balance;
        Charge[] memory one = charges(ids);
        vm.assertEq(uint256(one[0].work) + one[0].gasCost + one[3].work + one[3].gasCost, 0);
        vm.assertTrue(one[1].gasCost <= all[0].gasCost && one[1].gasCost != 0); // the first to write its account
        vm.assertEq(router.subscriptionInfo(1).balance, balance + one[1].refund);
    }

    function test_a_report_that_stands_twice_is_charged_once() public {
        bytes32[] memory ids = new bytes32[](2);
        ids[0] = ids[1] = ask(empty, 1, 0);
        uint256 held = router.pending(ids[0]).reserved;
        uint256 total = FUNDS + 10 ether;
        Charge memory taken = charges(ids)[0];
        vm.assertEq(uint256(taken.work) + taken.gasCost + taken.refund, held);
        vm.assertEq(router.subscriptionInfo(1).reserved, 0);
        vm.assertEq(address(router).balance, total);
    }

    function test_a_subscription_is_charged_in_its_asset() public {
        uint64 rate = 200;
        bytes32[] memory ids = new bytes32[](4);
        (ids[0], ids[1], ids[2], ids[3]) = (ask(empty, 1, 0), ask(empty, 3, 0), ask(empty, 2, 0), ask(empty, 3, 0));
        uint256 held = router.pending(ids[1]).reserved;
        vm.assertEq(held, rate * uint256(router.pending(ids[0]).reserved));
        (uint256 nativeWork, uint256 nativeGas) = pot(Asset.Native);
        (uint256 tokenWork, uint256 tokenGas) = pot(Asset.Token);
        Charge[] memory taken = charges(ids);
        vm.assertEq(taken[1].work, rate * taken[0].work);
        vm.assertEq(uint256(taken[1].work) + taken[1].gasCost + taken[1].refund, held);
        vm.assertTrue(taken[1].gasCost > 100 * taken[0].gasCost && taken[1].gasCost < 400 * taken[0].gasCost);
        (uint256 work, uint256 gasCost) = pot(Asset.Native);
        vm.assertEq(work - nativeWork, taken[0].work + taken[2].work);
        vm.assertEq(gasCost - nativeGas, taken[0].gasCost + taken[2].gasCost);
        (work, gasCost) = pot(Asset.Token);
        vm.assertEq(work - tokenWork, taken[1].work + taken[3].work);
        vm.assertEq(gasCost - tokenGas, taken[1].gasCost + taken[3].gasCost);
    }

    function test_units_of_the_token_are_rounded_up() public pure {
        vm.assertEq(Billing.toToken(1, 1), 1);
        vm.assertEq(Billing.toToken(0, 1), 0);
        vm.assertEq(Billing.toToken(1e18 + 1, 1), 2);
    }

    function pot(Asset asset) private view returns (uint256 work, uint256 gasCost) {
        return router.unsettled(1, asset, address(this), quorumBitmap());
    }

    function ask(address consumer, uint64 subscription, uint32 gasLimit) private returns (bytes32) {
        vm.prank(consumer);
        return router.request(subscription, FUNCTION, "", gasLimit);
    }
}
