// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

/// @notice A contract that makes requests and is called back once for each.
interface IFunctionConsumer {
    /// @notice Called by the router with exactly the gas the request asked for; a revert does not undo the delivery.
    /// @param requestId the id that `IRouter.request` returned to this contract.
    /// @param output the function's output; empty when `failure` is not.
    /// @param failure the guest's own error bytes, or the one byte of its trap code (docs/wire.md §2); empty on success.
    function handleFulfillment(bytes32 requestId, bytes calldata output, bytes calldata failure) external;
}
