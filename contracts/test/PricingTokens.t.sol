// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {IPricing} from "../src/interfaces/IPricing.sol";
import {Router} from "../src/Router.sol";
import {Billing} from "../src/libraries/Billing.sol";
import {Asset, Limits, Prices} from "../src/types/Billing.sol";
import {packPrices} from "../src/types/PriceSlot.sol";
import {Recorder} from "./support/Consumers.sol";
import {FUNCTION} from "./support/Functions.sol";
import {Network} from "./support/Network.sol";
import {PlainToken} from "./support/Tokens.sol";

/// @notice The token's rate: its keeper, its pace, and requests paid with the token.
contract PricingTokensTest is Network {
    address private constant KEEPER = address(0x6ee9);
    uint128 private constant RATE = 200e18;
    PlainToken private token;

    function setUp() public {
        startCommittee(4, 0);
        token = new PlainToken();
        deployRouter(address(committee), address(token));
        router.setRateKeeper(KEEPER);
        vm.warp(block.timestamp + 1 hours);
    }

    function test_the_keeper_follows_the_market_within_a_quarter_an_hour() public {
        Prices memory next = prices(true);
        next.tokenRate = RATE * 5 / 4;
        vm.expectEmit(address(router));
        emit IPricing.PricesChanged(2, next);
        vm.prank(KEEPER);
        router.setTokenRate(next.tokenRate);
        vm.assertEq(keccak256(abi.encode(router.prices(2))), keccak256(abi.encode(next)));
        vm.assertEq(router.prices(1).tokenRate, RATE);
        vm.warp(block.timestamp + 1 hours - 1);
        refuse(next.tokenRate, next.tokenRate);
        vm.warp(block.timestamp + 1);
        refuse(next.tokenRate, next.tokenRate * 5 / 4 + 1);
        refuse(next.tokenRate, next.tokenRate * 3 / 4 - 1);
        refuse(next.tokenRate, 0);
        refuse(next.tokenRate, type(uint128).max);
        vm.prank(KEEPER);
        router.setTokenRate(next.tokenRate * 3 / 4);
    }

    function test_owner_and_keeper_alone_set_the_rate() public {
        router.setTokenRate(RATE); // the test owns the router
        vm.warp(block.timestamp + 1 hours);
        vm.prank(address(0xbad));
        vm.expectRevert(abi.encodeWithSelector(IPricing.BadRate.selector, RATE, RATE));
        router.setTokenRate(RATE);
        vm.expectEmit(address(router));
        emit IPricing.RateKeeperChanged(address(0));
        router.setRateKeeper(address(0));
        refuse(RATE, RATE);
    }

    function test_new_prices_keep_the_rate_of_the_day() public {
        Prices memory next = prices(true);
        next.premium = 7;
        next.tokenRate = 1;
        router.proposePrices(next);
        vm.prank(KEEPER);
        router.setTokenRate(RATE + 1);
        vm.warp(block.timestamp + DELAY);
        router.applyPrices(next);
        vm.assertEq(router.prices(3).tokenRate, RATE + 1);
        vm.assertEq(router.prices(3).premium, 7);
    }

    function test_a_router_with_a_token_has_a_rate_and_one_without_has_none() public {
        Prices memory next = prices(true);
        next.tokenRate = 0;
        vm.expectRevert(IPricing.BadPrices.selector);
        router.proposePrices(next);
        vm.expectRevert(IPricing.BadPrices.selector);
        new Router(address(this), address(committee), address(registry), address(token), 0, next);
        Router without = new Router(address(this), address(committee), address(registry), address(0), 0, next);
        vm.expectRevert(abi.encodeWithSelector(IPricing.BadRate.selector, 0, 1));
        without.setTokenRate(1);
        vm.expectRevert(abi.encodeWithSelector(IPricing.BadRate.selector, 0, 0));
        without.setTokenRate(0);
    }

    function testFuzz_a_request_paid_with_the_token_reserves_its_estimate(uint128 rate, uint256 baseFee) public {
        Prices memory first = prices(true);
        first.tokenRate = uint128(bound(rate, 1, 1e24));
        router = new Router(address(this), address(committee), address(registry), address(token), 0, first);
        Recorder consumer = new Recorder(address(router));
        router.createSubscription(Asset.Token);
        router.addConsumer(1, address(consumer));
        token.mint(address(this), 1 << 95);
        token.approve(address(router), 1 << 95);
        router.fundWithToken(1, 1 << 95);
        vm.fee(bound(baseFee, 1, 1_000 gwei));
        uint256 cost = router.estimateCost(FUNCTION, 100_000, Asset.Token, 0);
        uint256 due = Billing.maxCost(packPrices(first), Limits(200_000_000, 5, 4_096), 100_000, block.basefee);
        vm.assertEq(cost, (due * first.tokenRate + 1e18 - 1) / 1e18);
        vm.assertEq(router.pending(consumer.ask("", 100_000)).reserved, cost);
    }

    function refuse(uint128 current, uint128 proposed) private {
        vm.prank(KEEPER);
        vm.expectRevert(abi.encodeWithSelector(IPricing.BadRate.selector, current, proposed));
        router.setTokenRate(proposed);
    }
}
