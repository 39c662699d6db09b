// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {Prices} from "./Billing.sol";

/// @notice The prices in one storage word, all but the token's rate, from the top: unused 32 | fuelPrice 64 | slotPrice 64 |
/// deliveryGas 32 | maxTip 32 | headroom 16 | premium 16 bits.
type PriceSlot is uint256;

using {fuelPrice, slotPrice, deliveryGas, maxTip, headroom, premium, unpack} for PriceSlot global;

function packPrices(Prices memory p) pure returns (PriceSlot) {
    return PriceSlot.wrap(
        uint256(p.fuelPrice) << 160 | uint256(p.slotPrice) << 96 | uint256(p.deliveryGas) << 64 | uint256(p.maxTip) << 32
            | uint256(p.headroom) << 16 | p.premium
    );
}

function unpack(PriceSlot slot, uint128 tokenRate) pure returns (Prices memory) {
    return Prices({
        fuelPrice: uint64(slot.fuelPrice()),
        slotPrice: uint64(slot.slotPrice()),
        deliveryGas: uint32(slot.deliveryGas()),
        maxTip: uint32(PriceSlot.unwrap(slot) >> 32),
        headroom: uint16(slot.headroom()),
        premium: uint16(slot.premium()),
        tokenRate: tokenRate
    });
}

/// @dev wei per million fuel.
function fuelPrice(PriceSlot slot) pure returns (uint256) {
    return uint64(PriceSlot.unwrap(slot) >> 160);
}

/// @dev wei.
function slotPrice(PriceSlot slot) pure returns (uint256) {
    return uint64(PriceSlot.unwrap(slot) >> 96);
}

function deliveryGas(PriceSlot slot) pure returns (uint256) {
    return uint32(PriceSlot.unwrap(slot) >> 64);
}

/// @dev wei a gas.
function maxTip(PriceSlot slot) pure returns (uint256) {
    return uint256(uint32(PriceSlot.unwrap(slot) >> 32)) * 1 gwei;
}

/// @dev Percent.
function headroom(PriceSlot slot) pure returns (uint256) {
    return uint16(PriceSlot.unwrap(slot) >> 16);
}

/// @dev Hundredths of a percent.
function premium(PriceSlot slot) pure returns (uint256) {
    return uint16(PriceSlot.unwrap(slot));
}
