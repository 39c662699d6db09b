// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

/// @notice An open request in one storage word, from the top: subscription 40 | place 16 | callbackGasLimit 24 | epoch 32 |
/// deadline 32 | reserved 80 | prices 32 bits. `place` names the consumer among those the subscription ever had. Zero when
/// there is no such request, or no longer.
type PendingSlot is uint256;

PendingSlot constant CLOSED = PendingSlot.wrap(0);

using {subscription, place, callbackGasLimit, epoch, deadline, reserved, prices, isOpen} for PendingSlot global;

/// @dev Every argument fits its field: the router checks them.
function pack(
    uint256 subscription_,
    uint256 place_,
    uint256 callbackGasLimit_,
    uint256 epoch_,
    uint256 deadline_,
    uint256 reserved_,
    uint256 prices_
) pure returns (PendingSlot) {
    return PendingSlot.wrap(
        subscription_ << 216 | place_ << 200 | callbackGasLimit_ << 176 | epoch_ << 144 | deadline_ << 112 | reserved_ << 32
            | prices_
    );
}

function isOpen(PendingSlot slot) pure returns (bool) {
    return PendingSlot.unwrap(slot) != 0;
}

function subscription(PendingSlot slot) pure returns (uint256) {
    return PendingSlot.unwrap(slot) >> 216;
}

function place(PendingSlot slot) pure returns (uint256) {
    return uint16(PendingSlot.unwrap(slot) >> 200);
}

function callbackGasLimit(PendingSlot slot) pure returns (uint256) {
    return uint24(PendingSlot.unwrap(slot) >> 176);
}

function epoch(PendingSlot slot) pure returns (uint256) {
    return uint32(PendingSlot.unwrap(slot) >> 144);
}

function deadline(PendingSlot slot) pure returns (uint256) {
    return uint32(PendingSlot.unwrap(slot) >> 112);
}

function reserved(PendingSlot slot) pure returns (uint256) {
    return uint80(PendingSlot.unwrap(slot) >> 32);
}

function prices(PendingSlot slot) pure returns (uint256) {
    return uint32(PendingSlot.unwrap(slot));
}
