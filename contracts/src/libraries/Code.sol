// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

/// @notice Contracts made from their runtime code: verifiers with keys in them, and bytes kept as code, which are written
/// once and cheap to read whole.
library Code {
    /// @notice The contract could not be created; it may be longer than 24,576 bytes (EIP-170).
    error CreationFailed();

    // PUSH1 11 CODESIZE SUB DUP1 PUSH1 11 PUSH0 CODECOPY PUSH0 RETURN: returns all that follows these 11 bytes.
    bytes11 private constant INIT = hex"600b380380600b5f395ff3";

    /// @notice Creates a contract with this runtime code.
    function deploy(bytes memory runtime) internal returns (address created) {
        bytes memory code = abi.encodePacked(INIT, runtime);
        assembly ("memory-safe") {
            created := create(0, add(code, 32), mload(code))
        }
        if (created == address(0)) revert CreationFailed();
    }

    /// @notice Keeps `data` as the code of a contract, behind a STOP so that it cannot be called.
    function write(bytes memory data) internal returns (address pointer) {
        return deploy(abi.encodePacked(bytes1(0), data));
    }

    /// @notice What `write` kept.
    function read(address pointer) internal view returns (bytes memory data) {
        data = new bytes(pointer.code.length - 1);
        assembly ("memory-safe") {
            extcodecopy(pointer, add(data, 32), 1, mload(data))
        }
    }

    /// @notice `count` bytes from `start` of what `write` kept, zeros behind its end.
    function read(address pointer, uint256 start, uint256 count) internal view returns (bytes memory data) {
        data = new bytes(count);
        assembly ("memory-safe") {
            extcodecopy(pointer, add(data, 32), add(start, 1), count)
        }
    }

    /// @notice How many bytes `write` kept.
    function length(address pointer) internal view returns (uint256) {
        return pointer.code.length - 1;
    }
}
