// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {Ownable, Ownable2Step} from "@openzeppelin/contracts/access/Ownable2Step.sol";
import {ICommittee} from "./interfaces/ICommittee.sol";
import {IRouter} from "./interfaces/IRouter.sol";
import {Callback} from "./libraries/Callback.sol";
import {Digests} from "./libraries/Digests.sol";
import {EpochVerifiers} from "./libraries/EpochVerifiers.sol";
import {PackedReports} from "./libraries/PackedReports.sol";
import {CLOSED, PendingSlot, pack} from "./types/PendingSlot.sol";
import {Pending, RequestContext} from "./types/Types.sol";

/// @notice Takes requests and delivers attested reports, each request at most once.
/// @dev A request is closed (its slot deleted) before its consumer is called, so re-entering finds it closed.
/// An epoch's keys are good for the requests that began in it until those requests' deadlines: that is the grace period.
contract Router is IRouter, Ownable2Step {
    struct Entry {
        PendingSlot slot;
    }

    // Bounds of what the owner may set.
    uint32 private constant MIN_TIMEOUT = 30 seconds;
    uint32 private constant MAX_TIMEOUT = 7 days;
    uint32 private constant MAX_CALLBACK_GAS = 5_000_000;
    uint32 private constant MAX_INPUT_LENGTH = 65_536;

    /// @inheritdoc IRouter
    address public immutable committee;
    bytes32 private immutable DEPLOYER_HASH = EpochVerifiers.deployerHash();
    bytes32 private immutable DOMAIN = Digests.domainSeparator(address(this));

    // One slot, read and written once a request.
    uint64 public nonce;
    uint32 public requestTimeout = 300; // seconds, as Chainlink Functions
    uint32 public maxCallbackGas = 300_000; // as Chainlink Functions
    uint32 public maxInputLength = 16_384;

    mapping(bytes32 requestId => Entry) private _pending;

    constructor(address owner, address committee_) Ownable(owner) {
        committee = committee_;
    }

    /// @inheritdoc IRouter
    function request(uint64 subscription, bytes32 functionId, bytes calldata input, uint32 callbackGasLimit)
        external
        returns (bytes32 requestId)
    {
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
        uint32 deadline = uint32(block.timestamp) + requestTimeout;
        _pending[requestId].slot = pack(Pending(msg.sender, callbackGasLimit, uint32(epoch), deadline));
        emit Requested(
            requestId,
            functionId,
            msg.sender,
            msg.sender,
            subscription,
            epoch,
            context.nonce,
            context.blockTimestamp,
            context.parentHash,
            callbackGasLimit,
            deadline,
            input
        );
    }

    /// @inheritdoc IRouter
    function fulfill(uint64 epoch, uint256 verifierIndex, bytes calldata reports, bytes calldata proof) external {
        if (verifierIndex > type(uint8).max) revert UnknownVerifier(epoch, verifierIndex);
        address verifier = EpochVerifiers.locate(committee, DEPLOYER_HASH, epoch, verifierIndex);
        bytes32 digest = attestationDigest(epoch, PackedReports.root(reports));
        if (!EpochVerifiers.verify(verifier, digest, proof)) revert UnknownVerifier(epoch, verifierIndex);
        uint256 offset;
        while (offset < reports.length) {
            offset = deliver(epoch, reports, offset);
        }
    }

    /// @inheritdoc IRouter
    function expire(bytes32 requestId) external {
        PendingSlot open = _pending[requestId].slot;
        if (!open.isOpen()) revert NotPending(requestId);
        if (block.timestamp < open.deadline()) revert NotExpired(requestId, open.deadline());
        _pending[requestId].slot = CLOSED;
        emit Expired(requestId, open.consumer());
    }

    /// @inheritdoc IRouter
    function setLimits(uint32 requestTimeout_, uint32 maxCallbackGas_, uint32 maxInputLength_) external onlyOwner {
        if (
            requestTimeout_ < MIN_TIMEOUT || requestTimeout_ > MAX_TIMEOUT || maxCallbackGas_ > MAX_CALLBACK_GAS
                || maxInputLength_ > MAX_INPUT_LENGTH
        ) revert BadLimits();
        (requestTimeout, maxCallbackGas, maxInputLength) = (requestTimeout_, maxCallbackGas_, maxInputLength_);
        emit LimitsChanged(requestTimeout_, maxCallbackGas_, maxInputLength_);
    }

    /// @inheritdoc IRouter
    function pending(bytes32 requestId) external view returns (Pending memory) {
        return _pending[requestId].slot.unpack();
    }

    /// @inheritdoc IRouter
    function attestationDigest(uint64 epoch, bytes32 root) public view returns (bytes32) {
        return Digests.attestation(DOMAIN, committee, epoch, root);
    }

    /// @dev Delivers or skips the report at `offset` and returns the next one's offset.
    function deliver(uint64 epoch, bytes calldata reports, uint256 offset) private returns (uint256 next) {
        bytes32 requestId;
        uint256 status;
        bytes calldata data;
        (requestId, status, data, next) = PackedReports.outcome(reports, offset);
        Entry storage entry = _pending[requestId];
        PendingSlot open = entry.slot;
        // A closed slot is all zero: its deadline has passed.
        if (open.epoch() == epoch && block.timestamp < open.deadline()) {
            entry.slot = CLOSED;
            bool success = Callback.call(open.consumer(), open.callbackGasLimit(), requestId, status, data);
            if (!success) emit CallbackFailed(requestId, Callback.returned());
            emit Delivered(requestId, uint8(status), success, msg.sender);
        } else {
            emit Skipped(requestId, skipReason(epoch, open));
        }
    }

    function skipReason(uint64 epoch, PendingSlot open) private pure returns (SkipReason) {
        if (!open.isOpen()) return SkipReason.Closed;
        return open.epoch() == epoch ? SkipReason.Expired : SkipReason.OtherEpoch;
    }
}
