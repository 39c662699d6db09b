// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

/// @notice What an unmodified Chainlink Functions client calls and hears: docs/compat.md.
/// @dev Requests go to this project's router, as requests for one function. They are paid by a subscription of that router,
/// which must have both the client and this contract as consumers: so nobody spends another's subscription.
interface IChainlinkFunctionsRouter {
    /// @notice How a request ended; the two of Chainlink's seven results that happen here.
    enum FulfillResult {
        FULFILLED,
        USER_CALLBACK_ERROR // the client reverted, used up its gas or has no code
    }

    /// @notice A client made a request; `IRouter.Requested` of the same id holds its data.
    event ClientRequested(
        bytes32 indexed requestId,
        bytes32 indexed donId,
        address indexed client,
        uint64 subscription,
        uint32 callbackGasLimit
    );
    /// @notice A client was called back. Chainlink's event, so that what waits for it off chain hears it.
    /// @param totalCostJuels 0: what it cost stands in `IRouter.Delivered`.
    /// @param transmitter zero, for the same reason.
    /// @param callbackReturnData the start of what the client returned or reverted with.
    event RequestProcessed(
        bytes32 indexed requestId,
        uint64 indexed subscriptionId,
        uint96 totalCostJuels,
        address transmitter,
        FulfillResult resultCode,
        bytes response,
        bytes err,
        bytes callbackReturnData
    );

    /// @notice The request has no data. As Chainlink's.
    error EmptyRequestData();
    /// @notice The data is not of version 1. As Chainlink's.
    error UnsupportedRequestDataVersion();
    /// @notice The caller is not a consumer of the subscription. As Chainlink's.
    error InvalidConsumer();
    /// @notice The function may return more than `MAX_OUTPUT` bytes, for which a callback's gas is not reckoned.
    error OutputTooLong(uint256 length);

    /// @notice Makes a request that the caller is called back for.
    /// @param subscriptionId a subscription of `router()` whose consumers are the caller and this contract.
    /// @param data the request in CBOR, as FunctionsRequest encodes it; the function's input.
    /// @param dataVersion 1.
    /// @param callbackGasLimit gas of the callback, exactly.
    /// @param donId only repeated in the event: the committee is the router's.
    function sendRequest(
        uint64 subscriptionId,
        bytes calldata data,
        uint16 dataVersion,
        uint32 callbackGasLimit,
        bytes32 donId
    ) external returns (bytes32 requestId);

    /// @notice Gas that is asked from the router so that a client gets `callbackGasLimit`: what `IPricing.estimateCost` and
    /// the router's `maxCallbackGas` are about.
    function callbackGas(uint32 callbackGasLimit) external view returns (uint256);

    /// @notice An open request; all zero when it is none, or no longer. One that expired stays.
    function clientOf(bytes32 requestId)
        external
        view
        returns (address client, uint32 callbackGasLimit, uint64 subscription);

    /// @notice The function that runs clients' sources.
    function functionId() external view returns (bytes32);
}
