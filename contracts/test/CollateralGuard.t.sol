// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {ILendingMarket, Totals} from "../src/consumers/ILendingMarket.sol";
import {AttestedPrice} from "../src/consumers/AttestedPrice.sol";
import {Coin, TaxedCoin} from "./support/Coins.sol";
import {Market} from "./support/Market.sol";

/// @notice Lending and borrowing.
contract CollateralGuardTest is Market {
    function setUp() public {
        open(ROUTER, new Coin("gold"), new Coin("dollar"));
        tell(PRICE);
    }

    function test_a_loan_is_bounded_by_the_collateral() public {
        deposit(ALICE, ONE);
        vm.prank(ALICE);
        vm.expectRevert(abi.encodeWithSelector(ILendingMarket.Undercollateralized.selector, ONE, 1_500 * UNIT + 1));
        market.borrow(1_500 * UNIT + 1);
        vm.prank(ALICE);
        market.borrow(1_500 * UNIT);
        vm.assertEq(dollar.balanceOf(ALICE), 1_500 * UNIT);
        vm.assertEq(debtOf(ALICE), 1_500 * UNIT);
        vm.prank(ALICE);
        vm.expectRevert(abi.encodeWithSelector(ILendingMarket.Undercollateralized.selector, ONE - 1, 1_500 * UNIT));
        market.withdraw(1);
    }

    function test_borrowing_needs_a_young_price_and_repaying_none() public {
        borrow(ALICE, ONE, 1_000 * UNIT);
        deposit(BOB, ONE);
        pass(market.maxAge() + 1);
        bytes memory stale = abi.encodeWithSelector(AttestedPrice.NoSettledPrice.selector, NOW + INTERVAL, true);
        vm.prank(BOB);
        vm.expectRevert(stale);
        market.borrow(200 * UNIT);
        vm.prank(ALICE);
        vm.expectRevert(stale);
        market.withdraw(1);
        vm.expectRevert(stale);
        market.liquidate(ALICE, 1);
        vm.prank(BOB);
        market.withdraw(ONE); // no debt, no price
        uint256 owed = debtOf(ALICE);
        vm.assertTrue(owed > 1_000 * UNIT);
        vm.assertEq(repay(BOB, ALICE, 2_000 * UNIT), owed);
        vm.assertEq(debtOf(ALICE), 0);
        vm.prank(ALICE);
        market.withdraw(ONE);
        vm.assertEq(gold.balanceOf(ALICE), ONE);
    }

    function test_before_the_first_report_nobody_borrows() public {
        open(ROUTER, new Coin("gold"), new Coin("dollar"));
        deposit(ALICE, ONE);
        vm.prank(ALICE);
        vm.expectRevert(abi.encodeWithSelector(AttestedPrice.NoSettledPrice.selector, 0, false));
        market.borrow(200 * UNIT);
    }

    function test_lenders_earn_the_interest() public {
        borrow(ALICE, 100 * ONE, 100_000 * UNIT);
        pass(365 days);
        vm.assertTrue(debtOf(ALICE) >= 105_000 * UNIT - UNIT && debtOf(ALICE) <= 105_000 * UNIT + UNIT);
        repay(BOB, ALICE, 106_000 * UNIT);
        uint256 shares = market.supplySharesOf(LENDER);
        vm.prank(LENDER);
        uint256 amount = market.redeem(shares);
        vm.assertTrue(amount >= 1_005_000 * UNIT - UNIT && amount <= 1_005_000 * UNIT + UNIT);
        checkBacked();
    }

    function test_cash_that_is_lent_out_cannot_be_redeemed_or_borrowed_twice() public {
        borrow(ALICE, 1_000 * ONE, 999_999 * UNIT);
        uint256 shares = market.supplySharesOf(LENDER);
        vm.prank(LENDER);
        vm.expectRevert(abi.encodeWithSelector(ILendingMarket.TooLittle.selector, UNIT, 1_000_000 * UNIT));
        market.redeem(shares);
        deposit(BOB, ONE);
        vm.prank(BOB);
        vm.expectRevert(abi.encodeWithSelector(ILendingMarket.TooLittle.selector, UNIT, 200 * UNIT));
        market.borrow(200 * UNIT); // the reserve is not the lenders'
        vm.prank(BOB);
        vm.expectRevert(abi.encodeWithSelector(ILendingMarket.TooLittle.selector, 0, 1));
        market.redeem(1);
    }

    function test_nobody_borrows_less_than_is_worth_liquidating() public {
        deposit(ALICE, ONE);
        vm.prank(ALICE);
        vm.expectRevert(abi.encodeWithSelector(ILendingMarket.DebtTooSmall.selector, 99 * UNIT, 100 * UNIT));
        market.borrow(99 * UNIT);
    }

    function test_a_share_cannot_be_made_so_dear_that_the_next_lender_loses() public {
        open(ROUTER, new Coin("gold"), new Coin("dollar"));
        uint256 all = market.supplySharesOf(LENDER);
        vm.prank(LENDER);
        market.redeem(all);
        supply(ALICE, 1);
        dollar.mint(address(market), 1_000_000 * UNIT); // donated: the books do not see it
        uint256 shares = supply(BOB, 500 * UNIT);
        vm.prank(BOB);
        vm.assertTrue(market.redeem(shares) >= 500 * UNIT - 1);
    }

    function testFuzz_rounding_never_pays_a_borrower(uint256 amount, uint256 paid, uint256 time) public {
        amount = bound(amount, 100 * UNIT, 100_000 * UNIT);
        borrow(BOB, 100 * ONE, 33_333_333_333); // shares are not worth one
        pass(bound(time, 1, 500));
        deposit(ALICE, 1_000 * ONE);
        vm.prank(ALICE);
        market.borrow(amount);
        vm.assertTrue(debtOf(ALICE) >= amount);
        uint256 before = debtOf(ALICE);
        paid = repay(ALICE, ALICE, bound(paid, 1, amount + 10));
        vm.assertTrue(debtOf(ALICE) + paid >= before);
        checkBacked();
    }

    function testFuzz_lending_and_taking_back_never_gains(uint256 amount, uint256 time) public {
        borrow(BOB, 100 * ONE, 33_333_333_333);
        pass(bound(time, 1, 1_000_000));
        amount = bound(amount, 1, 1e15);
        uint256 shares = supply(ALICE, amount);
        vm.prank(ALICE);
        vm.assertTrue(market.redeem(shares) <= amount);
    }

    function test_a_token_that_takes_a_fee_credits_what_arrived() public {
        open(ROUTER, new TaxedCoin(), new TaxedCoin());
        Totals memory all = market.totals();
        vm.assertEq(uint256(all.cash), 990_000 * UNIT);
        vm.assertEq(uint256(all.reserve), 99_000 * UNIT);
        tell(PRICE);
        borrow(ALICE, ONE * 100 / 99, 500 * UNIT);
        vm.assertEq(debtOf(ALICE), 500 * UNIT);
        repay(BOB, ALICE, 100 * UNIT);
        vm.assertEq(debtOf(ALICE), 401 * UNIT);
        checkBacked();
    }

    function test_the_list_of_borrowers_is_what_the_function_reads() public {
        borrow(ALICE, ONE, 500 * UNIT);
        borrow(BOB, 2 * ONE, 600 * UNIT);
        vm.assertEq(market.borrowerCount(), 2);
        vm.assertEq(market.positions(0, 1)[0].account, ALICE);
        vm.assertEq(market.positions(1, 100)[0].account, BOB);
        vm.assertEq(market.positions(1, 100)[0].collateral, 2 * ONE);
        vm.assertEq(market.positions(1, 100)[0].debt, 600 * UNIT);
        vm.assertEq(market.positions(2, 100).length, 0);
        vm.expectRevert(abi.encodeWithSelector(ILendingMarket.Indebted.selector, ALICE));
        market.forget(ALICE);
        repay(ALICE, ALICE, 500 * UNIT);
        market.forget(ALICE);
        vm.assertEq(market.borrowerCount(), 1);
        vm.assertEq(market.positions(0, 100)[0].account, BOB);
    }

    function test_nothing_is_refused() public {
        vm.expectRevert(ILendingMarket.NoAmount.selector);
        market.supply(0);
        vm.expectRevert(ILendingMarket.NoAmount.selector);
        market.deposit(0);
        vm.expectRevert(ILendingMarket.NoAmount.selector);
        market.repay(ALICE, 1);
        vm.expectRevert(abi.encodeWithSelector(ILendingMarket.TooLittle.selector, 0, 1));
        market.withdraw(1);
        vm.expectRevert(abi.encodeWithSelector(ILendingMarket.DebtTooSmall.selector, 0, 100 * UNIT));
        market.borrow(0);
    }

    function test_only_the_owner_takes_from_the_reserve_and_only_what_is_there() public {
        vm.expectRevert(abi.encodeWithSignature("OwnableUnauthorizedAccount(address)", address(this)));
        market.withdrawReserve(1, 0, ALICE);
        vm.prank(OWNER);
        vm.expectRevert(abi.encodeWithSelector(ILendingMarket.TooLittle.selector, 100_000 * UNIT, 100_000 * UNIT + 1));
        market.withdrawReserve(100_000 * UNIT + 1, 0, ALICE);
        vm.prank(OWNER);
        vm.expectRevert(abi.encodeWithSelector(ILendingMarket.TooLittle.selector, 0, 1));
        market.withdrawReserve(0, 1, ALICE);
        vm.prank(OWNER);
        market.withdrawReserve(100_000 * UNIT, 0, ALICE);
        vm.assertEq(dollar.balanceOf(ALICE), 100_000 * UNIT);
    }
}
