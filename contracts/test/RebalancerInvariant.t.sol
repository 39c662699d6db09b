// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {ConstantProductPool} from "../src/consumers/ConstantProductPool.sol";
import {Bounds} from "../src/consumers/IRebalancer.sol";
import {HookedCoin} from "./support/Coins.sol";
import {Pools} from "./support/Pools.sol";

/// @notice Traders that push the pools about, and a function that says anything.
contract PoolsHandler is Pools {
    uint256 public moves;
    uint256 public lastMove;
    bool public broken; // a move was outside its bounds
    uint256 private clock = NOW;

    constructor() {
        open(ROUTER, BELIEVED);
    }

    function swapSome(uint256 which, uint256 amount, bool first) external {
        trade(which % 2 == 0 ? poolA : poolB, first ? coin0 : coin1, bound(amount, 1e10, first ? 10 ether : 20_000 ether));
    }

    function wait(uint256 time) external {
        clock += bound(time, 1, 600);
        vm.warp(clock);
    }

    function setReference(uint256 percent) external {
        uint256 price = rebalancer.referencePrice() * bound(percent, 95, 105) / 100;
        vm.prank(OWNER);
        rebalancer.setReference(price);
    }

    /// @dev Half of the reports name the better pool and a fair minimum, so that moves happen.
    function say(uint8 which, bool first, uint256 amount, uint256 least, bool fair) external {
        HookedCoin coin = first ? coin0 : coin1;
        amount = bound(amount, 1e10, first ? 12 ether : 24_000 ether);
        if (fair) which = quoted(poolA, coin, amount) >= quoted(poolB, coin, amount) ? 0 : 1;
        uint256 out = quoted(which % 2 == 0 ? poolA : poolB, coin, amount);
        uint256[3] memory before = [held(coin0), held(coin1), rebalancer.referencePrice()];
        uint64 number = rebalancer.nonce();
        push(address(rebalancer), order(which % 2, first ? 0 : 1, amount, fair ? out : bound(least, 0, out * 2)));
        if (rebalancer.nonce() != number) judge(first, before);
        else if (held(coin0) != before[0] || held(coin1) != before[1]) broken = true;
    }

    function judge(bool first, uint256[3] memory before) private {
        Bounds memory allowed = standard();
        if (moves != 0 && clock < lastMove + allowed.minInterval) broken = true;
        ++moves;
        lastMove = clock;
        uint256 sold = first ? before[0] - held(coin0) : before[1] - held(coin1);
        uint256 bought = first ? held(coin1) - before[1] : held(coin0) - before[0];
        if (sold > (first ? allowed.maxAmount0 : allowed.maxAmount1)) broken = true;
        uint256 price = (first ? bought : sold) * 1e36 / (first ? sold : bought);
        uint256 most = before[2] * (10_000 + allowed.maxDeviation) / 10_000;
        if (price > most + 1 || price + 1 < before[2] * (10_000 - allowed.maxDeviation) / 10_000) broken = true;
    }

    function held(HookedCoin coin) private view returns (uint256) {
        return coin.balanceOf(address(rebalancer));
    }

    /// @dev What is not with those who trade here.
    function strays(bool first) external view returns (uint256) {
        HookedCoin coin = first ? coin0 : coin1;
        return coin.totalSupply() - held(coin) - coin.balanceOf(TRADER) - coin.balanceOf(TREASURY)
            - coin.balanceOf(address(poolA)) - coin.balanceOf(address(poolB));
    }

    /// @dev Whether a pool holds exactly its reserves.
    function backed(uint256 which) external view returns (bool) {
        ConstantProductPool venue = which == 0 ? poolA : poolB;
        (uint256 reserve0, uint256 reserve1) = venue.reserves();
        return coin0.balanceOf(address(venue)) == reserve0 && coin1.balanceOf(address(venue)) == reserve1;
    }
}

/// forge-config: default.invariant.runs = 24
/// forge-config: default.invariant.depth = 100
/// forge-config: dev.invariant.runs = 24
/// forge-config: dev.invariant.depth = 100
contract RebalancerInvariantTest is Pools {
    PoolsHandler private handler;

    function setUp() public {
        handler = new PoolsHandler();
    }

    function targetContracts() public view returns (address[] memory targets) {
        targets = new address[](1);
        targets[0] = address(handler);
    }

    function invariant_every_move_kept_its_bounds_and_no_refusal_cost_anything() public view {
        vm.assertTrue(!handler.broken());
    }

    function invariant_money_is_nowhere_else() public view {
        vm.assertEq(handler.strays(true), 0);
        vm.assertEq(handler.strays(false), 0);
    }

    function invariant_pools_hold_their_reserves() public view {
        vm.assertTrue(handler.backed(0) && handler.backed(1));
    }

    /// @dev The walk above is none through refusals only.
    function test_fair_reports_move() public {
        handler.say(0, true, 1 ether, 0, true);
        handler.wait(300);
        handler.say(0, false, 1_000 ether, 0, true);
        vm.assertEq(handler.moves(), 2);
    }
}
