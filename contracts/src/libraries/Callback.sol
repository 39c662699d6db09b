// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {IFunctionConsumer} from "../interfaces/IFunctionConsumer.sol";
import {IRouter} from "../interfaces/IRouter.sol";

/// @notice Calls a consumer with exactly the gas it asked for and takes a bounded part of its return data.
library Callback {
    uint256 internal constant MAX_REASON = 128; // a selector and three words: Error(string) with a short text

    // What is spent between the check and the callback's first instruction: cold account access 2,600, as much again for
    // code that EIP-7702 delegates to; and what the router needs after it for its books and events.
    uint256 internal constant OVERHEAD = 30_000;

    /// @notice Calls `handleFulfillment`; `data` is the output when status is 0, else the failure.
    function call(address consumer, uint256 gasLimit, bytes32 requestId, uint256 status, bytes calldata data)
        internal
        returns (bool success)
    {
        (uint256 message, uint256 size) = encode(requestId, status, data);
        return exact(consumer, gasLimit, requestId, message, size);
    }

    /// @notice Calls `target` with the `size` bytes of memory at `message`. Reverts with `InsufficientGas` when it would get
    /// less than all of its limit: EIP-150 keeps back one part in 64.
    /// @dev Checked when the message is written, since memory has no fixed price. Assembly, because solc copies return data
    /// of any length.
    function exact(address target, uint256 gasLimit, bytes32 requestId, uint256 message, uint256 size)
        internal
        returns (bool success)
    {
        if (gasleft() <= gasLimit + gasLimit / 63 + OVERHEAD) revert IRouter.InsufficientGas(requestId, gasLimit);
        assembly ("memory-safe") {
            success := call(gasLimit, target, 0, message, size, 0, 0)
        }
    }

    /// @notice The same with a message that is a value.
    function exact(address target, uint256 gasLimit, bytes32 requestId, bytes memory message)
        internal
        returns (bool success)
    {
        uint256 start;
        assembly ("memory-safe") {
            start := add(message, 32)
        }
        return exact(target, gasLimit, requestId, start, message.length);
    }

    /// @dev abi.encodeCall(handleFulfillment, (requestId, output, failure)), written past the free pointer.
    function encode(bytes32 requestId, uint256 status, bytes calldata data)
        private
        pure
        returns (uint256 message, uint256 size)
    {
        bytes32 selector = IFunctionConsumer.handleFulfillment.selector;
        assembly ("memory-safe") {
            message := mload(0x40)
            let arguments := add(message, 4)
            let padded := and(add(data.length, 31), not(31))
            mstore(message, selector)
            mstore(arguments, requestId)
            mstore(add(arguments, 32), 96) // output stands first
            let content := add(arguments, 96)
            size := add(164, padded)
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
