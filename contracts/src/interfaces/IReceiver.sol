// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {IERC165} from "@openzeppelin/contracts/utils/introspection/IERC165.sol";

/// @notice A contract that takes reports nobody requested (triggers). Same selector and ERC-165 id as Keystone's IReceiver.
interface IReceiver is IERC165 {
    /// @notice Handles one report.
    /// @param metadata who made the report and for which workflow, 64 packed bytes.
    /// @param report the function's output.
    function onReport(bytes calldata metadata, bytes calldata report) external;
}
