// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {Ownable} from "@openzeppelin/contracts/access/Ownable.sol";
import {IFunctionRegistry} from "../src/interfaces/IFunctionRegistry.sol";
import {IPricing} from "../src/interfaces/IPricing.sol";
import {ISubscriptions} from "../src/interfaces/ISubscriptions.sol";
import {Router} from "../src/Router.sol";
import {Billing} from "../src/libraries/Billing.sol";
import {Asset, Limits, Prices} from "../src/types/Billing.sol";
import {packPrices} from "../src/types/PriceSlot.sol";
import {Recorder} from "./support/Consumers.sol";
import {FUNCTION} from "./support/Functions.sol";
import {Network} from "./support/Network.sol";

/// @notice Prices: announced, then in force; and what a request is told it costs.
contract PricingTest is Network {
    uint32 private constant GAS_LIMIT = 200_000;
    Recorder private consumer;

    function setUp() public {
        start(4);
        consumer = new Recorder(address(router));
        sponsor(address(consumer));
    }

    function test_prices_come_into_force_after_the_delay_and_not_before() public {
        Prices memory next = prices(false);
        next.fuelPrice *= 3;
        uint256 readyAt = block.timestamp + DELAY;
        vm.expectEmit(address(router));
        emit IPricing.PricesProposed(next, readyAt);
        router.proposePrices(next);
        vm.warp(readyAt - 1);
        vm.expectRevert(abi.encodeWithSelector(IPricing.PricesNotReady.selector, readyAt));
        router.applyPrices(next);
        vm.assertEq(router.pricesVersion(), 1);
        vm.warp(readyAt);
        vm.expectEmit(address(router));
        emit IPricing.PricesChanged(2, next);
        vm.prank(address(0xabc)); // anyone
        router.applyPrices(next);
        check(2, next);
        check(1, prices(false));
        vm.expectRevert(abi.encodeWithSelector(IPricing.PricesNotReady.selector, 0));
        router.applyPrices(next); // once
    }

    function test_only_what_was_announced_last_is_applied() public {
        Prices memory first = prices(false);
        first.premium = 1;
        Prices memory second = prices(false);
        second.premium = 2;
        router.proposePrices(first);
        router.proposePrices(second);
        vm.warp(block.timestamp + DELAY);
        vm.expectRevert(abi.encodeWithSelector(IPricing.PricesNotReady.selector, 0));
        router.applyPrices(first);
        router.applyPrices(second);
    }

    function test_a_new_announcement_begins_the_delay_anew() public {
        router.proposePrices(prices(false));
        vm.warp(block.timestamp + DELAY - 1);
        router.proposePrices(prices(false));
        vm.warp(block.timestamp + 1);
        vm.expectRevert(abi.encodeWithSelector(IPricing.PricesNotReady.selector, block.timestamp - 1 + DELAY));
        router.applyPrices(prices(false));
    }

    function test_strangers_announce_nothing() public {
        vm.prank(address(0xbad));
        vm.expectRevert(abi.encodeWithSelector(Ownable.OwnableUnauthorizedAccount.selector, address(0xbad)));
        router.proposePrices(prices(false));
        vm.prank(address(0xbad));
        vm.expectRevert(abi.encodeWithSelector(Ownable.OwnableUnauthorizedAccount.selector, address(0xbad)));
        router.setRateKeeper(address(0xbad));
    }

    function test_prices_have_bounds() public {
        Prices[6] memory bad;
        for (uint256 i; i < 6; ++i) {
            bad[i] = prices(false);
        }
        bad[0].deliveryGas = 2_000_001;
        bad[1].maxTip = 1_001;
        bad[2].headroom = 99;
        bad[3].headroom = 1_001;
        bad[4].premium = 10_001;
        bad[5].tokenRate = 1; // this router takes no token
        for (uint256 i; i < 6; ++i) {
            vm.expectRevert(IPricing.BadPrices.selector);
            router.proposePrices(bad[i]);
            vm.expectRevert(IPricing.BadPrices.selector);
            new Router(address(this), address(committee), address(registry), address(0), DELAY, bad[i]);
        }
        router.proposePrices(Prices(type(uint64).max, type(uint64).max, 2_000_000, 1_000, 1_000, 10_000, 0));
        router.proposePrices(Prices(0, 0, 0, 0, 100, 0, 0));
    }

    function test_the_delay_has_a_bound() public {
        new Router(address(this), address(committee), address(registry), address(0), 30 days, prices(false));
        vm.expectRevert(IPricing.BadPrices.selector);
        new Router(address(this), address(committee), address(registry), address(0), 30 days + 1, prices(false));
    }

    function test_there_are_only_the_versions_there_were() public {
        vm.expectRevert(abi.encodeWithSelector(IPricing.UnknownPrices.selector, 0));
        router.prices(0);
        vm.expectRevert(abi.encodeWithSelector(IPricing.UnknownPrices.selector, 2));
        router.prices(2);
    }

    function test_an_open_request_is_charged_by_the_prices_it_was_quoted_with() public {
        bytes32 id = consumer.ask("", GAS_LIMIT);
        Prices memory next = prices(false);
        next.fuelPrice = 0;
        next.slotPrice = type(uint64).max;
        router.proposePrices(next);
        router.setLimits(uint32(DELAY + 300), GAS_LIMIT, 100);
        bytes32 later = consumer.ask("", GAS_LIMIT);
        vm.warp(block.timestamp + DELAY);
        router.applyPrices(next);
        vm.assertEq(router.pending(later).prices, 1);
        expectDelivered(later, 0, true); // by version 1, at which the test reckons
        deliver(0, later, 0, "output");
        router.expire(id);
        vm.assertEq(router.subscriptionInfo(1).reserved, 0);
        vm.assertEq(router.pending(consumer.ask("", GAS_LIMIT)).prices, 2);
    }

    /// @dev Whatever the prices, the base fee and the callback's gas: what is said is what is reserved.
    function testFuzz_a_request_reserves_its_estimate(Prices memory next, uint256 baseFee, uint32 gasLimit) public {
        next = apply_(next);
        baseFee = bound(baseFee, 1, 10_000 gwei);
        gasLimit = uint32(bound(gasLimit, 0, 300_000));
        uint256 cost = router.estimateCost(FUNCTION, gasLimit, Asset.Native, baseFee);
        Limits memory limits = Limits(200_000_000, 5, 4_096);
        vm.assertEq(cost, Billing.maxCost(packPrices(next), limits, gasLimit, baseFee));
        vm.fee(baseFee);
        vm.assertEq(router.estimateCost(FUNCTION, gasLimit, Asset.Native, 0), cost);
        vm.deal(address(this), 1 << 90);
        if (cost > FUNDS) {
            vm.expectRevert(abi.encodeWithSelector(ISubscriptions.InsufficientBalance.selector, 1, FUNDS, cost));
            consumer.ask("", gasLimit);
            router.fund{value: cost - FUNDS}(1);
        }
        bytes32 id = consumer.ask("", gasLimit);
        vm.assertEq(router.pending(id).reserved, cost);
        vm.assertEq(router.subscriptionInfo(1).reserved, cost);
    }

    function test_a_cost_beyond_the_slot_is_refused() public {
        uint256 baseFee = 1e18;
        uint256 cost = Billing.maxCost(packPrices(prices(false)), Limits(200_000_000, 5, 4_096), GAS_LIMIT, baseFee);
        vm.fee(baseFee);
        vm.expectRevert(abi.encodeWithSelector(IPricing.CostTooHigh.selector, cost));
        consumer.ask("", GAS_LIMIT);
        vm.expectRevert(abi.encodeWithSelector(IPricing.CostTooHigh.selector, cost));
        router.estimateCost(FUNCTION, GAS_LIMIT, Asset.Native, baseFee);
    }

    function test_an_unknown_function_has_no_price() public {
        vm.expectRevert(abi.encodeWithSelector(IFunctionRegistry.UnknownFunction.selector, bytes32(uint256(1))));
        router.estimateCost(bytes32(uint256(1)), GAS_LIMIT, Asset.Native, 1);
        sponsor(address(this));
        vm.expectRevert(abi.encodeWithSelector(IFunctionRegistry.UnknownFunction.selector, bytes32(uint256(1))));
        router.request(1, bytes32(uint256(1)), "", 0);
    }

    function apply_(Prices memory next) private returns (Prices memory) {
        next.fuelPrice = uint64(bound(next.fuelPrice, 0, 1e15));
        next.slotPrice = uint64(bound(next.slotPrice, 0, 1e18));
        next.deliveryGas = uint32(bound(next.deliveryGas, 0, 2_000_000));
        next.maxTip = uint32(bound(next.maxTip, 0, 1_000));
        next.headroom = uint16(bound(next.headroom, 100, 1_000));
        next.premium = uint16(bound(next.premium, 0, 10_000));
        next.tokenRate = 0;
        router.proposePrices(next);
        vm.warp(block.timestamp + DELAY);
        router.applyPrices(next);
        return next;
    }

    function check(uint32 version, Prices memory expected) private view {
        vm.assertEq(keccak256(abi.encode(router.prices(version))), keccak256(abi.encode(expected)));
    }
}
