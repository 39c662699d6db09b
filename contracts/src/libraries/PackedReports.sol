// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {IRouter} from "../interfaces/IRouter.sol";
import {Report} from "../types/Types.sol";
import {Digests} from "./Digests.sol";
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
library PackedReports {
    uint256 internal constant HEAD = 115;

    /// @notice The root over the reports' leaves; reverts for an empty or truncated list.
    function root(bytes calldata reports) internal pure returns (bytes32) {
        uint256 count;
        for (uint256 offset; offset < reports.length; ++count) {
            offset = end(reports, offset);
        }
        if (count == 0) revert IRouter.NoReports();
        bytes32[] memory leaves = new bytes32[](count);
        uint256 start;
        for (uint256 i; i < count; ++i) {
            (leaves[i], start) = leaf(reports, start);
        }
        return MerkleRoot.root(leaves);
    }

    /// @notice What delivery needs of the report at `offset`, and where the next begins.
    function outcome(bytes calldata reports, uint256 offset)
        internal
        pure
        returns (bytes32 requestId, uint8 status, bytes calldata output, uint256 next)
    {
        next = end(reports, offset);
        requestId = bytes32(reports[offset:]);
        status = uint8(reports[offset + 96]);
        output = reports[offset + HEAD:next];
    }

    function leaf(bytes calldata reports, uint256 offset) internal pure returns (bytes32 hash, uint256 next) {
        next = end(reports, offset);
        bytes calldata packed = reports[offset:next];
        Report memory report = Report({
            requestId: bytes32(packed),
            functionId: bytes32(packed[32:]),
            transcriptHash: bytes32(packed[64:]),
            status: uint8(packed[96]),
            round: uint32(bytes4(packed[97:])),
            slots: uint16(bytes2(packed[101:])),
            fuelUsed: uint64(bytes8(packed[103:])),
            outputHash: keccak256(packed[HEAD:])
        });
        return (Digests.leaf(report), next);
    }

    function end(bytes calldata reports, uint256 offset) private pure returns (uint256 next) {
        if (reports.length < offset + HEAD) revert IRouter.MalformedReports(offset);
        next = offset + HEAD + uint32(bytes4(reports[offset + 111:]));
        if (reports.length < next) revert IRouter.MalformedReports(offset);
    }
}
