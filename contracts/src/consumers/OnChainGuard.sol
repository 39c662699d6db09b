// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {Math} from "@openzeppelin/contracts/utils/math/Math.sol";
import {Holding, ILendingMarket} from "./ILendingMarket.sol";
import {LendingMath, Seizure, Terms} from "./LendingMath.sol";

/// @notice What examples/collateral_guard computes, on chain: the same accounts in the same order. It is there to be
/// measured (docs/collateral-guard.md), and to hold the function to the market's own arithmetic.
contract OnChainGuard {
    uint256 public constant NAMED = 8; // `CollateralGuard.MAX_ACCOUNTS`
    uint256 public constant REPORTS = 8; // that the function looks ahead: 256 paths
    uint256 public constant STEP = 250; // of the price, from one report to the next
    uint256 private constant BASIS = 10_000;

    /// @notice A position that its collateral does not cover.
    struct Unhealthy {
        address account;
        uint256 loss; // on all paths together, if this report leaves it alone
        uint256 limit; // the debt that its collateral covers
        uint256 debt;
    }

    /// @notice The unhealthy accounts were looked for: what a keeper of this contract would pay gas for.
    event Scanned(uint256 positions, address[] accounts);

    /// @notice Looks through all positions, in a transaction.
    function scan(ILendingMarket market, uint256 price) external {
        emit Scanned(market.borrowerCount(), accounts(market, price));
    }

    /// @notice Up to `NAMED` unhealthy accounts, the unhealthiest first.
    function accounts(ILendingMarket market, uint256 price) public view returns (address[] memory named) {
        Terms memory terms = market.terms();
        Holding[] memory all = market.positions(0, market.borrowerCount());
        Unhealthy[] memory worst = new Unhealthy[](NAMED);
        uint256 count;
        for (uint256 i; i < all.length; ++i) {
            Holding memory holding = all[i];
            uint256 value = LendingMath.valueOf(holding.collateral, price);
            uint256 limit = Math.mulDiv(value, terms.liquidationThreshold, BASIS);
            if (limit >= holding.debt) continue;
            uint256 loss = lossFrom(terms, holding.collateral, holding.debt, price, REPORTS);
            count = place(worst, count, Unhealthy(holding.account, loss, limit, holding.debt));
        }
        named = new address[](count);
        for (uint256 i; i < count; ++i) {
            named[i] = worst[i].account;
        }
    }

    /// @notice The bad debt of a position on all 2^`reports` paths of the price together, when each report liquidates it.
    function lossFrom(Terms memory terms, uint256 collateral, uint256 debt, uint256 price, uint256 reports)
        public
        pure
        returns (uint256)
    {
        uint256 lowest = price;
        for (uint256 i; i < reports; ++i) {
            lowest = lower(lowest);
        }
        // Most positions are covered on every path.
        if (LendingMath.covers(collateral, lowest, terms.liquidationThreshold, debt)) return 0;
        uint256 higher = price * (BASIS + STEP) / BASIS;
        return lossAt(terms, collateral, debt, lower(price), reports - 1)
            + lossAt(terms, collateral, debt, higher, reports - 1);
    }

    function lossAt(Terms memory terms, uint256 collateral, uint256 debt, uint256 price, uint256 reports)
        private
        pure
        returns (uint256 loss)
    {
        if (!LendingMath.covers(collateral, price, terms.liquidationThreshold, debt)) {
            Seizure memory seizure = LendingMath.plan(terms, collateral, debt, price, type(uint256).max);
            collateral -= seizure.seized;
            debt -= seizure.repaid + seizure.badDebt;
            loss = seizure.badDebt << reports;
        }
        if (debt != 0 && reports != 0) loss += lossFrom(terms, collateral, debt, price, reports);
    }

    /// @dev Puts a position where it belongs among the worst; the last one makes room.
    function place(Unhealthy[] memory worst, uint256 count, Unhealthy memory found) private pure returns (uint256) {
        if (count == NAMED && !precedes(found, worst[NAMED - 1])) return count;
        uint256 index = count == NAMED ? NAMED - 1 : count++;
        for (; index != 0 && precedes(found, worst[index - 1]); --index) {
            worst[index] = worst[index - 1];
        }
        worst[index] = found;
        return count;
    }

    /// @dev More loss; else less of the debt covered; else the lower address.
    function precedes(Unhealthy memory a, Unhealthy memory b) private pure returns (bool) {
        if (a.loss != b.loss) return a.loss > b.loss;
        (uint256 high, uint256 low) = Math.mul512(a.limit, b.debt);
        (uint256 otherHigh, uint256 otherLow) = Math.mul512(b.limit, a.debt);
        if (high != otherHigh) return high < otherHigh;
        return low == otherLow ? a.account < b.account : low < otherLow;
    }

    function lower(uint256 price) private pure returns (uint256) {
        return Math.max(price * (BASIS - STEP) / BASIS, 1);
    }
}
