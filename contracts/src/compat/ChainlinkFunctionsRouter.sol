// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {FunctionConsumer} from "../FunctionConsumer.sol";
import {IFunctionRegistry} from "../interfaces/IFunctionRegistry.sol";
import {IRouter} from "../interfaces/IRouter.sol";
import {ISubscriptions} from "../interfaces/ISubscriptions.sol";
import {Callback} from "../libraries/Callback.sol";
import {IChainlinkFunctionsRouter} from "./IChainlinkFunctionsRouter.sol";
import {IFunctionsClient} from "./IFunctionsClient.sol";
import {TrapText} from "./TrapText.sol";

/// @notice Stands between clients of Chainlink Functions and the router: to them a FunctionsRouter, to it a consumer.
/// @dev No owner, no setting: router and function are for ever. The router gives a callback exactly the gas that was asked
/// for, so a client's exact gas is a matter of asking for enough.
contract ChainlinkFunctionsRouter is IChainlinkFunctionsRouter, FunctionConsumer {
    struct Open {
        address client;
        uint32 callbackGasLimit;
        uint64 subscription;
    }

    // As FunctionsRequest.REQUEST_DATA_VERSION.
    uint16 private constant DATA_VERSION = 1;

    uint256 public constant MAX_OUTPUT = 4_096; // 16 times what Chainlink returns at most
    uint256 private constant MAX_ERROR = 1_024; // the execution profile's ceiling

    // Gas of a callback beside the client's and what `Callback.exact` keeps back: the request read and cleared, the client's
    // account. 6,000 was enough with every access cold.
    uint256 private constant CALLBACK_OVERHEAD = 10_000;
    // The same for each 32 bytes of the longest result, written to memory twice and into the event: 150 was enough.
    uint256 private constant WORD_OVERHEAD = 200;

    /// @inheritdoc IChainlinkFunctionsRouter
    bytes32 public immutable functionId;
    uint256 private immutable OVERHEAD;

    /// @inheritdoc IChainlinkFunctionsRouter
    mapping(bytes32 requestId => Open) public clientOf;

    constructor(address router_, bytes32 functionId_) FunctionConsumer(router_) {
        functionId = functionId_;
        uint256 longest = IFunctionRegistry(router.functions()).limits(functionId_).outputBytes;
        if (longest > MAX_OUTPUT) revert OutputTooLong(longest);
        if (longest < MAX_ERROR) longest = MAX_ERROR;
        OVERHEAD = Callback.OVERHEAD + CALLBACK_OVERHEAD + (longest + 31) / 32 * WORD_OVERHEAD;
    }

    /// @inheritdoc IChainlinkFunctionsRouter
    function sendRequest(
        uint64 subscriptionId,
        bytes calldata data,
        uint16 dataVersion,
        uint32 callbackGasLimit,
        bytes32 donId
    ) external returns (bytes32 requestId) {
        if (!ISubscriptions(address(router)).isConsumer(subscriptionId, msg.sender)) revert InvalidConsumer();
        if (data.length == 0) revert EmptyRequestData();
        if (dataVersion != DATA_VERSION) revert UnsupportedRequestDataVersion();
        uint256 gasLimit = callbackGas(callbackGasLimit);
        if (gasLimit > type(uint32).max) revert IRouter.CallbackGasTooHigh(gasLimit, type(uint32).max);
        requestId = _request(subscriptionId, functionId, data, uint32(gasLimit));
        clientOf[requestId] = Open(msg.sender, callbackGasLimit, subscriptionId);
        emit ClientRequested(requestId, donId, msg.sender, subscriptionId, callbackGasLimit);
    }

    /// @inheritdoc IChainlinkFunctionsRouter
    function callbackGas(uint32 callbackGasLimit) public view returns (uint256) {
        return uint256(callbackGasLimit) + callbackGasLimit / 63 + OVERHEAD; // EIP-150 keeps back one part in 64
    }

    /// @inheritdoc FunctionConsumer
    function _fulfill(bytes32 requestId, bytes calldata output, bytes calldata failure) internal override {
        Open memory open = clientOf[requestId];
        delete clientOf[requestId];
        bytes memory err = TrapText.read(failure);
        bytes memory message = abi.encodeCall(IFunctionsClient.handleOracleFulfillment, (requestId, output, err));
        bool success = answer(open, requestId, message);
        emit RequestProcessed(
            requestId,
            open.subscription,
            0,
            address(0),
            success ? FulfillResult.FULFILLED : FulfillResult.USER_CALLBACK_ERROR,
            output,
            err,
            Callback.returned()
        );
    }

    /// @dev Calls the client as Chainlink does: with exactly its gas, and not at all when it has no code.
    function answer(Open memory open, bytes32 requestId, bytes memory message) private returns (bool success) {
        if (open.client.code.length == 0) return false;
        return Callback.exact(open.client, open.callbackGasLimit, requestId, message);
    }
}
