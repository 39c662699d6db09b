// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {Pending} from "../types/Types.sol";

/// @notice Takes requests, checks attestations through an epoch's verifiers and calls consumers back exactly once.
interface IRouter {
    /// @notice Why a report of a valid delivery was not delivered.
    enum SkipReason {
        Closed, // never made here, already delivered, or expired
        Expired, // past its deadline; only `expire` closes it
        OtherEpoch // began in another epoch than the one that attested
    }

    /// @notice A request was made. Together with the log's block this is everything the request id commits to.
    event Requested(
        bytes32 indexed requestId,
        bytes32 indexed functionId,
        address indexed consumer,
        address sender,
        uint64 subscription,
        uint64 epoch,
        uint64 nonce,
        uint64 blockTimestamp,
        bytes32 parentHash,
        uint32 callbackGasLimit,
        uint32 deadline,
        bytes input
    );
    /// @notice A request was closed by an attested report and its consumer called.
    /// @param status of the report: 0 Returned, 1 Failed, 2 Trapped.
    /// @param success whether the callback returned; if not, `CallbackFailed` stands before this event.
    event Delivered(bytes32 indexed requestId, uint8 status, bool success, address transmitter);
    /// @notice A callback reverted or ran out of its gas; `reason` is the start of what it returned.
    event CallbackFailed(bytes32 indexed requestId, bytes reason);
    /// @notice A report inside a valid delivery changed nothing.
    event Skipped(bytes32 indexed requestId, SkipReason reason);
    /// @notice A request was closed by its timeout.
    event Expired(bytes32 indexed requestId, address indexed consumer);
    /// @notice The limits of later requests changed.
    event LimitsChanged(uint32 requestTimeout, uint32 maxCallbackGas, uint32 maxInputLength);

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

    /// @notice Makes a request; the caller is its sender and its consumer.
    /// @param subscription who pays; recorded and bound by the id, not charged yet.
    /// @param functionId the function to run.
    /// @param input what it is given.
    /// @param callbackGasLimit gas of the callback, exactly.
    function request(uint64 subscription, bytes32 functionId, bytes calldata input, uint32 callbackGasLimit)
        external
        returns (bytes32 requestId);

    /// @notice Delivers attested reports. Anyone may call it; a report that is not deliverable is skipped.
    /// @param epoch the epoch that attested them.
    /// @param verifierIndex which of the epoch's verifiers checks `proof`.
    /// @param reports packed reports with their outputs (docs/wire.md §6).
    /// @param proof the quorum's signatures over the attestation of the reports' root.
    function fulfill(uint64 epoch, uint256 verifierIndex, bytes calldata reports, bytes calldata proof) external;

    /// @notice Closes a request whose deadline has passed. Anyone may call it.
    function expire(bytes32 requestId) external;

    /// @notice The open request with this id; all zero when there is none.
    function pending(bytes32 requestId) external view returns (Pending memory);

    /// @notice The EIP-712 digest members sign for `root` in `epoch`.
    function attestationDigest(uint64 epoch, bytes32 root) external view returns (bytes32);

    /// @notice The committee whose epochs this router obeys.
    function committee() external view returns (address);

    /// @notice Sets the limits of later requests. Owner only; open requests keep theirs.
    function setLimits(uint32 requestTimeout, uint32 maxCallbackGas, uint32 maxInputLength) external;
}
