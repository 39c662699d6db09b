// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {PackedReports} from "./PackedReports.sol";

/// @notice The gas a delivery is charged as: what the router measures, and what it cannot.
/// @dev Unchecked: a transaction's gas and data have 32 bits. The constants are fitted to receipts of anvil (tests/contracts/test_billing.py keeps them within 100 % and 105 % of
/// the real gas); docs/billing.md says what they leave out.
library DeliveryGas {
    // The transaction and its fixed calldata, the call's own code, earnings written at the end.
    uint256 private constant DELIVERY = 21_000 + 2_000 + 5_800;
    // What follows a report's measurement: its charge and its event.
    uint256 private constant REPORT = 4_850;
    uint256 private constant PUSH = 400; // what a push's event and its origin cost more
    uint256 private constant DATA = 16; // a byte of calldata that is not zero
    // What clearing a request's slot gives back, a fifth of the transaction's gas at most (EIP-3529).
    uint256 private constant CLEARING_REFUND = 4_800;
    uint256 private constant MAX_REFUND_QUOTIENT = 5;

    // EIP-7623: a transaction costs at least 21,000 and this for its data, which is more than delivering a long output does.
    uint256 private constant DELIVERY_FLOOR = 21_000 + 2_600; // with 200 bytes of fixed calldata, most of them zero
    uint256 private constant DATA_FLOOR = 40; // a byte that is not zero
    uint256 private constant ZERO_FLOOR = 10;
    uint256 private constant SHORT = 256; // bytes of output up to which a delivery costs more than that anyway

    /// @notice A report's part of what serves all: `measured` gas, and a proof of so many bytes.
    function shared(uint256 measured, uint256 proofLength, uint256 count) internal pure returns (uint256) {
        unchecked {
            return (DELIVERY + DATA * proofLength + measured) / count;
        }
    }

    /// @notice A report's part of the least that the transaction costs.
    function sharedFloor(uint256 proofLength, uint256 count) internal pure returns (uint256) {
        unchecked {
            return (DELIVERY_FLOOR + DATA_FLOOR * proofLength) / count;
        }
    }

    /// @notice The gas of so many bytes of calldata.
    function data(uint256 length) internal pure returns (uint256) {
        unchecked {
            return DATA * length;
        }
    }

    /// @notice The least that a packed report with this output costs; 0 when that cannot matter.
    function floor(bytes calldata output) internal pure returns (uint256) {
        if (output.length <= SHORT) return 0;
        uint256 count = PackedReports.countNonZero(output);
        return DATA_FLOOR * (PackedReports.HEAD + count) + ZERO_FLOOR * (output.length - count);
    }

    /// @notice What a report's `measured` gas is charged as; `clears` when a request's slot was cleared; a push's is not.
    function total(uint256 measured, bool clears, uint256 least) internal pure returns (uint256 gasUsed) {
        unchecked {
            gasUsed = measured + REPORT;
            if (clears) {
                uint256 most = gasUsed / MAX_REFUND_QUOTIENT;
                gasUsed -= most < CLEARING_REFUND ? most : CLEARING_REFUND;
            } else {
                gasUsed += PUSH;
            }
            if (gasUsed < least) gasUsed = least;
        }
    }
}
