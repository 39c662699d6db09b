// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {IERC20} from "@openzeppelin/contracts/token/ERC20/IERC20.sol";
import {ConstantProductPool} from "../src/consumers/ConstantProductPool.sol";
import {IConstantProductPool} from "../src/consumers/IConstantProductPool.sol";
import {TaxedCoin} from "./support/Coins.sol";
import {Pools} from "./support/Pools.sol";

contract ConstantProductPoolTest is Pools {
    address private constant ALICE = address(0xa11ce);

    function setUp() public {
        open(ROUTER, BELIEVED);
    }

    function testFuzz_a_swap_pays_its_quote_and_the_product_never_falls(uint256 amount, bool first) public {
        amount = bound(amount, 1, 1e27);
        (uint256 before0, uint256 before1) = poolA.reserves();
        uint256 expected = quoted(poolA, first ? coin0 : coin1, amount);
        if (expected == 0) return;
        vm.assertEq(trade(poolA, first ? coin0 : coin1, amount), expected);
        (uint256 after0, uint256 after1) = poolA.reserves();
        vm.assertTrue(after0 * after1 >= before0 * before1);
        vm.assertEq(coin0.balanceOf(address(poolA)), after0);
        vm.assertEq(coin1.balanceOf(address(poolA)), after1);
    }

    function testFuzz_there_and_back_never_gains(uint256 amount) public {
        amount = bound(amount, 1e4, 1e27);
        uint256 out = trade(poolA, coin0, amount);
        vm.prank(TRADER);
        coin1.approve(address(poolA), out);
        vm.prank(TRADER);
        vm.assertTrue(poolA.swap(IERC20(address(coin1)), out, 0, TRADER, block.timestamp) < amount);
    }

    function testFuzz_liquidity_in_and_out_never_gains(uint256 amount0, uint256 amount1) public {
        trade(poolA, coin0, 123_456_789_123);
        (amount0, amount1) = (bound(amount0, 1e6, 1e27), bound(amount1, 1e10, 1e30));
        uint256 shares = provide(poolA, ALICE, amount0, amount1);
        vm.prank(ALICE);
        poolA.removeLiquidity(shares, 0, 0);
        vm.assertTrue(coin0.balanceOf(ALICE) <= amount0 && coin1.balanceOf(ALICE) <= amount1);
    }

    function test_a_share_cannot_be_made_so_dear_that_the_next_provider_loses() public {
        ConstantProductPool fresh = new ConstantProductPool(IERC20(address(coin0)), IERC20(address(coin1)));
        provide(fresh, ALICE, 1_001, 1_001);
        coin0.mint(address(fresh), 1_000 ether); // donated: not in the reserves
        coin1.mint(address(fresh), 1_000 ether);
        uint256 shares = provide(fresh, TRADER, 1 ether, 1 ether);
        vm.assertEq(shares, 1 ether);
    }

    function test_bounds_of_the_caller_are_kept() public {
        uint256 out = quoted(poolA, coin0, 1 ether);
        give(poolA, coin0, ALICE, 1 ether);
        vm.prank(ALICE);
        vm.expectRevert(abi.encodeWithSelector(IConstantProductPool.TooLittleOut.selector, out, out + 1));
        poolA.swap(IERC20(address(coin0)), 1 ether, out + 1, ALICE, block.timestamp);
        vm.prank(ALICE);
        vm.expectRevert(abi.encodeWithSelector(IConstantProductPool.Expired.selector, NOW - 1));
        poolA.swap(IERC20(address(coin0)), 1 ether, 0, ALICE, NOW - 1);
        vm.expectRevert(abi.encodeWithSelector(IConstantProductPool.UnknownToken.selector, address(poolB)));
        poolA.quote(poolB, 1);
        vm.expectRevert(IConstantProductPool.NoAmount.selector);
        poolA.swap(IERC20(address(coin0)), 0, 0, ALICE, block.timestamp);
        vm.prank(PROVIDER);
        vm.expectRevert(abi.encodeWithSelector(IConstantProductPool.TooLittleOut.selector, 1, 2));
        poolA.removeLiquidity(50, 2, 0);
        vm.prank(PROVIDER);
        vm.expectRevert(abi.encodeWithSelector(IConstantProductPool.TooLittleOut.selector, 2_236, 2_237));
        poolA.removeLiquidity(50, 0, 2_237);
        vm.expectRevert(IConstantProductPool.NoAmount.selector);
        poolA.removeLiquidity(1, 0, 0);
        vm.expectRevert(IConstantProductPool.NoAmount.selector);
        poolA.addLiquidity(0, 0, 0);
        vm.expectRevert(IConstantProductPool.BadTokens.selector);
        new ConstantProductPool(IERC20(address(coin1)), IERC20(address(coin0)));
    }

    function test_reentering_from_a_token_fails() public {
        coin1.hook(address(poolA), abi.encodeCall(poolA.removeLiquidity, (1_000, 0, 0)));
        trade(poolA, coin0, 1 ether);
        vm.assertTrue(coin1.called() && !coin1.succeeded());
        vm.assertEq(coin1.returned(), abi.encodeWithSignature("ReentrancyGuardReentrantCall()"));
    }

    function test_a_token_that_takes_a_fee_counts_for_what_arrives() public {
        (TaxedCoin a, TaxedCoin b) = (new TaxedCoin(), new TaxedCoin());
        if (address(a) > address(b)) (a, b) = (b, a);
        ConstantProductPool taxed = new ConstantProductPool(IERC20(address(a)), IERC20(address(b)));
        for (uint256 i; i < 2; ++i) {
            give(taxed, a, ALICE, 100 ether);
            give(taxed, b, ALICE, 100 ether);
            vm.prank(ALICE);
            taxed.addLiquidity(100 ether, 100 ether, 0);
        }
        (uint256 reserve0,) = taxed.reserves();
        vm.assertEq(reserve0, a.balanceOf(address(taxed)));
        uint256 out = taxed.quote(IERC20(address(a)), 0.99 ether);
        give(taxed, a, TRADER, 1 ether);
        vm.prank(TRADER);
        vm.assertEq(taxed.swap(IERC20(address(a)), 1 ether, 0, TRADER, block.timestamp), out);
    }
}
