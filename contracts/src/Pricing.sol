// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {IFunctionRegistry} from "./interfaces/IFunctionRegistry.sol";
import {IPricing} from "./interfaces/IPricing.sol";
import {Billing} from "./libraries/Billing.sol";
import {Settings} from "./Settings.sol";
import {Asset, Prices} from "./types/Billing.sol";
import {PriceSlot, packPrices} from "./types/PriceSlot.sol";

/// @notice Versions of the prices. An open request names the one it is charged by.
abstract contract Pricing is IPricing, Settings {
    // Bounds of what the owner may set.
    uint256 private constant MAX_DELIVERY_GAS = 2_000_000;
    uint256 private constant MAX_TIP = 1_000; // gwei
    uint256 private constant MAX_HEADROOM = 1_000; // percent
    uint256 private constant MAX_PREMIUM = 10_000; // as much again
    uint256 private constant RATE_INTERVAL = 1 hours;

    uint256 private constant MAX_CHANGE_DELAY = 30 days;

    bool private immutable TAKES_TOKEN;
    uint256 public immutable changeDelay; // seconds from a proposal of prices to their coming into force

    bytes32 private _proposed; // hash of the proposed prices
    uint64 private _readyAt;
    uint64 private _rateSetAt;
    address public rateKeeper;
    mapping(uint256 version => PriceSlot) internal _prices;
    mapping(uint256 version => uint128) internal _tokenRates;

    constructor(uint256 changeDelay_, Prices memory initial, bool takesToken) {
        if (changeDelay_ > MAX_CHANGE_DELAY) revert BadPrices();
        changeDelay = changeDelay_;
        TAKES_TOKEN = takesToken;
        checkPrices(initial);
        addPrices(initial);
    }

    /// @inheritdoc IPricing
    function proposePrices(Prices calldata proposed) external onlyOwner {
        checkPrices(proposed);
        _proposed = keccak256(abi.encode(proposed));
        _readyAt = uint64(block.timestamp + changeDelay);
        emit PricesProposed(proposed, _readyAt);
    }

    /// @inheritdoc IPricing
    function applyPrices(Prices calldata proposed) external {
        if (keccak256(abi.encode(proposed)) != _proposed) revert PricesNotReady(0);
        if (block.timestamp < _readyAt) revert PricesNotReady(_readyAt);
        delete _proposed;
        Prices memory next = proposed;
        // The rate moved on meanwhile and is the market's, not the proposal's.
        if (TAKES_TOKEN) next.tokenRate = _tokenRates[_pricesVersion];
        addPrices(next);
    }

    /// @inheritdoc IPricing
    function setTokenRate(uint128 rate) external {
        uint32 version = _pricesVersion;
        uint128 current = _tokenRates[version];
        uint256 quarter = current / 4;
        if (
            (msg.sender != rateKeeper && msg.sender != owner()) || block.timestamp < _rateSetAt + RATE_INTERVAL
                || rate == 0 || rate < current - quarter || rate > current + quarter
        ) revert BadRate(current, rate);
        _rateSetAt = uint64(block.timestamp);
        addPrices(_prices[version].unpack(rate));
    }

    /// @inheritdoc IPricing
    function setRateKeeper(address keeper) external onlyOwner {
        rateKeeper = keeper;
        emit RateKeeperChanged(keeper);
    }

    /// @inheritdoc IPricing
    function prices(uint32 version) external view returns (Prices memory) {
        if (version == 0 || version > _pricesVersion) revert UnknownPrices(version);
        return _prices[version].unpack(_tokenRates[version]);
    }

    /// @inheritdoc IPricing
    function estimateCost(bytes32 functionId, uint32 callbackGasLimit, Asset asset, uint256 baseFee)
        external
        view
        returns (uint256)
    {
        return quote(_pricesVersion, functionId, callbackGasLimit, asset, baseFee == 0 ? block.basefee : baseFee);
    }

    /// @inheritdoc IPricing
    function pricesVersion() public view returns (uint32) {
        return _pricesVersion;
    }

    /// @dev The most a request can cost, in the asset; reverts when that is more than its slot has room for.
    function quote(uint256 version, bytes32 functionId, uint256 callbackGasLimit, Asset asset, uint256 baseFee)
        internal
        view
        returns (uint256 cost)
    {
        cost = maxCost(version, functionId, callbackGasLimit, asset, baseFee);
        if (cost > type(uint80).max) revert CostTooHigh(cost);
    }

    /// @dev The same without a bound.
    function maxCost(uint256 version, bytes32 functionId, uint256 callbackGasLimit, Asset asset, uint256 baseFee)
        internal
        view
        returns (uint256 cost)
    {
        cost = Billing.maxCost(
            _prices[version], IFunctionRegistry(functions).limits(functionId), callbackGasLimit, baseFee
        );
        if (asset == Asset.Token) cost = Billing.toToken(cost, _tokenRates[version]);
    }

    /// @dev Puts prices in force as the next version.
    function addPrices(Prices memory next) private {
        uint32 version = ++_pricesVersion;
        _prices[version] = packPrices(next);
        _tokenRates[version] = next.tokenRate;
        emit PricesChanged(version, next);
    }

    function checkPrices(Prices memory proposed) private view {
        if (
            proposed.deliveryGas > MAX_DELIVERY_GAS || proposed.maxTip > MAX_TIP || proposed.headroom < 100
                || proposed.headroom > MAX_HEADROOM || proposed.premium > MAX_PREMIUM
                || (proposed.tokenRate != 0) != TAKES_TOKEN
        ) revert BadPrices();
    }
}
