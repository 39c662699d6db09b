// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {Math} from "@openzeppelin/contracts/utils/math/Math.sol";

/// @notice What a loan may do; fixed for ever. Parts are hundredths of a percent.
struct Terms {
    uint64 borrowRate; // per second, times 10^18
    uint16 loanToValue; // of the collateral's value that may be borrowed
    uint16 liquidationThreshold; // of the collateral's value above which a debt is liquidated
    uint16 liquidationBonus; // more collateral than was paid for
    uint16 closeFactor; // of a debt that one liquidation pays
    uint16 fullCloseHealth; // below this health all of it
    uint96 minDebt; // nobody borrows less: a liquidation must be worth its gas
}

/// @notice One account.
struct Position {
    uint128 collateral;
    uint128 debtShares;
}

/// @notice What one liquidation does.
struct Seizure {
    uint256 repaid; // of the debt
    uint256 seized; // of the collateral
    uint256 badDebt; // that no collateral is left for
}

/// @notice Arithmetic of the market. Every rounding is against who acts: debts up, values of collateral down, and a
/// liquidator gets no unit of collateral that it did not pay for, however dear a unit is.
library LendingMath {
    using Math for uint256;

    uint256 private constant BASIS = 10_000;
    uint256 private constant PRICE_SCALE = 1e36;

    // Shares and assets that nobody owns (ERC-4626's defence): without them the first holder could make a share so dear
    // that later deposits round to nothing.
    uint256 private constant VIRTUAL_SHARES = 1e6;
    uint256 private constant VIRTUAL_ASSETS = 1;

    function toShares(uint256 assets, uint256 totalAssets, uint256 totalShares, Math.Rounding rounding)
        internal
        pure
        returns (uint256)
    {
        return assets.mulDiv(totalShares + VIRTUAL_SHARES, totalAssets + VIRTUAL_ASSETS, rounding);
    }

    function toAssets(uint256 shares, uint256 totalAssets, uint256 totalShares, Math.Rounding rounding)
        internal
        pure
        returns (uint256)
    {
        return shares.mulDiv(totalAssets + VIRTUAL_ASSETS, totalShares + VIRTUAL_SHARES, rounding);
    }

    /// @notice Value of collateral in the debt token.
    function valueOf(uint256 collateral, uint256 price) internal pure returns (uint256) {
        return collateral.mulDiv(price, PRICE_SCALE);
    }

    /// @notice Whether `debt` is at most `part` of the collateral's value.
    function covers(uint256 collateral, uint256 price, uint256 part, uint256 debt) internal pure returns (bool) {
        return valueOf(collateral, price).mulDiv(part, BASIS) >= debt;
    }

    /// @notice What paying up to `budget` of an unhealthy account's debt does.
    function plan(Terms memory terms, uint256 collateral, uint256 debt, uint256 price, uint256 budget)
        internal
        pure
        returns (Seizure memory seizure)
    {
        uint256 limit = debt.mulDiv(terms.closeFactor, BASIS, Math.Rounding.Ceil);
        bool full = valueOf(collateral, price).mulDiv(terms.liquidationThreshold, BASIS)
            < debt.mulDiv(terms.fullCloseHealth, BASIS);
        if (full || debt - limit < terms.minDebt) limit = debt;
        uint256 repaid = budget < limit ? budget : limit;
        uint256 withBonus = repaid.mulDiv(BASIS + terms.liquidationBonus, BASIS);
        uint256 seized = withBonus.mulDiv(PRICE_SCALE, price);
        if (seized < collateral) return Seizure(repaid, seized, 0);
        // What was planned pays for all the collateral: what that is worth is no more.
        repaid = valueOf(collateral, price).mulDiv(BASIS, BASIS + terms.liquidationBonus, Math.Rounding.Ceil);
        return Seizure(repaid, collateral, debt - repaid);
    }
}
