// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {IERC20} from "@openzeppelin/contracts/token/ERC20/IERC20.sol";
import {AttestedPrice, PriceRules} from "../src/consumers/AttestedPrice.sol";
import {CollateralGuard} from "../src/consumers/CollateralGuard.sol";
import {ILendingMarket} from "../src/consumers/ILendingMarket.sol";
import {LendingMath, Seizure, Terms} from "../src/consumers/LendingMath.sol";
import {Market} from "./support/Market.sol";

/// @notice Terms that would harm somebody are refused, and what a liquidation does under good ones.
contract CollateralGuardTermsTest is Market {
    IERC20 private constant A = IERC20(address(0xa));
    IERC20 private constant B = IERC20(address(0xb));

    function test_terms_under_which_a_liquidation_cannot_pay_are_refused() public {
        Terms memory terms = good();
        create(A, B, terms, rules());
        refuse(A, A, terms);
        (terms.liquidationThreshold, terms.liquidationBonus) = (9_600, 500); // 1.008 of the collateral
        refuse(A, B, terms);
        terms = good();
        terms.loanToValue = terms.liquidationThreshold;
        refuse(A, B, terms);
        terms.loanToValue = 0;
        refuse(A, B, terms);
        terms = good();
        terms.closeFactor = 0;
        refuse(A, B, terms);
        terms.closeFactor = 10_001;
        refuse(A, B, terms);
        terms = good();
        terms.fullCloseHealth = 10_001;
        refuse(A, B, terms);
    }

    function test_rules_that_bound_nothing_are_refused() public {
        refuse(PriceRules(0, 600, 30, 1_000));
        refuse(PriceRules(1, 600, 0, 1_000));
        refuse(PriceRules(1, 30, 30, 1_000)); // old before the next may come
        refuse(PriceRules(1, 600, 30, 0));
        refuse(PriceRules(1, 600, 30, 10_000));
    }

    function testFuzz_a_liquidation_takes_no_more_than_it_pays_for(
        uint256 collateral,
        uint256 debt,
        uint256 price,
        uint256 budget
    ) public pure {
        collateral = bound(collateral, 0, 1e30);
        debt = bound(debt, 1, 1e30);
        price = bound(price, 1e24, 1e48);
        Terms memory terms = good();
        vm.assume(!LendingMath.covers(collateral, price, terms.liquidationThreshold, debt));
        budget = bound(budget, 0, 10 ** (budget % 32)); // of every magnitude: rounding shows in small ones
        Seizure memory done = LendingMath.plan(terms, collateral, debt, price, budget);
        vm.assertTrue(done.seized <= collateral);
        vm.assertTrue(done.repaid <= budget);
        vm.assertTrue(done.repaid + done.badDebt <= debt);
        if (done.badDebt != 0) vm.assertTrue(done.seized == collateral && done.repaid + done.badDebt == debt);
        vm.assertTrue(LendingMath.valueOf(done.seized, price) <= done.repaid * 10_500 / 10_000);
    }

    /// @dev A cent of collateral is worth 10,000 units of the debt token, then a cent of debt as many of the collateral:
    /// whoever pays unit by unit must not gain by each rounding.
    function test_the_least_payment_buys_nothing_dearer() public pure {
        Seizure memory dear = LendingMath.plan(good(), 100_000, 8.5e8, 1e40, 1);
        vm.assertEq(dear.seized, 0);
        dear = LendingMath.plan(good(), 1, 8.5e3, 1e40, 1);
        vm.assertEq(dear.seized + dear.badDebt, 0); // nor is the rest of the debt written off for it
        Seizure memory cheap = LendingMath.plan(good(), 1e9, 8.5e4, 1e32, 1);
        vm.assertEq(cheap.seized, 1e4);
    }

    function good() private pure returns (Terms memory) {
        return Terms(1, 7_500, 8_000, 500, 5_000, 9_500, 100);
    }

    function rules() private pure returns (PriceRules memory) {
        return PriceRules(1, 600, 30, 1_000);
    }

    function create(IERC20 collateral, IERC20 debt, Terms memory terms, PriceRules memory bounds) private {
        CollateralGuard.Tokens memory tokens = CollateralGuard.Tokens(collateral, debt);
        new CollateralGuard(ROUTER, OWNER, BELIEVED, TRIGGER_OWNER, DELAY, tokens, terms, bounds);
    }

    function refuse(IERC20 collateral, IERC20 debt, Terms memory terms) private {
        vm.expectRevert(ILendingMarket.BadTerms.selector);
        create(collateral, debt, terms, rules());
    }

    function refuse(PriceRules memory bounds) private {
        vm.expectRevert(AttestedPrice.BadPriceRules.selector);
        create(A, B, good(), bounds);
    }
}
