// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {Totals} from "../src/consumers/ILendingMarket.sol";
import {Coin} from "./support/Coins.sol";
import {Market} from "./support/Market.sol";

/// @notice Five accounts that lend, borrow, repay and liquidate at random while reports move the price.
contract MarketHandler is Market {
    uint256 public constant ACCOUNTS = 5;

    constructor() {
        open(ROUTER, new Coin("gold"), new Coin("dollar"));
        tell(PRICE);
    }

    function lend(uint256 who, uint256 amount) external {
        supply(account(who), bound(amount, 1, 1e12));
    }

    function takeBack(uint256 who, uint256 shares) external {
        uint256 all = market.supplySharesOf(account(who));
        vm.prank(account(who));
        try market.redeem(bound(shares, 0, all)) {} catch {}
    }

    function addCollateral(uint256 who, uint256 amount) external {
        deposit(account(who), bound(amount, 1, 100 * ONE));
    }

    function takeCollateral(uint256 who, uint256 amount) external {
        uint256 all = collateralOf(account(who));
        vm.prank(account(who));
        try market.withdraw(bound(amount, 0, all)) {} catch {}
    }

    /// @dev Often as much as the collateral allows, so that liquidations happen.
    function takeLoan(uint256 who, uint256 part) external {
        uint256 most = collateralOf(account(who)) * market.price().value / 1e36 * 75 / 100;
        uint256 owed = debtOf(account(who));
        if (most <= owed) return;
        vm.prank(account(who));
        try market.borrow((most - owed) * bound(part, 50, 100) / 100) {} catch {}
    }

    function payBack(uint256 who, uint256 whose, uint256 amount) external {
        if (debtOf(account(whose)) != 0) repay(account(who), account(whose), bound(amount, 1, 1e12));
    }

    function move(uint256 percent, uint256 time) external {
        if (time % 4 == 0) pass(time % 10_000_000);
        address[] memory all = new address[](ACCOUNTS);
        for (uint256 i; i < ACCOUNTS; ++i) {
            all[i] = account(i);
        }
        uint256 price = market.price().value * bound(percent, 85, 112) / 100;
        tell(price > PRICE * 4 ? PRICE : price < PRICE / 4 ? PRICE : price, all);
    }

    function seize(uint256 who, uint256 whose, uint256 budget) external {
        budget = bound(budget, 1, 1e12);
        give(dollar, account(who), budget);
        vm.prank(account(who));
        try market.liquidate(account(whose), budget) {} catch {}
    }

    function giveReserve(uint256 amount) external {
        fundReserve(bound(amount, 1, 1e10));
    }

    function account(uint256 i) public pure returns (address) {
        return address(uint160(0x5000 + i % ACCOUNTS));
    }

    function sums() external view returns (uint256 collateral, uint256 debt, uint256 shares) {
        for (uint256 i; i < ACCOUNTS; ++i) {
            collateral += collateralOf(account(i));
            debt += debtOf(account(i));
            shares += market.supplySharesOf(account(i));
        }
        shares += market.supplySharesOf(LENDER);
    }

    function books() external view returns (Totals memory, uint256 gold_, uint256 dollar_) {
        return (market.totals(), gold.balanceOf(address(market)), dollar.balanceOf(address(market)));
    }
}

/// forge-config: default.invariant.runs = 24
/// forge-config: default.invariant.depth = 100
/// forge-config: dev.invariant.runs = 24
/// forge-config: dev.invariant.depth = 100
contract CollateralGuardInvariantTest is Market {
    MarketHandler private handler;

    function setUp() public {
        handler = new MarketHandler();
    }

    function targetContracts() public view returns (address[] memory targets) {
        return only(address(handler));
    }

    function targetSelectors() public view returns (Target[] memory targets) {
        bytes4[] memory selectors = new bytes4[](9);
        selectors[0] = handler.lend.selector;
        selectors[1] = handler.takeBack.selector;
        selectors[2] = handler.addCollateral.selector;
        selectors[3] = handler.takeCollateral.selector;
        selectors[4] = handler.takeLoan.selector;
        selectors[5] = handler.payBack.selector;
        selectors[6] = handler.move.selector;
        selectors[7] = handler.seize.selector;
        selectors[8] = handler.giveReserve.selector;
        targets = new Target[](1);
        targets[0] = Target(address(handler), selectors);
    }

    /// @dev As forge reads it.
    struct Target {
        address at;
        bytes4[] selectors;
    }

    function invariant_the_tokens_are_there_for_everything_the_books_say() public view {
        (Totals memory all, uint256 gold_, uint256 dollar_) = handler.books();
        vm.assertEq(dollar_, uint256(all.cash) + all.reserve, "debt token");
        vm.assertEq(gold_, uint256(all.collateral) + all.reserveCollateral, "collateral");
    }

    function invariant_the_books_are_the_sum_of_the_accounts() public view {
        (Totals memory all,,) = handler.books();
        (uint256 collateral, uint256 debt, uint256 shares) = handler.sums();
        vm.assertEq(collateral, all.collateral, "collateral");
        vm.assertEq(shares, all.supplyShares, "shares");
        // What each owes is rounded up; the virtual shares owe the rest, and nobody more than there is.
        vm.assertTrue(debt * (uint256(all.debtShares) + 1e6) >= uint256(all.debt) * all.debtShares, "debt");
        if (all.accruedAt == block.timestamp) vm.assertTrue(debt <= uint256(all.debt) + handler.ACCOUNTS() + 1, "debt");
    }
}
