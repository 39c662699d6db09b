// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {IERC20} from "@openzeppelin/contracts/token/ERC20/IERC20.sol";
import {IConstantProductPool} from "../src/consumers/IConstantProductPool.sol";
import {Bounds, IRebalancer, Move} from "../src/consumers/IRebalancer.sol";
import {Rebalancer} from "../src/consumers/Rebalancer.sol";
import {Pools} from "./support/Pools.sol";

contract RebalancerTest is Pools {
    function setUp() public {
        open(ROUTER, BELIEVED);
    }

    function test_a_report_trades_in_the_better_pool() public {
        uint256 out = quoted(poolB, coin0, 10 ether); // deeper, so better
        vm.assertTrue(out > quoted(poolA, coin0, 10 ether));
        vm.expectEmit(address(rebalancer));
        emit IRebalancer.Moved(0, address(poolB), address(coin0), 10 ether, out, out * 1e36 / 10 ether);
        push(address(rebalancer), order(1, 0, 10 ether, out));
        vm.assertEq(coin0.balanceOf(address(rebalancer)), 90 ether);
        vm.assertEq(coin1.balanceOf(address(rebalancer)), 200_000 ether + out);
        vm.assertEq(uint256(rebalancer.nonce()), 1);
        vm.assertEq(coin0.allowance(address(rebalancer), address(poolB)), 0);
    }

    function test_the_other_direction_too() public {
        uint256 out = quoted(poolB, coin1, 20_000 ether);
        push(address(rebalancer), order(1, 1, 20_000 ether, out * 99 / 100 + 1));
        vm.assertEq(coin0.balanceOf(address(rebalancer)), 100 ether + out);
        vm.assertEq(rebalancer.referencePrice(), 20_000e36 * 1e18 / out);
    }

    function test_the_worse_pool_is_refused() public {
        uint256 out = quoted(poolA, coin0, 10 ether);
        refuse(order(0, 0, 10 ether, out), IRebalancer.Refusal.NotBestPool);
        trade(poolB, coin0, 30 ether); // now A pays more
        refuse(order(1, 0, 1 ether, quoted(poolB, coin0, 1 ether)), IRebalancer.Refusal.NotBestPool);
    }

    function test_a_report_comes_once() public {
        bytes memory output = order(1, 0, 1 ether, quoted(poolB, coin0, 1 ether) * 995 / 1000);
        push(address(rebalancer), output);
        refuse(output, IRebalancer.Refusal.OtherNonce);
        vm.warp(NOW + 300);
        refuse(output, IRebalancer.Refusal.OtherNonce);
        refuse(abi.encode(1, 0, 1 ether, 1, NOW + 310, 2), IRebalancer.Refusal.OtherNonce);
    }

    function test_moves_keep_their_pace_amounts_and_deadlines() public {
        uint256 least = quoted(poolB, coin0, 10 ether) * 99 / 100 + 1;
        refuse(order(1, 0, 0, 0), IRebalancer.Refusal.NothingToDo);
        refuse(order(1, 0, 10 ether + 1, least), IRebalancer.Refusal.TooMuch);
        refuse(order(1, 1, 20_000 ether + 1, 1), IRebalancer.Refusal.TooMuch);
        refuse(abi.encode(1, 0, 10 ether, least, NOW - 1, 0), IRebalancer.Refusal.Expired);
        refuse(abi.encode(1, 0, 10 ether, least, NOW + 1 hours + 1, 0), IRebalancer.Refusal.DeadlineTooFar);
        push(address(rebalancer), order(1, 0, 10 ether, least));
        vm.warp(NOW + 299);
        refuse(order(1, 0, 1 ether, 1), IRebalancer.Refusal.TooSoon);
        vm.warp(NOW + 300);
        push(address(rebalancer), order(0, 0, 1 ether, quoted(poolA, coin0, 1 ether)));
        vm.assertEq(uint256(rebalancer.nonce()), 2);
        drain();
        vm.warp(NOW + 600);
        refuse(order(1, 0, 1, 1), IRebalancer.Refusal.TooMuch);
    }

    function test_a_report_can_give_no_more_away_than_the_slippage_bound() public {
        uint256 out = quoted(poolB, coin0, 10 ether);
        refuse(order(1, 0, 10 ether, 0), IRebalancer.Refusal.SlippageTooWide);
        refuse(order(1, 0, 10 ether, out * 99 / 100 - 1), IRebalancer.Refusal.SlippageTooWide);
        refuse(order(1, 0, 10 ether, out + 1), IRebalancer.Refusal.BelowMinimum);
        refuse(order(1, 0, 10 ether, type(uint256).max), IRebalancer.Refusal.BelowMinimum);
        push(address(rebalancer), order(1, 0, 10 ether, out * 99 / 100));
    }

    /// @dev Somebody moves both pools, delivers the report and moves them back.
    function test_a_sandwich_of_both_pools_is_refused_whatever_the_report_says() public {
        bytes memory honest = order(1, 0, 10 ether, quoted(poolB, coin0, 10 ether));
        trade(poolA, coin0, 100 ether);
        trade(poolB, coin0, 200 ether);
        refuse(honest, IRebalancer.Refusal.BelowMinimum);
        bytes memory lying = order(1, 0, 10 ether, quoted(poolB, coin0, 10 ether));
        refuse(lying, IRebalancer.Refusal.PriceDeviates);
        vm.prank(OWNER);
        rebalancer.setReference(PRICE * 82 / 100); // the owner has looked
        push(address(rebalancer), lying);
        vm.assertEq(uint256(rebalancer.nonce()), 1);
    }

    function test_a_price_too_good_to_be_true_is_refused_too() public {
        trade(poolA, coin1, 200_000 ether);
        trade(poolB, coin1, 400_000 ether);
        refuse(order(1, 0, 1 ether, quoted(poolB, coin0, 1 ether)), IRebalancer.Refusal.PriceDeviates);
    }

    function test_output_of_another_form_is_recorded_and_does_not_revert() public {
        refuse("", IRebalancer.Refusal.Malformed);
        refuse(new bytes(191), IRebalancer.Refusal.Malformed);
        refuse(new bytes(193), IRebalancer.Refusal.Malformed);
        refuse(abi.encode(2, 0, 1, 1, NOW, 0), IRebalancer.Refusal.Malformed);
        refuse(abi.encode(0, 2, 1, 1, NOW, 0), IRebalancer.Refusal.Malformed);
        refuse(abi.encode(0, 0, 1, 1, 1 << 64, 0), IRebalancer.Refusal.Malformed);
        refuse(abi.encode(0, 0, 1, 1, NOW, 1 << 64), IRebalancer.Refusal.Malformed);
    }

    function testFuzz_no_output_makes_the_callback_revert_or_loses_money(bytes calldata output, uint256[6] calldata words)
        public
    {
        push(address(rebalancer), output);
        push(address(rebalancer), abi.encode(words));
        push(address(rebalancer), abi.encode(words[0] % 2, words[1] % 2, words[2], words[3], NOW + 60, 0));
        vm.assertTrue(worth() >= 400_000 ether * 999 / 1000);
    }

    function test_a_failing_token_is_recorded_and_nothing_is_half_done() public {
        vm.prank(address(poolB));
        coin1.transfer(TRADER, 3_999_000 ether); // the pool cannot pay what it quotes
        refuse(order(1, 0, 10 ether, quoted(poolB, coin0, 10 ether)), IRebalancer.Refusal.SwapFailed);
    }

    function test_reentering_from_a_token_moves_nothing() public {
        bytes memory again = order(1, 0, 1 ether, 1);
        coin0.hook(address(this), abi.encodeCall(this.pushAgain, (again)));
        push(address(rebalancer), order(1, 0, 10 ether, quoted(poolB, coin0, 10 ether)));
        vm.assertTrue(coin0.succeeded()); // the callback does not revert
        vm.assertEq(uint256(rebalancer.nonce()), 1);
        vm.assertEq(coin0.balanceOf(address(rebalancer)), 90 ether);
    }

    function pushAgain(bytes calldata output) external {
        push(address(rebalancer), output);
    }

    function test_money_leaves_to_the_treasury_only_and_by_the_owner_only() public {
        vm.expectRevert(abi.encodeWithSignature("OwnableUnauthorizedAccount(address)", address(this)));
        rebalancer.withdraw(IERC20(address(coin0)), 1);
        vm.prank(OWNER);
        rebalancer.withdraw(IERC20(address(coin0)), 40 ether);
        vm.assertEq(coin0.balanceOf(TREASURY), 40 ether);
        vm.expectRevert(abi.encodeWithSelector(IRebalancer.OnlySelf.selector, address(this)));
        rebalancer.move(Move(0, 0, 1, 1, NOW, 0));
    }

    function test_only_the_owner_sets_bounds_and_only_bounds() public {
        Bounds memory wide = standard();
        vm.expectRevert(abi.encodeWithSignature("OwnableUnauthorizedAccount(address)", address(this)));
        rebalancer.setBounds(wide);
        vm.expectRevert(abi.encodeWithSignature("OwnableUnauthorizedAccount(address)", address(this)));
        rebalancer.setReference(1);
        wide.maxSlippage = 10_000;
        vm.prank(OWNER);
        vm.expectRevert(IRebalancer.BadBounds.selector);
        rebalancer.setBounds(wide);
        (wide.maxSlippage, wide.maxDeviation) = (1, 10_000);
        vm.prank(OWNER);
        vm.expectRevert(IRebalancer.BadBounds.selector);
        rebalancer.setBounds(wide);
        vm.prank(OWNER);
        vm.expectRevert(IRebalancer.BadReference.selector);
        rebalancer.setReference(0);
    }

    function test_it_is_made_of_two_pools_of_the_same_tokens_and_a_treasury() public {
        IConstantProductPool[2] memory both = [IConstantProductPool(poolA), IConstantProductPool(poolA)];
        vm.expectRevert(IRebalancer.BadPools.selector);
        new Rebalancer(ROUTER, OWNER, BELIEVED, TRIGGER_OWNER, DELAY, TREASURY, both, PRICE);
        vm.expectRevert(IRebalancer.BadTreasury.selector);
        new Rebalancer(ROUTER, OWNER, BELIEVED, TRIGGER_OWNER, DELAY, address(0), both, PRICE);
    }

    function test_the_dearest_callback_leaves_a_fifth_of_its_gas() public {
        bytes memory output = order(1, 0, 10 ether, quoted(poolB, coin0, 10 ether));
        uint256 used = gasOf(address(rebalancer), output);
        vm.assertEq(uint256(rebalancer.nonce()), 1);
        vm.assertTrue(used < uint256(rebalancer.CALLBACK_GAS()) * 4 / 5, vm.toString(used));
    }

    function drain() private {
        uint256 all = coin0.balanceOf(address(rebalancer));
        vm.prank(OWNER);
        rebalancer.withdraw(IERC20(address(coin0)), all);
    }

    /// @dev At 2,000.
    function worth() private view returns (uint256) {
        return coin0.balanceOf(address(rebalancer)) * 2_000 + coin1.balanceOf(address(rebalancer));
    }

    function refuse(bytes memory output, IRebalancer.Refusal refusal) private {
        uint256 before = worth();
        uint64 number = rebalancer.nonce();
        vm.expectEmit(address(rebalancer));
        emit IRebalancer.MoveRefused(0, refusal);
        push(address(rebalancer), output);
        vm.assertEq(worth(), before);
        vm.assertEq(uint256(rebalancer.nonce()), number);
    }
}
