// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {IRouter} from "../interfaces/IRouter.sol";
import {MerkleRoot} from "./MerkleRoot.sol";

/// @notice Reports with their outputs, packed one after another as `IRouter.fulfill` takes them (docs/wire.md §6):
///
/// | offset | bytes | field |
/// | --- | --- | --- |
/// | 0 | 32 | requestId |
/// | 32 | 32 | functionId |
/// | 64 | 32 | transcriptHash |
/// | 96 | 1 | status |
/// | 97 | 4 | round |
/// | 101 | 2 | slots |
/// | 103 | 8 | fuelUsed |
/// | 111 | 4 | length |
/// | 115 | length | output, error bytes or trap code; the report's outputHash is its keccak256 |
///
/// @dev Assembly, for the gas of batches (docs/gas.md); tested against `Digests.leaf`.
library PackedReports {
    uint256 internal constant HEAD = 115;

    // For counting bytes a word at a time: every byte's low seven bits, and its lowest.
    uint256 private constant SEVENS = 0x7f7f7f7f7f7f7f7f7f7f7f7f7f7f7f7f7f7f7f7f7f7f7f7f7f7f7f7f7f7f7f7f;
    uint256 private constant ONES = 0x0101010101010101010101010101010101010101010101010101010101010101;

    /// @notice The root over the reports' leaves, and how many they are; reverts for an empty or truncated list.
    function root(bytes calldata reports) internal pure returns (bytes32 hash, uint256 count) {
        uint256 length = reports.length;
        if (length == 0) revert IRouter.NoReports();
        bytes32[] memory leaves;
        assembly ("memory-safe") {
            // Space for as many leaves as there can be reports; `leaf` works behind it.
            leaves := mload(0x40)
            mstore(0x40, add(leaves, shl(5, add(2, div(length, HEAD)))))
        }
        uint256 offset;
        unchecked {
            while (offset < length) {
                uint256 start = offset;
                uint256 data = dataLength(reports, start);
                offset = start + HEAD + data;
                if (offset > length) revert IRouter.MalformedReports(start);
                bytes32 node = leaf(reports, start, data);
                ++count;
                assembly ("memory-safe") {
                    mstore(add(leaves, shl(5, count)), node)
                }
            }
        }
        assembly ("memory-safe") {
            mstore(leaves, count)
        }
        hash = MerkleRoot.root(leaves);
    }

    /// @notice What delivery needs of the report at `offset`, and where the next begins; `root` has checked the lengths.
    /// `numbers` holds status, round, slots and fuelUsed as they are packed.
    function outcome(bytes calldata reports, uint256 offset)
        internal
        pure
        returns (bytes32 requestId, uint256 numbers, bytes calldata data, uint256 next)
    {
        uint256 length = dataLength(reports, offset);
        assembly ("memory-safe") {
            let start := add(reports.offset, offset)
            requestId := calldataload(start)
            numbers := calldataload(add(start, 96))
            data.offset := add(start, HEAD)
            data.length := length
            next := add(add(offset, HEAD), length)
        }
    }

    /// @notice How many bytes are not zero; about two gas a byte.
    function countNonZero(bytes calldata data) internal pure returns (uint256 count) {
        unchecked {
            for (uint256 i; i < data.length; i += 32) {
                uint256 word;
                assembly ("memory-safe") {
                    word := calldataload(add(data.offset, i))
                }
                if (data.length - i < 32) word &= ~(type(uint256).max >> 8 * (data.length - i));
                // A byte's top bit is set by the carry of its low bits or is its own.
                count += (((word & SEVENS) + SEVENS | word) >> 7 & ONES) * ONES >> 248;
            }
        }
    }

    function status(uint256 numbers) internal pure returns (uint256) {
        return numbers >> 248;
    }

    function slots(uint256 numbers) internal pure returns (uint256) {
        return uint16(numbers >> 200);
    }

    function fuelUsed(uint256 numbers) internal pure returns (uint256) {
        return uint64(numbers >> 136);
    }

    function dataLength(bytes calldata reports, uint256 offset) private pure returns (uint256 length) {
        assembly ("memory-safe") {
            length := shr(224, calldataload(add(add(reports.offset, offset), 111)))
        }
    }

    /// @dev keccak256(keccak256(abi.encode(report))) of the report at `offset` with `length` bytes of output.
    function leaf(bytes calldata reports, uint256 offset, uint256 length) private pure returns (bytes32 hash) {
        assembly ("memory-safe") {
            let start := add(reports.offset, offset)
            let numbers := calldataload(add(start, 96))
            let report := mload(0x40)
            calldatacopy(add(report, 256), add(start, HEAD), length)
            calldatacopy(report, start, 96)
            mstore(add(report, 96), byte(0, numbers))
            mstore(add(report, 128), shr(224, shl(8, numbers)))
            mstore(add(report, 160), shr(240, shl(40, numbers)))
            mstore(add(report, 192), shr(192, shl(56, numbers)))
            mstore(add(report, 224), keccak256(add(report, 256), length))
            mstore(0, keccak256(report, 256))
            hash := keccak256(0, 32)
        }
    }
}
