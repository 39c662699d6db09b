// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {Asset, Prices} from "../types/Billing.sol";

/// @notice What requests cost. Formula: libraries/Billing.sol, docs/billing.md; the same in executor/model/billing.py.
interface IPricing {
    /// @notice New requests are charged by this version of the prices.
    event PricesChanged(uint32 indexed version, Prices prices);
    /// @notice Who may change the token's rate beside the owner.
    event RateKeeperChanged(address keeper);
    /// @notice The owner announced prices, which anyone may put in force at `readyAt` (a block timestamp).
    event PricesProposed(Prices prices, uint256 readyAt);

    /// @notice A price is outside the range the contract allows.
    error BadPrices();
    /// @notice These prices were not proposed last, or are not ready before `readyAt` (0: not proposed).
    error PricesNotReady(uint256 readyAt);
    /// @notice A rate may change by a quarter an hour at most, and only by its keeper or the owner.
    error BadRate(uint128 current, uint128 proposed);
    /// @notice The request could cost more than the router reckons with (2^80 - 1 units).
    error CostTooHigh(uint256 maxCost);
    /// @notice There is no such version of the prices.
    error UnknownPrices(uint32 version);

    /// @notice Announces prices that `applyPrices` puts in force after the router's delay. Owner only.
    function proposePrices(Prices calldata prices) external;

    /// @notice Puts announced prices in force for later requests. Anyone may call it.
    function applyPrices(Prices calldata prices) external;

    /// @notice Follows the token's market: a new version with another rate. Owner or rate keeper only.
    function setTokenRate(uint128 tokenRate) external;

    /// @notice Number of the version that new requests are charged by.
    function pricesVersion() external view returns (uint32);

    /// @notice A version of the prices.
    function prices(uint32 version) external view returns (Prices memory);

    /// @notice What a request made now would reserve: the most it can cost.
    /// @param functionId registered in the function registry.
    /// @param callbackGasLimit gas of the callback.
    /// @param asset what the subscription pays with.
    /// @param baseFee wei a gas the quote reckons with; 0 takes the block's, which is 0 in calls without a gas price.
    function estimateCost(bytes32 functionId, uint32 callbackGasLimit, Asset asset, uint256 baseFee)
        external
        view
        returns (uint256);

    /// @notice Names who may follow the token's market beside the owner; zero for nobody. Owner only.
    function setRateKeeper(address keeper) external;
}
