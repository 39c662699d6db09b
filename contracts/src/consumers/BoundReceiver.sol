// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {ReportReceiver} from "../ReportReceiver.sol";
import {FunctionBinding} from "./FunctionBinding.sol";

/// @notice Base of consumers that believe one function at a time, whether they asked or a trigger did.
abstract contract BoundReceiver is FunctionBinding, ReportReceiver {
    /// @inheritdoc FunctionBinding
    function _answered(bytes32 requestId, bytes calldata output) internal override {
        _take(requestId, output);
    }

    /// @inheritdoc ReportReceiver
    function _receive(bytes calldata report) internal override {
        _take(0, report);
    }

    /// @inheritdoc ReportReceiver
    function _isExpected(bytes32 functionId, address triggerOwner) internal view override returns (bool) {
        return _isBound(functionId, triggerOwner);
    }

    /// @notice Handles an output; `requestId` is zero for a report that a trigger caused.
    function _take(bytes32 requestId, bytes calldata output) internal virtual;
}
