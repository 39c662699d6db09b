// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {Asset} from "./Billing.sol";

/// @notice A subscription's money and counts in one storage word, from the top: balance 96 | reserved 96 | asset 8 |
/// exists 8 | unused 16 | consumers 16 | places 16 bits. `places` counts the consumers it ever had.
/// @dev balance + reserved never exceeds 2^96 - 1, so that whatever is released fits.
type AccountSlot is uint256;

AccountSlot constant NO_ACCOUNT = AccountSlot.wrap(0);

using {balance, reserved, asset, exists, consumers, places, credit, debit, hold, settle, admit, part} for AccountSlot global;

uint256 constant MAX_AMOUNT = type(uint96).max;
uint256 constant BALANCE = 160;
uint256 constant RESERVED = 64;

function open(Asset asset_) pure returns (AccountSlot) {
    return AccountSlot.wrap(uint256(asset_) << 56 | 1 << 48);
}

function balance(AccountSlot slot) pure returns (uint256) {
    return AccountSlot.unwrap(slot) >> BALANCE;
}

function reserved(AccountSlot slot) pure returns (uint256) {
    return uint96(AccountSlot.unwrap(slot) >> RESERVED);
}

function asset(AccountSlot slot) pure returns (Asset) {
    return Asset(uint8(AccountSlot.unwrap(slot) >> 56));
}

function exists(AccountSlot slot) pure returns (bool) {
    return AccountSlot.unwrap(slot) != 0;
}

function consumers(AccountSlot slot) pure returns (uint256) {
    return uint16(AccountSlot.unwrap(slot) >> 16);
}

function places(AccountSlot slot) pure returns (uint256) {
    return uint16(AccountSlot.unwrap(slot));
}

/// @dev Adds to the balance; the caller has checked that it fits.
function credit(AccountSlot slot, uint256 amount) pure returns (AccountSlot) {
    return AccountSlot.wrap(AccountSlot.unwrap(slot) + (amount << BALANCE));
}

/// @dev Takes from the balance; reverts if it is less.
function debit(AccountSlot slot, uint256 amount) pure returns (AccountSlot) {
    return AccountSlot.wrap(AccountSlot.unwrap(slot) - (amount << BALANCE));
}

/// @dev Moves `amount` from balance to reserved; the caller has checked that the balance has it.
function hold(AccountSlot slot, uint256 amount) pure returns (AccountSlot) {
    return AccountSlot.wrap(AccountSlot.unwrap(slot) - (amount << BALANCE) + (amount << RESERVED));
}

/// @dev Ends a reservation of `held`, of which `refund` goes back to the balance.
function settle(AccountSlot slot, uint256 held, uint256 refund) pure returns (AccountSlot) {
    return AccountSlot.wrap(AccountSlot.unwrap(slot) - (held << RESERVED) + (refund << BALANCE));
}

/// @dev One consumer more, in a place of its own.
function admit(AccountSlot slot) pure returns (AccountSlot) {
    return AccountSlot.wrap(AccountSlot.unwrap(slot) + (1 << 16 | 1));
}

/// @dev One consumer less; its place stays taken.
function part(AccountSlot slot) pure returns (AccountSlot) {
    return AccountSlot.wrap(AccountSlot.unwrap(slot) - (1 << 16));
}
