// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {Earnings} from "./Earnings.sol";
import {IReceiver} from "./interfaces/IReceiver.sol";
import {IRouter} from "./interfaces/IRouter.sol";
import {ITriggers, Target} from "./interfaces/ITriggers.sol";
import {Billing} from "./libraries/Billing.sol";
import {Callback} from "./libraries/Callback.sol";
import {DeliveryGas} from "./libraries/DeliveryGas.sol";
import {Digests} from "./libraries/Digests.sol";
import {EpochVerifiers} from "./libraries/EpochVerifiers.sol";
import {Located} from "./libraries/Located.sol";
import {PackedReports} from "./libraries/PackedReports.sol";
import {Pricing} from "./Pricing.sol";
import {AccountSlot} from "./types/AccountSlot.sol";
import {Asset, Charge} from "./types/Billing.sol";
import {CLOSED, PendingSlot} from "./types/PendingSlot.sol";
import {PriceSlot} from "./types/PriceSlot.sol";
import {Origin} from "./types/Types.sol";

/// @notice Checks attestations, calls consumers and receivers back, and charges their subscriptions.
abstract contract Deliveries is Pricing, Earnings {
    /// @dev What the reports of one delivery share.
    struct Delivery {
        uint64 epoch;
        uint256 signers; // bitmap
        uint256 startGas; // what was left when it began
        uint256 sharedGas; // a report's part of the gas that serves all
        Asset asset; // of what was taken and not yet credited
        uint256 work;
        uint256 gasCost;
        uint256 sharedFloor; // a report's part of the least that the transaction costs
    }

    /// @dev Who is charged for a report, and by what.
    struct Bill {
        uint256 subscription;
        uint256 held;
        uint256 prices;
        uint256 floor; // the least gas that the report's data costs; 0 when that cannot matter
        bool clears; // a request's slot
    }

    uint256 private constant ORIGIN_LENGTH = 64; // of a push, in calldata
    // A receiver is asked three questions with 30,000 gas each (ERC-165). One that got less and so said no would be charged
    // and not told.
    uint256 private constant PROBE_GAS = 100_000;

    bytes32 private immutable DEPLOYER_HASH = Located.deployerHash();
    bytes32 private immutable DOMAIN = Digests.domainSeparator(address(this));

    mapping(bytes32 requestId => PendingSlot) internal _pending;
    /// @inheritdoc IRouter
    mapping(bytes32 requestId => bool) public pushed;

    /// @inheritdoc IRouter
    function attestationDigest(uint64 epoch, bytes32 root) public view returns (bytes32) {
        return Digests.attestation(DOMAIN, committee, epoch, root);
    }

    /// @dev Checks the attestation and notes its signers and how much of the gas since `delivery.startGas` each report bears.
    function attested(Delivery memory delivery, uint256 verifierIndex, bytes calldata reports, bytes calldata proof)
        internal
        view
    {
        uint64 epoch = delivery.epoch;
        if (verifierIndex > type(uint8).max) revert UnknownVerifier(epoch, verifierIndex);
        (bytes32 root, uint256 count) = PackedReports.root(reports);
        bool exists;
        (exists, delivery.signers) = EpochVerifiers.verify(
            EpochVerifiers.locate(committee, DEPLOYER_HASH, epoch, verifierIndex), attestationDigest(epoch, root), proof
        );
        if (!exists) revert UnknownVerifier(epoch, verifierIndex);
        delivery.sharedFloor = DeliveryGas.sharedFloor(proof.length, count);
        delivery.sharedGas = DeliveryGas.shared(delivery.startGas - gasleft(), proof.length, count);
    }

    /// @dev Delivers or skips the report at `offset` and returns the next one's offset.
    function deliver(Delivery memory delivery, bytes calldata reports, uint256 offset) internal returns (uint256 next) {
        uint256 start = gasleft();
        bytes32 requestId;
        uint256 numbers;
        bytes calldata data;
        (requestId, numbers, data, next) = PackedReports.outcome(reports, offset);
        PendingSlot open = _pending[requestId];
        // A closed slot is all zero: its deadline has passed.
        if (open.epoch() != delivery.epoch || block.timestamp >= open.deadline()) {
            emit Skipped(requestId, skipReason(delivery.epoch, open));
            return next;
        }
        _pending[requestId] = CLOSED;
        bool success = answer(open, requestId, PackedReports.status(numbers), data);
        unchecked {
            start += DeliveryGas.data(next - offset);
        }
        Charge memory taken = charge(delivery, billOf(open, data), numbers, start);
        emit Delivered(requestId, uint8(PackedReports.status(numbers)), success, msg.sender, taken);
    }

    /// @dev The same for a report that a trigger caused.
    function deliverPush(Delivery memory delivery, bytes calldata reports, uint256 offset, Origin calldata origin)
        internal
        returns (uint256 next)
    {
        uint256 start = gasleft();
        bytes32 requestId;
        uint256 numbers;
        bytes calldata data;
        (requestId, numbers, data, next) = PackedReports.outcome(reports, offset);
        if (gasleft() <= PROBE_GAS) revert InsufficientGas(requestId, PROBE_GAS);
        Target memory target = targetOf(delivery.epoch, reports, offset, origin);
        Bill memory bill;
        if (target.owner == address(0)) {
            emit Skipped(requestId, SkipReason.NoTrigger);
        } else if (pushed[requestId]) {
            emit Skipped(requestId, SkipReason.Closed);
        } else if (!holdFor(target, bill)) {
            emit Skipped(requestId, SkipReason.Unfunded);
        } else {
            pushed[requestId] = true;
            bool success = PackedReports.status(numbers) == 0 && call(requestId, target, data);
            start += DeliveryGas.data(next - offset + ORIGIN_LENGTH);
            bill.floor = DeliveryGas.floor(data);
            Charge memory taken = charge(delivery, bill, numbers, start);
            emit Pushed(
                requestId, origin.registration, uint8(PackedReports.status(numbers)), success, msg.sender, taken
            );
        }
    }

    /// @dev The registration's target; its owner is zero unless the report at `offset` is of this function, registration and
    /// event.
    function targetOf(uint64 epoch, bytes calldata reports, uint256 offset, Origin calldata origin)
        private
        view
        returns (Target memory target)
    {
        if (triggers == address(0) || origin.registration == 0) return target;
        target = ITriggers(triggers).target(origin.registration);
        bytes32 requestId =
            Digests.triggered(address(this), origin.registration, target.functionId, epoch, origin.eventHash);
        if (
            bytes32(reports[offset:offset + 32]) != requestId
                || bytes32(reports[offset + 32:offset + 64]) != target.functionId
        ) delete target;
    }

    /// @dev Reserves what a push can cost at most; false when the subscription does not have it.
    function holdFor(Target memory target, Bill memory bill) private returns (bool funded) {
        AccountSlot account = _accounts[target.subscription];
        bill.subscription = target.subscription;
        bill.prices = _pricesVersion;
        bill.held = maxCost(bill.prices, target.functionId, target.callbackGasLimit, account.asset(), block.basefee);
        // A cost beyond what a charge has room for must not undo the whole delivery.
        funded = account.exists() && account.balance() >= bill.held && bill.held <= type(uint80).max;
        if (funded) _accounts[target.subscription] = account.hold(bill.held);
    }

    /// @dev Calls the receiver, if there is one. Metadata: Keystone's layout, docs/wire.md §6.
    function call(bytes32 requestId, Target memory target, bytes calldata data) private returns (bool success) {
        if (target.receiver == address(0)) return false;
        bytes memory metadata = abi.encodePacked(target.functionId, target.name, target.owner, bytes2(0x0001));
        bytes memory message = abi.encodeCall(IReceiver.onReport, (metadata, data));
        success = Callback.exact(target.receiver, target.callbackGasLimit, requestId, message);
        if (!success) emit CallbackFailed(requestId, Callback.returned());
    }

    function answer(PendingSlot open, bytes32 requestId, uint256 status, bytes calldata data) private returns (bool success) {
        address consumer = consumerAt(open.subscription(), open.place());
        success = Callback.call(consumer, open.callbackGasLimit(), requestId, status, data);
        if (!success) emit CallbackFailed(requestId, Callback.returned());
    }

    function billOf(PendingSlot open, bytes calldata data) private pure returns (Bill memory) {
        return Bill(open.subscription(), open.reserved(), open.prices(), DeliveryGas.floor(data), true);
    }

    /// @dev Charges a subscription for a report, of what was held for it, and gives back the rest. The report's gas is what is
    /// left now less than `start`. The account is written twice, so that the first and dear time is part of that.
    function charge(Delivery memory delivery, Bill memory bill, uint256 numbers, uint256 start)
        private
        returns (Charge memory taken)
    {
        PriceSlot prices = _prices[bill.prices];
        AccountSlot account = _accounts[bill.subscription].settle(bill.held, 0);
        _accounts[bill.subscription] = account;
        uint256 rate = account.asset() == Asset.Token ? _tokenRates[bill.prices] : 0;
        uint256 least = bill.floor == 0 ? 0 : bill.floor + delivery.sharedFloor;
        uint256 gasUsed;
        unchecked {
            gasUsed = DeliveryGas.total(delivery.sharedGas + start - gasleft(), bill.clears, least);
        }
        taken = Billing.charge(
            prices,
            rate,
            bill.held,
            PackedReports.fuelUsed(numbers),
            PackedReports.slots(numbers),
            gasUsed,
            Billing.gasPrice(prices, tx.gasprice, block.basefee)
        );
        _accounts[bill.subscription] = account.credit(taken.refund);
        if (account.asset() != delivery.asset) creditDelivery(delivery);
        delivery.asset = account.asset();
        unchecked {
            delivery.work += taken.work; // what subscriptions hold, in all, has less than 128 bits
            delivery.gasCost += taken.gasCost;
        }
    }

    /// @dev Credits what the delivery took so far.
    function creditDelivery(Delivery memory delivery) internal {
        credit(delivery.epoch, delivery.asset, delivery.signers, delivery.work, delivery.gasCost);
        (delivery.work, delivery.gasCost) = (0, 0);
    }

    function skipReason(uint64 epoch, PendingSlot open) private pure returns (SkipReason) {
        if (!open.isOpen()) return SkipReason.Closed;
        return open.epoch() == epoch ? SkipReason.Expired : SkipReason.OtherEpoch;
    }
}
