// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {FunctionConsumer} from "../FunctionConsumer.sol";

/// @notice Keeps the latest price a function reported as `abi.encode(uint256 price, uint64 timestamp)`.
/// @dev For trying functions out: whoever asks names function and subscription, so anybody can set the price and spend every
/// subscription that has this contract as a consumer. A contract that acts on what it is told fixes both, or who may choose.
contract PriceConsumer is FunctionConsumer {
    uint32 public constant CALLBACK_GAS = 150_000;

    uint256 public price;
    uint64 public timestamp; // of `price`; never goes back
    bytes32 public lastRequestId; // the latest answered
    bytes public lastError; // of the latest answer; empty if it was a price
    mapping(bytes32 requestId => bool) public pending;

    event PriceRequested(bytes32 indexed requestId);
    event PriceUpdated(bytes32 indexed requestId, uint256 price, uint64 timestamp);
    event PriceFailed(bytes32 indexed requestId, bytes failure);

    /// @notice This contract is not waiting for such a request.
    error UnknownRequest(bytes32 requestId);

    constructor(address router) FunctionConsumer(router) {}

    /// @notice Asks `functionId` for a price.
    function requestPrice(uint64 subscription, bytes32 functionId, bytes calldata input)
        external
        returns (bytes32 requestId)
    {
        requestId = _request(subscription, functionId, input, CALLBACK_GAS);
        pending[requestId] = true;
        emit PriceRequested(requestId);
    }

    function _fulfill(bytes32 requestId, bytes calldata output, bytes calldata failure) internal override {
        if (!pending[requestId]) revert UnknownRequest(requestId);
        delete pending[requestId];
        lastRequestId = requestId;
        lastError = failure;
        if (failure.length != 0) {
            emit PriceFailed(requestId, failure);
            return;
        }
        (uint256 newPrice, uint64 newTimestamp) = abi.decode(output, (uint256, uint64));
        if (newTimestamp >= timestamp) (price, timestamp) = (newPrice, newTimestamp);
        emit PriceUpdated(requestId, newPrice, newTimestamp);
    }
}
