// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {AccountSlot, MAX_AMOUNT} from "../../src/types/AccountSlot.sol";
import {Asset, Charge} from "../../src/types/Billing.sol";
import {PendingSlot, pack} from "../../src/types/PendingSlot.sol";
import {PriceSlot} from "../../src/types/PriceSlot.sol";
import {Billing} from "../../src/libraries/Billing.sol";

/// @notice Proofs by halmos (`make audit`) over all values: packed words keep their fields apart, charges stay within what
/// was held.
contract AmountsProof {
    function check_a_pending_word_gives_back_what_it_was_packed_from(
        uint40 subscription,
        uint16 place,
        uint24 callbackGasLimit,
        uint32 epoch,
        uint32 deadline,
        uint80 reserved,
        uint32 prices
    ) external pure {
        PendingSlot slot = pack(subscription, place, callbackGasLimit, epoch, deadline, reserved, prices);
        assert(slot.subscription() == subscription);
        assert(slot.place() == place);
        assert(slot.callbackGasLimit() == callbackGasLimit);
        assert(slot.epoch() == epoch);
        assert(slot.deadline() == deadline);
        assert(slot.reserved() == reserved);
        assert(slot.prices() == prices);
        assert(slot.isOpen() || subscription == 0);
    }

    /// @dev balance + reserved never exceeds 2^96 - 1: that holds before, and after.
    function check_a_hold_moves_balance_to_reserved_and_nothing_else(uint256 word, uint80 amount) external pure {
        AccountSlot before = AccountSlot.wrap(word);
        if (before.balance() + before.reserved() > MAX_AMOUNT || amount > before.balance() || !validAsset(word)) return;
        AccountSlot next = before.hold(amount);
        assert(next.balance() == before.balance() - amount);
        assert(next.reserved() == before.reserved() + amount);
        sameCounts(before, next);
    }

    function check_settling_returns_the_refund_and_keeps_the_other_fields(uint256 word, uint80 held, uint80 refund)
        external
        pure
    {
        AccountSlot before = AccountSlot.wrap(word);
        if (before.balance() + before.reserved() > MAX_AMOUNT || held > before.reserved() || refund > held) return;
        if (!validAsset(word)) return;
        AccountSlot next = before.settle(held, refund);
        assert(next.reserved() == before.reserved() - held);
        assert(next.balance() == before.balance() + refund);
        assert(next.balance() + next.reserved() <= MAX_AMOUNT);
        sameCounts(before, next);
    }

    function check_credit_and_debit_touch_the_balance_alone(uint256 word, uint96 amount) external pure {
        AccountSlot before = AccountSlot.wrap(word);
        if (before.balance() + before.reserved() + amount > MAX_AMOUNT || !validAsset(word)) return;
        AccountSlot next = before.credit(amount);
        assert(next.balance() == before.balance() + amount);
        assert(next.reserved() == before.reserved());
        sameCounts(before, next);
        assert(AccountSlot.unwrap(next.debit(amount)) == word);
    }

    function check_a_consumer_more_or_less_changes_the_counts_alone(uint256 word) external pure {
        AccountSlot before = AccountSlot.wrap(word);
        if (before.consumers() == type(uint16).max || before.places() == type(uint16).max || !validAsset(word)) return;
        AccountSlot next = before.admit();
        assert(next.consumers() == before.consumers() + 1 && next.places() == before.places() + 1);
        assert(AccountSlot.unwrap(next) >> 32 == word >> 32);
        AccountSlot left = next.part();
        assert(left.consumers() == before.consumers() && left.places() == next.places());
        assert(AccountSlot.unwrap(left) >> 32 == word >> 32);
    }

    /// @dev Whatever was attested and paid: no more than was held, all of it accounted for, and no way to fail.
    function check_a_charge_is_within_what_was_held(
        uint64 fuelPrice,
        uint64 slotPrice,
        uint80 held,
        uint64 fuelUsed,
        uint16 slots,
        uint64 gasUsed,
        uint96 price
    ) external view {
        PriceSlot prices = PriceSlot.wrap(uint256(fuelPrice) << 160 | uint256(slotPrice) << 96 | 10_000);
        (bool done, bytes memory returned) =
            address(this).staticcall(abi.encodeCall(this.charge, (prices, held, fuelUsed, slots, gasUsed, price)));
        assert(done);
        Charge memory taken = abi.decode(returned, (Charge));
        assert(uint256(taken.work) + taken.gasCost + taken.refund == held);
    }

    function charge(PriceSlot prices, uint256 held, uint256 fuelUsed, uint256 slots, uint256 gasUsed, uint256 price)
        external
        pure
        returns (Charge memory)
    {
        return Billing.charge(prices, 0, held, fuelUsed, slots, gasUsed, price);
    }

    function sameCounts(AccountSlot before, AccountSlot next) private pure {
        assert(uint64(AccountSlot.unwrap(next)) == uint64(AccountSlot.unwrap(before)));
    }

    function validAsset(uint256 word) private pure returns (bool) {
        return uint8(word >> 56) <= uint8(type(Asset).max);
    }
}
