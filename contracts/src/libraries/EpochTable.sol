// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {DataContract} from "./DataContract.sol";

/// @notice Writes one data contract; created with CREATE2, so that what it creates first has an address known beforehand.
contract TableWriter {
    function write(bytes calldata data) external returns (address) {
        return DataContract.write(data);
    }
}

/// @notice The data contract that holds one epoch's keys for one verifier.
/// @dev Its address follows from (committee, epoch, index) alone: a delivery finds verifier, n, quorum and keys with one
/// account access and no storage read. Code:
///
/// | offset | bytes | is |
/// | --- | --- | --- |
/// | 0 | 1 | STOP |
/// | 1 | 9 | zero |
/// | 10 | 1 | n |
/// | 11 | 1 | quorum |
/// | 12 | 20 | verifier |
/// | 32 | | what the verifier's `snapshot` returned |
library EpochTable {
    uint256 internal constant HEADER = 32;

    /// @notice The hash that the tables' addresses depend on.
    function writerHash() internal pure returns (bytes32) {
        return keccak256(type(TableWriter).creationCode);
    }

    /// @notice Creates the table; the caller is the committee in `locate`.
    function create(uint64 epoch, uint256 index, address verifier, uint256 n, uint256 quorum, bytes memory keys)
        internal
        returns (address)
    {
        TableWriter writer = new TableWriter{salt: bytes32(salt(epoch, index))}();
        return writer.write(abi.encodePacked(bytes9(0), uint8(n), uint8(quorum), verifier, keys));
    }

    function salt(uint64 epoch, uint256 index) internal pure returns (uint256) {
        return uint256(epoch) << 8 | index;
    }

    /// @notice Address of the table, whether or not it exists; `hash` is `writerHash()`, `index` less than 256.
    /// @dev keccak256(d694 ++ keccak256(ff ++ committee ++ salt ++ hash)[12:] ++ 01)[12:]: CREATE2, then the RLP of
    /// [writer, nonce 1].
    function locate(address committee, bytes32 hash, uint64 epoch, uint256 index)
        internal
        pure
        returns (address table)
    {
        uint256 salted = salt(epoch, index);
        assembly ("memory-safe") {
            let free := mload(0x40)
            mstore(free, or(shl(248, 0xff), shl(88, committee)))
            mstore(add(free, 21), salted)
            mstore(add(free, 53), hash)
            let writer := and(keccak256(free, 85), sub(shl(160, 1), 1))
            mstore(free, or(shl(240, 0xd694), or(shl(80, writer), shl(72, 1))))
            table := and(keccak256(free, 23), sub(shl(160, 1), 1))
        }
    }

    /// @notice The header's fields; all zero when there is no table at this address.
    function header(address table) internal view returns (address verifier, uint256 n, uint256 quorum) {
        uint256 word;
        assembly ("memory-safe") {
            mstore(0, 0)
            extcodecopy(table, 0, 0, 32)
            word := mload(0)
        }
        verifier = address(uint160(word));
        quorum = uint8(word >> 160);
        n = uint8(word >> 168);
    }
}
