// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {IRouter} from "../../src/interfaces/IRouter.sol";
import {Digests} from "../../src/libraries/Digests.sol";
import {MerkleRoot} from "../../src/libraries/MerkleRoot.sol";
import {Charge} from "../../src/types/Billing.sol";
import {Report} from "../../src/types/Types.sol";
import {FUNCTION} from "./Functions.sol";
import {Network} from "./Network.sol";
import {Vm} from "./Test.sol";

/// @notice Deliveries whose charges the test reads from their events.
abstract contract Charged is Network {
    bytes internal constant OUTPUT = "output";

    /// @dev A report of a run that used this much.
    function ran(bytes32 id, uint64 fuelUsed, uint16 slots, bytes memory output) internal pure returns (Report memory) {
        return Report(id, FUNCTION, keccak256("transcript"), 0, 437_500_000, slots, fuelUsed, keccak256(output));
    }

    /// @dev Delivers reports with `OUTPUT` on these requests; a skipped one's charge is zero.
    function charges(bytes32[] memory ids) internal returns (Charge[] memory) {
        Report[] memory reports = new Report[](ids.length);
        for (uint256 i; i < ids.length; ++i) {
            reports[i] = report(ids[i], 0, OUTPUT);
        }
        return charges(reports, OUTPUT);
    }

    function charge(bytes32 id) internal returns (Charge memory) {
        bytes32[] memory ids = new bytes32[](1);
        ids[0] = id;
        return charges(ids)[0];
    }

    function charge(Report memory single, bytes memory output) internal returns (Charge memory) {
        Report[] memory reports = new Report[](1);
        reports[0] = single;
        return charges(reports, output)[0];
    }

    function charges(Report[] memory reports, bytes memory output) internal returns (Charge[] memory taken) {
        bytes memory packed;
        bytes32[] memory leaves = new bytes32[](reports.length);
        for (uint256 i; i < reports.length; ++i) {
            packed = bytes.concat(packed, pack(reports[i], output));
            leaves[i] = Digests.leaf(reports[i]);
        }
        uint64 epoch = committee.currentEpoch();
        bytes memory proof = prove(0, router.attestationDigest(epoch, MerkleRoot.root(leaves)), quorumBitmap());
        vm.recordLogs();
        router.fulfill(epoch, 0, packed, proof);
        Vm.Log[] memory logs = vm.getRecordedLogs();
        taken = new Charge[](reports.length);
        for (uint256 i; i < reports.length; ++i) {
            taken[i] = chargeOf(logs, reports[i].requestId);
        }
    }

    /// @dev What a request's events say it was charged.
    function chargeOf(Vm.Log[] memory logs, bytes32 id) internal pure returns (Charge memory taken) {
        for (uint256 i; i < logs.length; ++i) {
            bytes32 topic = logs[i].topics[0];
            if (topic != IRouter.Delivered.selector && topic != IRouter.Pushed.selector) continue;
            if (logs[i].topics[1] == id) (,,, taken) = abi.decode(logs[i].data, (uint8, bool, address, Charge));
        }
    }

    /// @dev The gas that a charge in the native coin was for, at this gas price; the inverse of the formula.
    function gasOf(Charge memory taken, uint256 gasPrice) internal pure returns (uint256) {
        return uint256(taken.gasCost) * 10_000 / (gasPrice * (10_000 + uint256(prices(false).premium)));
    }
}
