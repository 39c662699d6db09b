// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {CalledByRouter} from "./CalledByRouter.sol";
import {IFunctionConsumer} from "./interfaces/IFunctionConsumer.sol";

/// @notice Base of contracts that make requests: inherit, call `_request`, override `_fulfill`.
/// @dev The router calls a contract only for requests that this contract made, once for each, in any order.
abstract contract FunctionConsumer is IFunctionConsumer, CalledByRouter {
    constructor(address router_) CalledByRouter(router_) {}

    /// @inheritdoc IFunctionConsumer
    function handleFulfillment(bytes32 requestId, bytes calldata output, bytes calldata failure) external onlyRouter {
        _fulfill(requestId, output, failure);
    }

    function _request(uint64 subscription, bytes32 functionId, bytes memory input, uint32 callbackGasLimit)
        internal
        returns (bytes32 requestId)
    {
        return router.request(subscription, functionId, input, callbackGasLimit);
    }

    /// @notice Handles one result. Exactly one of `output` and `failure` has meaning: `failure` is empty on success only.
    function _fulfill(bytes32 requestId, bytes calldata output, bytes calldata failure) internal virtual;
}
