// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {Charge} from "../types/Billing.sol";
import {Origin, Pending, Quote, RequestContext} from "../types/Types.sol";

/// @notice Takes requests, checks attestations through an epoch's verifiers and calls consumers back exactly once.
interface IRouter {
    /// @notice Why a report of a valid delivery was not delivered.
    enum SkipReason {
        Closed, // never made here, already delivered, or expired
        Expired, // past its deadline; only `expire` closes it
        OtherEpoch, // began in another epoch than the one that attested
        NoTrigger, // no active registration of this function made this report
        Unfunded // the subscription's balance does not cover a push
    }

    /// @notice A request was made and `quote.maxCost` of its subscription reserved. `context` is what the request id commits
    /// to beside chain and router; `deadline` is the block timestamp from which it can only expire.
    event Requested(
        bytes32 indexed requestId,
        bytes32 indexed functionId,
        address indexed consumer,
        RequestContext context,
        uint32 deadline,
        Quote quote,
        bytes input
    );
    /// @notice A request was closed by an attested report, its consumer called and its subscription charged.
    /// @param status of the report: 0 Returned, 1 Failed, 2 Trapped.
    /// @param success whether the callback returned; if not, `CallbackFailed` stands before this event.
    event Delivered(bytes32 indexed requestId, uint8 status, bool success, address transmitter, Charge charge);
    /// @notice A report that no request asked for was delivered to its trigger's receiver and charged.
    /// @param success whether the receiver took it; false without a call when there is no receiver, when it does not answer
    /// ERC-165 for `IReceiver`, or when the status is not 0.
    event Pushed(
        bytes32 indexed requestId,
        bytes32 indexed registration,
        uint8 status,
        bool success,
        address transmitter,
        Charge charge
    );
    /// @notice A callback reverted or ran out of its gas; `reason` is the start of what it returned.
    event CallbackFailed(bytes32 indexed requestId, bytes reason);
    /// @notice A report inside a valid delivery changed nothing.
    event Skipped(bytes32 indexed requestId, SkipReason reason);
    /// @notice A request was closed by its timeout and its reservation released.
    event Expired(bytes32 indexed requestId, address indexed consumer, uint256 refund);
    /// @notice The limits of later requests changed.
    event LimitsChanged(uint32 requestTimeout, uint32 maxCallbackGas, uint32 maxInputLength);
    /// @notice New requests and pushes are refused (or taken again). Deliveries of requests, expiry and withdrawals go on.
    event PausedChanged(bool paused, address by);
    /// @notice Who may pause beside the owner.
    event GuardianChanged(address guardian);

    /// @notice No epoch has begun.
    error NoEpoch();
    /// @notice The input is longer than `maxInputLength`.
    error InputTooLong(uint256 length, uint256 maximum);
    /// @notice The callback may not have this much gas.
    error CallbackGasTooHigh(uint256 gasLimit, uint256 maximum);
    /// @notice The delivery has no report.
    error NoReports();
    /// @notice The packed reports end in the middle of one.
    error MalformedReports(uint256 offset);
    /// @notice The epoch has no verifier at this index.
    error UnknownVerifier(uint64 epoch, uint256 index);
    /// @notice The transaction has too little gas left for a callback; deliver again with more.
    error InsufficientGas(bytes32 requestId, uint256 needed);
    /// @notice The request is not open.
    error NotPending(bytes32 requestId);
    /// @notice The request cannot expire before its deadline.
    error NotExpired(bytes32 requestId, uint256 deadline);
    /// @notice A limit is outside the range the contract allows.
    error BadLimits();
    /// @notice The router takes no new requests now.
    error Paused();
    /// @notice The caller is neither owner nor guardian.
    error NotGuardian(address caller);
    /// @notice The trigger registry was named before, or is zero.
    error TriggersSet();
    /// @notice There must be one origin for each report.
    error BadOrigins(uint256 origins, uint256 reports);
    /// @notice The epoch is neither current nor within its grace period.
    error EpochEnded(uint64 epoch);

    /// @notice Makes a request; the caller is its sender and its consumer.
    /// Its subscription must cover what it can cost at most (`IPricing.estimateCost`), which is reserved.
    /// @param subscription who pays; the caller must be one of its consumers.
    /// @param functionId the function to run, registered in `functions()`.
    /// @param input what it is given.
    /// @param callbackGasLimit gas of the callback, exactly.
    function request(uint64 subscription, bytes32 functionId, bytes calldata input, uint32 callbackGasLimit)
        external
        returns (bytes32 requestId);

    /// @notice Delivers attested reports. Anyone may call it, and earns back its gas; a report that is not deliverable is
    /// skipped.
    /// @param epoch the epoch that attested them.
    /// @param verifierIndex which of the epoch's verifiers checks `proof`.
    /// @param reports packed reports with their outputs (docs/wire.md §6).
    /// @param proof the quorum's signatures over the attestation of the reports' root.
    function fulfill(uint64 epoch, uint256 verifierIndex, bytes calldata reports, bytes calldata proof) external;

    /// @notice Delivers attested reports that triggers caused, each once, to their receivers.
    /// @param origins one for each report, in order; a zero registration skips a report that is no trigger's.
    function push(
        uint64 epoch,
        uint256 verifierIndex,
        bytes calldata reports,
        bytes calldata proof,
        Origin[] calldata origins
    ) external;

    /// @notice Closes a request whose deadline has passed and releases what was reserved for it. Anyone may call it.
    function expire(bytes32 requestId) external;

    /// @notice The open request with this id; all zero when there is none.
    function pending(bytes32 requestId) external view returns (Pending memory);

    /// @notice The EIP-712 digest members sign for `root` in `epoch`.
    function attestationDigest(uint64 epoch, bytes32 root) external view returns (bytes32);

    /// @notice Whether a triggered report was delivered.
    function pushed(bytes32 requestId) external view returns (bool);

    /// @notice Gas that a later request's callback may have at most.
    function maxCallbackGas() external view returns (uint32);

    /// @notice Bytes that a later request's input may have at most.
    function maxInputLength() external view returns (uint32);

    /// @notice The committee whose epochs this router obeys.
    function committee() external view returns (address);

    /// @notice The function registry.
    function functions() external view returns (address);

    /// @notice The trigger registry; zero before it was named.
    function triggers() external view returns (address);

    /// @notice Names the trigger registry, once. Owner only.
    /// @dev The registry says who pays for pushes, so whoever pays in before it is named trusts the owner to name an honest one.
    function setTriggers(address triggers) external;

    /// @notice Who may pause beside the owner; zero for nobody.
    function guardian() external view returns (address);

    /// @notice Whether new requests and pushes are refused.
    function paused() external view returns (bool);

    /// @notice Refuses or takes new requests and pushes. Owner or guardian; only the owner can unpause.
    function setPaused(bool paused) external;

    /// @notice Names who may pause beside the owner; zero for nobody. Owner only.
    function setGuardian(address guardian) external;

    /// @notice Sets the limits of later requests. Owner only; open requests keep theirs.
    /// @dev A batch of members' default size, 32, fits a transaction (EIP-7825: 16.7 M gas) with callbacks of up to 400,000 gas.
    function setLimits(uint32 requestTimeout, uint32 maxCallbackGas, uint32 maxInputLength) external;
}
