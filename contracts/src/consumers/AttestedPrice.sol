// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

/// @notice How reported prices are bounded.
struct PriceRules {
    uint192 seed; // the first report is bounded by it; no price by itself
    uint32 maxAge; // seconds
    uint32 minInterval; // seconds between two prices, by their own timestamps
    uint16 maxDeviation; // of one price from the one before, hundredths of a percent
}

/// @notice Units of the debt token for one unit of the collateral token, both the smallest, times 10^36.
struct Price {
    uint192 value;
    uint40 timestamp; // unix seconds at which it was seen; 0 before the first report
    bool settled; // whether it is what was reported, not the bound that a report went beyond
}

/// @notice A price that reports move, within bounds.
/// @dev A report beyond `maxDeviation` moves the price to the bound and leaves it unsettled: nothing is borrowed, withdrawn
/// against debt or liquidated at an unsettled price. So one wrong report harms nobody, and a true fall or rise is
/// followed in a few reports without anybody's help.
abstract contract AttestedPrice {
    /// @notice Why a report changed nothing.
    enum Refusal {
        None,
        Malformed,
        FromTheFuture,
        TooOld,
        NotNewer // by `minInterval`; a report that comes twice, or late
    }

    uint256 internal constant PRICE_SCALE = 1e36;
    uint256 internal constant BASIS = 10_000;

    /// @notice A report moved the price.
    event PriceMoved(uint192 value, uint40 timestamp, bool settled);

    /// @notice The price is too old, or unsettled; wait for the next report.
    error NoSettledPrice(uint256 timestamp, bool settled);
    /// @notice The rules bound nothing.
    error BadPriceRules();

    uint256 public immutable maxAge;
    uint256 public immutable minInterval;
    uint256 public immutable maxDeviation;

    Price private _price;

    constructor(PriceRules memory rules) {
        if (rules.seed == 0 || rules.minInterval == 0 || rules.maxAge <= rules.minInterval) revert BadPriceRules();
        if (rules.maxDeviation == 0 || rules.maxDeviation >= BASIS) revert BadPriceRules();
        (maxAge, minInterval, maxDeviation) = (rules.maxAge, rules.minInterval, rules.maxDeviation);
        _price.value = rules.seed;
    }

    /// @notice The latest price.
    function price() public view returns (Price memory) {
        return _price;
    }

    /// @notice The price, if it is settled and young enough; else reverts.
    function _settledPrice() internal view returns (uint256) {
        Price memory latest = _price;
        if (!latest.settled || block.timestamp > latest.timestamp + maxAge) {
            revert NoSettledPrice(latest.timestamp, latest.settled);
        }
        return latest.value;
    }

    /// @notice Takes a reported price, as far as the rules let it.
    function _movePrice(uint256 reported, uint256 timestamp) internal returns (Refusal) {
        Price memory latest = _price;
        if (reported == 0 || reported > type(uint192).max) return Refusal.Malformed;
        if (timestamp > block.timestamp) return Refusal.FromTheFuture;
        if (block.timestamp - timestamp > maxAge) return Refusal.TooOld;
        if (timestamp < uint256(latest.timestamp) + minInterval) return Refusal.NotNewer;
        uint256 low = uint256(latest.value) * (BASIS - maxDeviation) / BASIS;
        uint256 high = uint256(latest.value) * (BASIS + maxDeviation) / BASIS + 1;
        uint256 value = reported < low ? low : reported > high ? high : reported;
        if (value == 0) value = 1;
        if (value > type(uint192).max) value = type(uint192).max;
        _price = Price(uint192(value), uint40(timestamp), value == reported);
        emit PriceMoved(uint192(value), uint40(timestamp), value == reported);
        return Refusal.None;
    }
}
