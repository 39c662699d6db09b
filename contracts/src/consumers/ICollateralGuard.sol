// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {AttestedPrice} from "./AttestedPrice.sol";

/// @notice A lending market whose prices and liquidations come in reports.
/// @dev Output of the function, on request and pushed alike: abi.encode(uint256 price, uint64 timestamp,
/// address[] accounts), 128 bytes and 32 for each account. Looking through all positions is the function's work; the
/// contract takes its price within bounds and checks the health of the named accounts itself.
interface ICollateralGuard {
    /// @notice Why a named account was left alone.
    enum Reason {
        NoAddress, // the word is none
        NotLiquidatable, // its collateral covers its debt at the price, or it has none
        EmptyReserve // anyone may `liquidate` it
    }

    /// @notice A report moved the price; of its accounts the first `handled` were looked at. None are when the price is
    /// unsettled; the rest when there are more than `MAX_ACCOUNTS` or the callback's gas ends.
    /// @param requestId zero when it was pushed.
    event ReportTaken(bytes32 indexed requestId, uint256 accounts, uint256 handled);
    /// @notice A report changed nothing.
    event ReportRefused(bytes32 indexed requestId, AttestedPrice.Refusal refusal);
    /// @notice A named account was left alone.
    event Spared(address indexed account, Reason reason);
    /// @notice Somebody asked for a report.
    event CheckRequested(bytes32 indexed requestId, address indexed by);

    /// @notice A report was asked for before `readyAt`.
    error CheckedRecently(uint256 readyAt);

    /// @notice Runs the function; its input is abi.encode(address market). Anyone may, once in `CHECK_INTERVAL`; the
    /// contract's subscription pays.
    function check() external returns (bytes32 requestId);
}
