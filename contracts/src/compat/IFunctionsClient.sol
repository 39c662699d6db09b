// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

/// @notice What a Chainlink Functions client is called by.
interface IFunctionsClient {
    /// @notice Handles the result of a request; a revert does not undo it. One of `response` and `err` is empty, or both.
    /// @param requestId the id that `sendRequest` returned to this contract.
    /// @param response what the function returned.
    /// @param err why it did not.
    function handleOracleFulfillment(bytes32 requestId, bytes calldata response, bytes calldata err) external;
}
