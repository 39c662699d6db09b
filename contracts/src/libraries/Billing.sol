// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {Charge, Limits} from "../types/Billing.sol";
import {PriceSlot} from "../types/PriceSlot.sol";

/// @notice The one formula that quote, charge and receipt share (docs/billing.md; executor/model/billing.py).
/// Vectors: fixtures/vectors/billing.json.
///
///     work    = floor(fuelUsed * (slots + 1) * fuelPrice / 10^6) + slots * slotPrice
///     gas     = ceil(gasUsed * price * (10^4 + premium) / 10^4), gasPrice = min(paid, base fee + maxTip)
///     maxCost = work(limits) + gas(deliveryGas + callbackGasLimit + 40 * outputBytes at base fee * headroom% + maxTip)
///
/// all in wei; a subscription that pays with the token is charged ceil(wei * tokenRate / 10^18) of its units.
/// @dev The guest runs slots + 1 times, from the start each time; `fuelUsed` is that of the last run, the longest.
library Billing {
    // What a byte of a long output costs at least (EIP-7623). Delivering it, callback aside, costs half of that: 16 as
    // calldata, 4 to hash and copy it.
    uint256 internal constant OUTPUT_BYTE_GAS = 40;

    /// @notice What signers are paid, in wei.
    function work(PriceSlot prices, uint256 fuelUsed, uint256 slots) internal pure returns (uint256) {
        unchecked {
            return fuelUsed * (slots + 1) * prices.fuelPrice() / 1e6 + slots * prices.slotPrice(); // 64, 16 and 64 bits
        }
    }

    /// @notice The part of the gas price paid that comes back, in wei a gas.
    function gasPrice(PriceSlot prices, uint256 paid, uint256 baseFee) internal pure returns (uint256 price) {
        price = baseFee + prices.maxTip();
        if (paid < price) price = paid;
    }

    /// @notice What the payer of gas gets back, in wei.
    function gasCost(PriceSlot prices, uint256 gasUsed, uint256 price) internal pure returns (uint256) {
        unchecked {
            return (gasUsed * price * (10_000 + prices.premium()) + 9_999) / 10_000; // gas is paid from less than 2^128 wei
        }
    }

    /// @notice The most a request can cost, in wei.
    /// @param baseFee wei a gas, of the request's block.
    function maxCost(PriceSlot prices, Limits memory limits, uint256 callbackGasLimit, uint256 baseFee)
        internal
        pure
        returns (uint256)
    {
        uint256 gasUsed = prices.deliveryGas() + callbackGasLimit + OUTPUT_BYTE_GAS * limits.outputBytes;
        uint256 price = baseFee * prices.headroom() / 100 + prices.maxTip();
        return work(prices, limits.fuel, limits.observations) + gasCost(prices, gasUsed, price);
    }

    /// @notice What a delivery takes of what was held, and gives back.
    /// @param rate units of the token per 10^18 wei; 0 for subscriptions that pay with the native coin.
    /// @dev The work first: it is attested, while the price of gas is the payer's word within bounds.
    function charge(
        PriceSlot prices,
        uint256 rate,
        uint256 held,
        uint256 fuelUsed,
        uint256 slots,
        uint256 gasUsed,
        uint256 price
    ) internal pure returns (Charge memory) {
        uint256 taken = work(prices, fuelUsed, slots);
        uint256 gas = gasCost(prices, gasUsed, price);
        if (rate != 0) (taken, gas) = (toToken(taken, rate), toToken(gas, rate));
        if (taken > held) taken = held;
        if (gas > held - taken) gas = held - taken;
        return Charge(uint80(taken), uint80(gas), uint80(held - taken - gas)); // `held` has 80 bits
    }

    /// @notice wei in units of the token.
    /// @param rate units per 10^18 wei.
    function toToken(uint256 amount, uint256 rate) internal pure returns (uint256) {
        return (amount * rate + 1e18 - 1) / 1e18;
    }
}
