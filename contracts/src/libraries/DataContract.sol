// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

/// @notice Bytes kept as the code of a contract of their own: one write, cheap to read whole.
/// @dev Code = STOP (so that it cannot be called) ++ data.
library DataContract {
    /// @notice The contract could not be created; its data may be too long.
    error CreationFailed();

    // PUSH1 11 CODESIZE SUB DUP1 PUSH1 11 PUSH0 CODECOPY PUSH0 RETURN: returns all code behind these 11 bytes.
    // CODESIZE is pushed after 11, so SUB gives CODESIZE - 11.
    bytes11 private constant INIT = hex"600b380380600b5f395ff3";

    function write(bytes memory data) internal returns (address pointer) {
        bytes memory code = abi.encodePacked(INIT, bytes1(0), data);
        assembly ("memory-safe") {
            pointer := create(0, add(code, 32), mload(code))
        }
        if (pointer == address(0)) revert CreationFailed();
    }

    function read(address pointer) internal view returns (bytes memory data) {
        data = new bytes(pointer.code.length - 1);
        assembly ("memory-safe") {
            extcodecopy(pointer, add(data, 32), 1, mload(data))
        }
    }
}
