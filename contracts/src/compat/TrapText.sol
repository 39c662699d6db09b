// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

/// @notice Failures as clients of Chainlink Functions expect them: text.
library TrapText {
    /// @notice A trap's name for its one-byte code (docs/wire.md §2); any other failure, and none, as it is. No guest
    /// returns such a byte as an error of its own: the compatibility function's errors are text.
    function read(bytes calldata failure) internal pure returns (bytes memory) {
        if (failure.length != 1) return failure;
        if (failure[0] == 0x01) return "trap: out of fuel";
        if (failure[0] == 0x02) return "trap: stack too deep";
        if (failure[0] == 0x03) return "trap: illegal operation";
        if (failure[0] == 0x04) return "trap: rule of the guest interface broken";
        return failure;
    }
}
