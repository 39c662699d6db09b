// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {AttestedPrice, Price} from "../src/consumers/AttestedPrice.sol";
import {ICollateralGuard} from "../src/consumers/ICollateralGuard.sol";
import {ILendingMarket} from "../src/consumers/ILendingMarket.sol";
import {Coin} from "./support/Coins.sol";
import {Market} from "./support/Market.sol";

/// @notice What a report may do and what not.
contract CollateralGuardReportsTest is Market {
    function setUp() public {
        open(ROUTER, new Coin("gold"), new Coin("dollar"));
        tell(PRICE);
        borrow(ALICE, ONE, 1_500 * UNIT);
    }

    function test_naming_an_account_does_not_liquidate_it() public {
        pass(INTERVAL);
        vm.expectEmit(address(market));
        emit ICollateralGuard.Spared(ALICE, ICollateralGuard.Reason.NotLiquidatable);
        push(address(market), report(PRICE, only(ALICE)));
        vm.assertEq(collateralOf(ALICE), ONE);
    }

    function test_a_report_liquidates_what_it_names_at_the_price_it_brings() public {
        pass(INTERVAL);
        vm.expectEmit(address(market));
        emit ICollateralGuard.ReportTaken(0, 1, 1);
        push(address(market), report(PRICE * 91 / 100, only(ALICE)));
        // 1,820 of collateral, 1,456 allowed, 1,500 owed: half of the debt for collateral worth 5 percent more.
        uint256 owed = debtOf(ALICE);
        vm.assertTrue(owed >= 750 * UNIT && owed < 750 * UNIT + UNIT);
        uint256 seized = ONE - collateralOf(ALICE);
        uint256 expected = ONE * 750 * 105 / 100 / 1_820;
        vm.assertTrue(seized >= expected && seized < expected + ONE / 100_000);
        vm.assertEq(uint256(market.totals().reserveCollateral), seized);
        checkBacked();
    }

    function test_a_jump_is_followed_in_steps_and_nothing_happens_on_the_way() public {
        uint256[3] memory steps = [PRICE * 90 / 100, PRICE * 81 / 100, PRICE * 75 / 100];
        for (uint256 i; i < 3; ++i) {
            tell(PRICE * 75 / 100, ALICE);
            Price memory latest = market.price();
            vm.assertEq(uint256(latest.value), steps[i]);
            vm.assertEq(latest.settled, i == 2);
            vm.assertEq(collateralOf(ALICE) == ONE, i < 2);
        }
    }

    function test_one_wrong_report_harms_nobody() public {
        deposit(BOB, ONE);
        tell(PRICE / 100, ALICE);
        bytes memory unsettled = abi.encodeWithSelector(AttestedPrice.NoSettledPrice.selector, clock, false);
        vm.assertEq(collateralOf(ALICE), ONE);
        vm.expectRevert(unsettled);
        market.liquidate(ALICE, 1);
        tell(PRICE * 100, ALICE);
        tell(PRICE * 100, ALICE);
        vm.prank(BOB);
        vm.expectRevert(abi.encodeWithSelector(AttestedPrice.NoSettledPrice.selector, clock, false));
        market.borrow(1_600 * UNIT);
        tell(PRICE, ALICE);
        vm.assertTrue(market.price().settled);
        vm.assertEq(uint256(market.price().value), PRICE);
        vm.assertEq(collateralOf(ALICE), ONE);
    }

    function testFuzz_no_report_moves_the_price_further_than_the_bound(uint256 price) public {
        price = bound(price, 1, type(uint192).max);
        tell(price, ALICE);
        uint256 value = market.price().value;
        vm.assertTrue(value >= PRICE * 90 / 100 && value <= PRICE * 110 / 100 + 1);
        vm.assertEq(market.price().settled, value == price);
    }

    function test_reports_in_any_other_order_change_nothing() public {
        bytes memory first = report(PRICE * 91 / 100, only(ALICE));
        pass(INTERVAL);
        bytes memory second = report(PRICE, only(ALICE));
        push(address(market), second);
        refuse(first, AttestedPrice.Refusal.NotNewer);
        refuse(second, AttestedPrice.Refusal.NotNewer);
        refuse(abi.encode(PRICE, clock + INTERVAL, new address[](0)), AttestedPrice.Refusal.FromTheFuture);
        pass(INTERVAL - 1);
        refuse(report(PRICE * 91 / 100, only(ALICE)), AttestedPrice.Refusal.NotNewer); // steps have a pace
        bytes memory old = report(PRICE * 91 / 100, only(ALICE));
        pass(market.maxAge() + 1);
        refuse(old, AttestedPrice.Refusal.TooOld);
    }

    function test_output_of_another_form_is_recorded_and_does_not_revert() public {
        pass(INTERVAL);
        bytes memory good = report(PRICE, only(ALICE));
        for (uint256 length; length < good.length; ++length) {
            bytes memory cut = bytes.concat(good);
            assembly ("memory-safe") {
                mstore(cut, length)
            }
            refuse(cut, AttestedPrice.Refusal.Malformed);
        }
        refuse(bytes.concat(good, bytes32(0)), AttestedPrice.Refusal.Malformed);
        refuse(abi.encode(PRICE, clock, 96, type(uint256).max), AttestedPrice.Refusal.Malformed);
        refuse(abi.encode(PRICE, clock, 128, 0), AttestedPrice.Refusal.Malformed);
        refuse(abi.encode(PRICE, 1 << 64, 96, 0), AttestedPrice.Refusal.Malformed);
        refuse(abi.encode(0, clock, 96, 0), AttestedPrice.Refusal.Malformed);
        refuse(abi.encode(1 << 192, clock, 96, 0), AttestedPrice.Refusal.Malformed);
    }

    function testFuzz_no_output_makes_the_callback_revert(bytes calldata output, uint256 price, uint256[5] calldata words)
        public
    {
        push(address(market), output);
        pass(INTERVAL);
        push(address(market), abi.encode(price, clock, 96, 5, words));
        checkBacked();
    }

    function test_a_word_that_is_no_address_does_not_block_the_others() public {
        pass(INTERVAL);
        vm.expectEmit(address(market));
        emit ICollateralGuard.Spared(ALICE, ICollateralGuard.Reason.NoAddress);
        bytes memory words = abi.encode(uint256(1) << 200 | uint160(ALICE), ALICE, ALICE);
        push(address(market), bytes.concat(abi.encode(PRICE * 91 / 100, clock, 96, 3), words));
        vm.assertTrue(collateralOf(ALICE) < ONE); // and naming it twice liquidates it once: it is healthy then
        vm.assertTrue(debtOf(ALICE) >= 750 * UNIT);
    }

    function test_without_a_reserve_anyone_may_still_liquidate() public {
        emptyReserve();
        pass(INTERVAL);
        vm.expectEmit(address(market));
        emit ICollateralGuard.Spared(ALICE, ICollateralGuard.Reason.EmptyReserve);
        push(address(market), report(PRICE * 91 / 100, only(ALICE)));
        give(dollar, BOB, 1_000 * UNIT);
        vm.prank(BOB);
        (uint256 repaid, uint256 seized) = market.liquidate(ALICE, 1_000 * UNIT);
        vm.assertTrue(repaid >= 750 * UNIT && repaid < 751 * UNIT);
        vm.assertEq(dollar.balanceOf(BOB), 1_000 * UNIT - repaid);
        vm.assertEq(gold.balanceOf(BOB), seized);
        vm.assertTrue(seized * 1_820 / ONE * UNIT >= repaid);
        vm.prank(BOB);
        vm.expectRevert(abi.encodeWithSelector(ILendingMarket.Healthy.selector, ALICE));
        market.liquidate(ALICE, 1);
        checkBacked();
    }

    function test_the_reserve_pays_first_for_bad_debt_and_the_lenders_the_rest() public {
        for (uint256 i; i < 2; ++i) {
            open(ROUTER, new Coin("gold"), new Coin("dollar"));
            tell(PRICE);
            borrow(ALICE, ONE, 1_500 * UNIT);
            for (uint256 price = PRICE; price > PRICE / 2; price = price * 91 / 100) tell(price);
            emptyReserve();
            fundReserve((i == 0 ? 10_000 : 1_000) * UNIT);
            tell(market.price().value * 91 / 100, ALICE); // worth less than the debt
            vm.assertEq(collateralOf(ALICE), 0);
            vm.assertEq(debtOf(ALICE), 0);
            uint256 shares = market.supplySharesOf(LENDER);
            vm.prank(LENDER);
            uint256 back = market.redeem(shares);
            if (i == 0) vm.assertTrue(back >= 1_000_000 * UNIT);
            else vm.assertTrue(back < 999_600 * UNIT && back > 999_400 * UNIT); // about 1,000 of 1,500 were paid
            vm.assertEq(uint256(market.totals().reserve) == 0, i == 1);
            checkBacked();
        }
    }

    function refuse(bytes memory output, AttestedPrice.Refusal refusal) private {
        bytes32 before = keccak256(abi.encode(market.price(), market.totals()));
        vm.expectEmit(address(market));
        emit ICollateralGuard.ReportRefused(0, refusal);
        push(address(market), output);
        vm.assertEq(keccak256(abi.encode(market.price(), market.totals())), before);
    }
}
