// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {IFunctionConsumer} from "../interfaces/IFunctionConsumer.sol";

/// @notice Calls a consumer with exactly the gas it asked for and takes no more of its return data than it can afford.
library Callback {
    uint256 internal constant MAX_REASON = 128; // a selector and three words: enough for Error(string) of a short text

    // What the router spends between the check and the call, and after the last call: cold account access 2,600,
    // memory and logs.
    uint256 private constant OVERHEAD = 12_000;

    /// @notice Whether a call made now with this gas limit gets all of it: EIP-150 keeps back one part in 64.
    function hasGas(uint256 gasLimit) internal view returns (bool) {
        return gasleft() > gasLimit + gasLimit / 63 + OVERHEAD;
    }

    /// @notice Calls `handleFulfillment`; `data` is the output when status is 0, else the error.
    function call(address consumer, uint256 gasLimit, bytes32 requestId, uint8 status, bytes calldata data)
        internal
        returns (bool success, bytes memory reason)
    {
        bytes memory none = "";
        bytes memory message = status == 0
            ? abi.encodeCall(IFunctionConsumer.handleFulfillment, (requestId, data, none))
            : abi.encodeCall(IFunctionConsumer.handleFulfillment, (requestId, none, data));
        assembly ("memory-safe") {
            success := call(gasLimit, consumer, 0, add(message, 32), mload(message), 0, 0)
            if iszero(success) {
                let size := returndatasize()
                if gt(size, MAX_REASON) { size := MAX_REASON }
                reason := mload(0x40)
                mstore(0x40, add(add(reason, 32), MAX_REASON))
                mstore(reason, size)
                returndatacopy(add(reason, 32), 0, size)
            }
        }
    }
}
