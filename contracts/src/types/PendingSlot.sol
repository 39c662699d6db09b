// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {Pending} from "./Types.sol";

/// @notice An open request in one storage word: consumer 160 | callbackGasLimit 32 | epoch 32 | deadline 32 bits, from the
/// top. Zero when there is no such request, or no longer.
type PendingSlot is uint256;

PendingSlot constant CLOSED = PendingSlot.wrap(0);

using {unpack, isOpen, consumer, callbackGasLimit, epoch, deadline} for PendingSlot global;

function pack(Pending memory pending) pure returns (PendingSlot) {
    return PendingSlot.wrap(
        uint256(uint160(pending.consumer)) << 96 | uint256(pending.callbackGasLimit) << 64 | uint256(pending.epoch) << 32
            | pending.deadline
    );
}

function unpack(PendingSlot slot) pure returns (Pending memory) {
    return Pending(slot.consumer(), uint32(slot.callbackGasLimit()), uint32(slot.epoch()), uint32(slot.deadline()));
}

function isOpen(PendingSlot slot) pure returns (bool) {
    return PendingSlot.unwrap(slot) != 0;
}

function consumer(PendingSlot slot) pure returns (address) {
    return address(uint160(PendingSlot.unwrap(slot) >> 96));
}

function callbackGasLimit(PendingSlot slot) pure returns (uint256) {
    return uint32(PendingSlot.unwrap(slot) >> 64);
}

function epoch(PendingSlot slot) pure returns (uint256) {
    return uint32(PendingSlot.unwrap(slot) >> 32);
}

function deadline(PendingSlot slot) pure returns (uint256) {
    return uint32(PendingSlot.unwrap(slot));
}
