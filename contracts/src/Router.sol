// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {Deliveries} from "./Deliveries.sol";
import {ICommittee} from "./interfaces/ICommittee.sol";
import {IRouter} from "./interfaces/IRouter.sol";
import {Digests} from "./libraries/Digests.sol";
import {Pricing} from "./Pricing.sol";
import {Settings} from "./Settings.sol";
import {Subscriptions} from "./Subscriptions.sol";
import {AccountSlot} from "./types/AccountSlot.sol";
import {Prices} from "./types/Billing.sol";
import {CLOSED, PendingSlot, pack} from "./types/PendingSlot.sol";
import {Origin, Pending, Quote, RequestContext} from "./types/Types.sol";

/// @notice Takes requests and delivers attested reports, each request at most once.
/// @dev A request is closed (its slot deleted) before its consumer is called, so re-entering finds it closed.
/// An epoch's keys are good for the requests that began in it until those requests' deadlines: that is the grace period.
contract Router is Deliveries {
    constructor(
        address owner,
        address committee_,
        address functions_,
        address token_,
        uint256 changeDelay_,
        Prices memory prices_
    ) Settings(owner, committee_, functions_) Subscriptions(token_) Pricing(changeDelay_, prices_, token_ != address(0)) {}

    /// @inheritdoc IRouter
    function request(uint64 subscription, bytes32 functionId, bytes calldata input, uint32 callbackGasLimit)
        external
        returns (bytes32 requestId)
    {
        if (paused) revert Paused();
        if (input.length > maxInputLength) revert InputTooLong(input.length, maxInputLength);
        if (callbackGasLimit > maxCallbackGas) revert CallbackGasTooHigh(callbackGasLimit, maxCallbackGas);
        uint64 epoch = ICommittee(committee).currentEpoch();
        if (epoch == 0) revert NoEpoch();
        RequestContext memory context = RequestContext({
            nonce: nonce++,
            blockNumber: uint64(block.number),
            blockTimestamp: uint64(block.timestamp),
            parentHash: blockhash(block.number - 1),
            sender: msg.sender,
            subscription: subscription,
            functionId: functionId,
            epoch: epoch,
            inputHash: keccak256(input),
            callbackGasLimit: callbackGasLimit,
            consumer: msg.sender
        });
        requestId = Digests.requestId(address(this), context);
        uint256 place = placeOf(subscription, msg.sender);
        Quote memory quoted = reserve(subscription, functionId, callbackGasLimit);
        uint32 deadline = uint32(block.timestamp) + requestTimeout;
        _pending[requestId] =
            pack(subscription, place, callbackGasLimit, epoch, deadline, quoted.maxCost, quoted.prices);
        emit Requested(requestId, functionId, msg.sender, context, deadline, quoted, input);
    }

    /// @inheritdoc IRouter
    function fulfill(uint64 epoch, uint256 verifierIndex, bytes calldata reports, bytes calldata proof) external {
        Delivery memory delivery;
        (delivery.epoch, delivery.startGas) = (epoch, gasleft());
        attested(delivery, verifierIndex, reports, proof);
        uint256 offset;
        while (offset < reports.length) {
            offset = deliver(delivery, reports, offset);
        }
        creditDelivery(delivery);
    }

    /// @inheritdoc IRouter
    function push(
        uint64 epoch,
        uint256 verifierIndex,
        bytes calldata reports,
        bytes calldata proof,
        Origin[] calldata origins
    ) external {
        Delivery memory delivery;
        (delivery.epoch, delivery.startGas) = (epoch, gasleft());
        if (paused) revert Paused();
        if (!ICommittee(committee).isLive(epoch)) revert EpochEnded(epoch);
        attested(delivery, verifierIndex, reports, proof);
        uint256 offset;
        uint256 count;
        for (; offset < reports.length; ++count) {
            if (count == origins.length) revert BadOrigins(origins.length, count + 1);
            offset = deliverPush(delivery, reports, offset, origins[count]);
        }
        if (count != origins.length) revert BadOrigins(origins.length, count);
        creditDelivery(delivery);
    }

    /// @inheritdoc IRouter
    function expire(bytes32 requestId) external {
        PendingSlot open = _pending[requestId];
        if (!open.isOpen()) revert NotPending(requestId);
        if (block.timestamp < open.deadline()) revert NotExpired(requestId, open.deadline());
        _pending[requestId] = CLOSED;
        uint256 held = open.reserved();
        _accounts[open.subscription()] = _accounts[open.subscription()].settle(held, held);
        emit Expired(requestId, consumerAt(open.subscription(), open.place()), held);
    }

    /// @inheritdoc IRouter
    function pending(bytes32 requestId) external view returns (Pending memory) {
        PendingSlot open = _pending[requestId];
        return Pending({
            consumer: consumerAt(open.subscription(), open.place()),
            callbackGasLimit: uint32(open.callbackGasLimit()),
            epoch: uint32(open.epoch()),
            deadline: uint32(open.deadline()),
            subscription: uint64(open.subscription()),
            reserved: uint80(open.reserved()),
            prices: uint32(open.prices())
        });
    }

    /// @dev Reserves what the request can cost at most.
    function reserve(uint64 subscription, bytes32 functionId, uint32 callbackGasLimit)
        private
        returns (Quote memory quoted)
    {
        AccountSlot account = _accounts[subscription];
        if (!account.exists()) revert UnknownSubscription(subscription);
        uint32 version = _pricesVersion;
        uint256 cost = quote(version, functionId, callbackGasLimit, account.asset(), block.basefee);
        if (account.balance() < cost) revert InsufficientBalance(subscription, account.balance(), cost);
        _accounts[subscription] = account.hold(cost);
        return Quote(uint80(cost), version);
    }
}
