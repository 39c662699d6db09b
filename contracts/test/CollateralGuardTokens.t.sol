// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {ILendingMarket} from "../src/consumers/ILendingMarket.sol";
import {Coin, HookedCoin, TaxedCoin} from "./support/Coins.sol";
import {Market} from "./support/Market.sol";

/// @notice Tokens that run code in the middle of a transfer, or keep a part of it.
contract CollateralGuardTokensTest is Market {
    uint256 private constant FALLEN = PRICE * 91 / 100;

    function test_a_report_delivered_in_the_middle_of_any_transfer_is_handled() public {
        for (uint256 i; i < 5; ++i) {
            (HookedCoin collateral, HookedCoin debt) = (new HookedCoin(), new HookedCoin());
            open(address(this), collateral, debt);
            pass(INTERVAL);
            market.onReport(metadata(BELIEVED, TRIGGER_OWNER), report(PRICE, new address[](0)));
            borrow(ALICE, ONE, 1_500 * UNIT);
            borrow(BOB, 3 * ONE, 1_000 * UNIT);
            give(debt, BOB, 10_000 * UNIT);
            give(collateral, BOB, ONE);
            pass(INTERVAL);
            bytes memory delivery = abi.encodeCall(this.deliver, (FALLEN, ALICE));
            (i == 1 || i == 3 ? debt : collateral).hook(address(this), delivery);
            if (i == 4) debt.hook(address(this), delivery);
            vm.prank(BOB);
            if (i == 0) market.deposit(ONE);
            else if (i == 1) market.borrow(500 * UNIT);
            else if (i == 2) market.withdraw(ONE / 2);
            else if (i == 3) market.supply(100 * UNIT);
            else market.repay(ALICE, 2_000 * UNIT);
            vm.assertTrue((i == 1 || i >= 3 ? debt : collateral).succeeded());
            vm.assertTrue(collateralOf(ALICE) < ONE);
            checkBacked();
        }
        vm.assertEq(debtOf(ALICE), 0); // BOB paid the half that was left
        vm.assertTrue(dollar.balanceOf(BOB) > 11_000 * UNIT - 800 * UNIT); // and got the rest back
    }

    function deliver(uint256 price, address named) external {
        market.onReport(metadata(BELIEVED, TRIGGER_OWNER), report(price, only(named)));
    }

    function test_an_account_liquidated_in_the_middle_of_a_liquidation_is_not_liquidated_twice() public {
        HookedCoin debt = new HookedCoin();
        open(address(this), new Coin("gold"), debt);
        pass(INTERVAL);
        market.onReport(metadata(BELIEVED, TRIGGER_OWNER), report(PRICE, new address[](0)));
        borrow(ALICE, ONE, 1_500 * UNIT);
        pass(INTERVAL);
        market.onReport(metadata(BELIEVED, TRIGGER_OWNER), report(FALLEN, new address[](0)));
        pass(INTERVAL);
        give(debt, BOB, 1_000 * UNIT);
        debt.hook(address(this), abi.encodeCall(this.deliver, (FALLEN, ALICE)));
        vm.prank(BOB);
        vm.expectRevert(abi.encodeWithSelector(ILendingMarket.Healthy.selector, ALICE));
        market.liquidate(ALICE, 1_000 * UNIT);
    }

    function test_reentering_by_another_function_fails() public {
        HookedCoin debt = new HookedCoin();
        open(ROUTER, new Coin("gold"), debt);
        tell(PRICE);
        borrow(ALICE, ONE, 500 * UNIT);
        bytes[7] memory messages = [
            abi.encodeCall(ILendingMarket.supply, (1)),
            abi.encodeCall(ILendingMarket.redeem, (1)),
            abi.encodeCall(ILendingMarket.deposit, (1)),
            abi.encodeCall(ILendingMarket.withdraw, (1)),
            abi.encodeCall(ILendingMarket.borrow, (1)),
            abi.encodeCall(ILendingMarket.repay, (ALICE, 1)),
            abi.encodeCall(ILendingMarket.liquidate, (ALICE, 1))
        ];
        for (uint256 i; i < messages.length; ++i) {
            debt.hook(address(market), messages[i]);
            vm.prank(ALICE);
            market.borrow(10 * UNIT);
            vm.assertTrue(debt.called() && !debt.succeeded());
            vm.assertEq(debt.returned(), abi.encodeWithSignature("ReentrancyGuardReentrantCall()"));
        }
    }

    function test_a_liquidator_cannot_pay_with_less_than_it_takes() public {
        open(ROUTER, new Coin("gold"), new TaxedCoin());
        tell(PRICE);
        borrow(ALICE, ONE, 1_500 * UNIT);
        tell(FALLEN);
        give(dollar, BOB, 1_000 * UNIT);
        vm.prank(BOB);
        vm.expectRevert(abi.encodeWithSelector(ILendingMarket.ShortPayment.selector, 99 * UNIT, 100 * UNIT));
        market.liquidate(ALICE, 100 * UNIT);
    }
}
