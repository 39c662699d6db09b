// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {IFunctionConsumer} from "../interfaces/IFunctionConsumer.sol";
import {IRouter} from "../interfaces/IRouter.sol";

/// @notice Calls a consumer with exactly the gas it asked for and takes a bounded part of its return data.
library Callback {
    uint256 internal constant MAX_REASON = 128; // a selector and three words: Error(string) with a short text

    // What is spent between the check and the callback's first instruction: cold account access 2,600, as much again for
    // code that EIP-7702 delegates to; and what the router needs after it for its events.
    uint256 private constant OVERHEAD = 12_000;

    /// @notice Calls `handleFulfillment`; `data` is the output when status is 0, else the failure. Reverts with
    /// `InsufficientGas` when the callback would get less than all of its limit: EIP-150 keeps back one part in 64.
    /// @dev Assembly, because solc copies return data of any length. The message is written past the free pointer, and
    /// before the check, since memory has no fixed price.
    function call(address consumer, uint256 gasLimit, bytes32 requestId, uint256 status, bytes calldata data)
        internal
        returns (bool success)
    {
        bytes32 insufficient = IRouter.InsufficientGas.selector;
        bytes32 selector = IFunctionConsumer.handleFulfillment.selector;
        assembly ("memory-safe") {
            let message := mload(0x40)
            let arguments := add(message, 4)
            let padded := and(add(data.length, 31), not(31))
            mstore(message, selector)
            mstore(arguments, requestId)
            mstore(add(arguments, 32), 96) // output stands first
            let content := add(arguments, 96)
            let size := add(164, padded)
            switch status
            case 0 {
                mstore(add(arguments, 64), add(128, padded))
                mstore(add(content, add(32, padded)), 0) // no failure
            }
            default {
                mstore(add(arguments, 64), 128)
                mstore(content, 0) // no output
                content := add(content, 32)
            }
            mstore(add(content, padded), 0) // the padding, or the length below
            mstore(content, data.length)
            calldatacopy(add(content, 32), data.offset, data.length)
            if iszero(gt(gas(), add(add(gasLimit, div(gasLimit, 63)), OVERHEAD))) {
                mstore(message, insufficient)
                mstore(arguments, requestId)
                mstore(add(arguments, 32), gasLimit)
                revert(message, 68)
            }
            success := call(gasLimit, consumer, 0, message, size, 0, 0)
        }
    }

    /// @notice The start of what the last call returned.
    function returned() internal pure returns (bytes memory reason) {
        assembly ("memory-safe") {
            let size := returndatasize()
            if gt(size, MAX_REASON) { size := MAX_REASON }
            reason := mload(0x40)
            mstore(0x40, add(add(reason, 32), MAX_REASON))
            mstore(reason, size)
            returndatacopy(add(reason, 32), 0, size)
        }
    }
}
