// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {IERC20} from "@openzeppelin/contracts/token/ERC20/IERC20.sol";
import {PriceRules} from "../../src/consumers/AttestedPrice.sol";
import {CollateralGuard} from "../../src/consumers/CollateralGuard.sol";
import {Totals} from "../../src/consumers/ILendingMarket.sol";
import {Terms} from "../../src/consumers/LendingMath.sol";
import {Coin} from "./Coins.sol";
import {Pushed} from "./Pushed.sol";

/// @notice A market of a collateral with 18 decimals against a debt token with 6; one is worth 2,000.
abstract contract Market is Pushed {
    address internal constant LENDER = address(0x1e4d);
    address internal constant ALICE = address(0xa11ce);
    address internal constant BOB = address(0xb0b);
    uint256 internal constant ONE = 1e18; // of the collateral
    uint256 internal constant UNIT = 1e6; // of the debt token
    uint256 internal constant PRICE = 2_000 * 1e24; // 2,000e6 / 1e18 * 1e36
    uint256 internal constant INTERVAL = 30;

    CollateralGuard internal market;
    Coin internal gold;
    Coin internal dollar;
    uint256 internal clock;

    function open(address router, Coin collateral, Coin debt) internal {
        clock = NOW;
        vm.warp(NOW);
        (gold, dollar) = (collateral, debt);
        Terms memory agreed = Terms({
            borrowRate: 1_585_489_599, // 5 percent a year
            loanToValue: 7_500,
            liquidationThreshold: 8_000,
            liquidationBonus: 500,
            closeFactor: 5_000,
            fullCloseHealth: 9_500,
            minDebt: uint96(100 * UNIT)
        });
        market = new CollateralGuard(
            router,
            OWNER,
            BELIEVED,
            TRIGGER_OWNER,
            DELAY,
            CollateralGuard.Tokens(IERC20(address(collateral)), IERC20(address(debt))),
            agreed,
            PriceRules({seed: uint192(PRICE), maxAge: 600, minInterval: uint32(INTERVAL), maxDeviation: 1_000})
        );
        supply(LENDER, 1_000_000 * UNIT);
        fundReserve(100_000 * UNIT);
    }

    function supply(address who, uint256 amount) internal returns (uint256) {
        give(dollar, who, amount);
        vm.prank(who);
        return market.supply(amount);
    }

    function deposit(address who, uint256 amount) internal {
        give(gold, who, amount);
        vm.prank(who);
        market.deposit(amount);
    }

    function borrow(address who, uint256 collateral, uint256 debt) internal {
        deposit(who, collateral);
        vm.prank(who);
        market.borrow(debt);
    }

    function repay(address who, address account, uint256 amount) internal returns (uint256) {
        give(dollar, who, amount);
        vm.prank(who);
        return market.repay(account, amount);
    }

    function fundReserve(uint256 amount) internal {
        give(dollar, OWNER, amount);
        vm.prank(OWNER);
        market.fundReserve(amount);
    }

    function emptyReserve() internal {
        uint128 reserve = market.totals().reserve;
        vm.prank(OWNER);
        market.withdrawReserve(reserve, 0, OWNER);
    }

    function give(Coin coin, address who, uint256 amount) internal {
        coin.mint(who, amount);
        vm.prank(who);
        coin.approve(address(market), type(uint256).max);
    }

    function pass(uint256 time) internal {
        clock += time;
        vm.warp(clock);
    }

    function report(uint256 price, address[] memory accounts) internal view returns (bytes memory) {
        return abi.encode(price, uint64(clock), accounts);
    }

    /// @dev The next report: this price, these accounts, half a minute later.
    function tell(uint256 price, address[] memory accounts) internal {
        pass(INTERVAL);
        push(address(market), report(price, accounts));
    }

    function tell(uint256 price) internal {
        tell(price, new address[](0));
    }

    function tell(uint256 price, address account) internal {
        tell(price, only(account));
    }

    function only(address account) internal pure returns (address[] memory accounts) {
        accounts = new address[](1);
        accounts[0] = account;
    }

    function debtOf(address account) internal view returns (uint256) {
        return market.holding(account).debt;
    }

    function collateralOf(address account) internal view returns (uint256) {
        return market.holding(account).collateral;
    }

    /// @dev The tokens are there for everything the books say.
    function checkBacked() internal view {
        Totals memory all = market.totals();
        vm.assertTrue(dollar.balanceOf(address(market)) >= uint256(all.cash) + all.reserve, "debt token");
        vm.assertTrue(gold.balanceOf(address(market)) >= uint256(all.collateral) + all.reserveCollateral, "collateral");
    }
}
