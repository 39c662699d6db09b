// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {IStake, SignedReport} from "../src/interfaces/IStake.sol";
import {Equivocation} from "../src/libraries/Equivocation.sol";
import {Report} from "../src/types/Types.sol";
import {Test} from "./support/Test.sol";

/// @notice Votes as fixtures/vectors/evidence.json has them; executor/protocol/evidence.py reads the same file.
contract VectorsOfEvidenceTest is Test {
    string private json;

    function check(SignedReport[2] calldata votes) external view {
        Equivocation.check(
            vm.parseJsonAddress(json, ".router"),
            vm.parseJsonAddress(json, ".committee"),
            uint64(vm.parseJsonUint(json, ".epoch")),
            vm.parseJsonAddress(json, ".signer"),
            votes
        );
    }

    function test_votes_are_judged_as_the_vectors_say() public {
        json = vm.readFile("../fixtures/vectors/evidence.json");
        vm.chainId(vm.parseJsonUint(json, ".chainId"));
        uint256 count;
        uint256 accepted;
        for (; vm.keyExistsJson(json, key(count, "")); ++count) {
            SignedReport[2] memory votes = [voteAt(count, 0), voteAt(count, 1)];
            try this.check(votes) {
                vm.assertTrue(!vm.keyExistsJson(json, key(count, ".error")), key(count, ""));
                ++accepted;
            } catch (bytes memory reason) {
                vm.assertEq(bytes32(bytes4(reason)), bytes32(selectorAt(count)), key(count, ""));
            }
        }
        vm.assertEq(count, 30);
        vm.assertEq(accepted, 11);
    }

    function selectorAt(uint256 row) private view returns (bytes4) {
        bytes32 name = keccak256(bytes(vm.parseJsonString(json, key(row, ".error"))));
        if (name == keccak256("NoEquivocation")) return IStake.NoEquivocation.selector;
        return name == keccak256("BadVote") ? IStake.BadVote.selector : IStake.PathTooLong.selector;
    }

    function voteAt(uint256 row, uint256 which) private view returns (SignedReport memory) {
        string memory at = string.concat(key(row, ".votes["), vm.toString(which), "]");
        return SignedReport(
            reportAt(string.concat(at, ".report")),
            vm.parseJsonBytes32Array(json, string.concat(at, ".path")),
            vm.parseJsonBytes(json, string.concat(at, ".signature"))
        );
    }

    function reportAt(string memory at) private view returns (Report memory report) {
        report.requestId = vm.parseJsonBytes32(json, string.concat(at, ".requestId"));
        report.functionId = vm.parseJsonBytes32(json, string.concat(at, ".functionId"));
        report.transcriptHash = vm.parseJsonBytes32(json, string.concat(at, ".transcriptHash"));
        report.status = uint8(vm.parseJsonUint(json, string.concat(at, ".status")));
        report.round = uint32(vm.parseJsonUint(json, string.concat(at, ".round")));
        report.slots = uint16(vm.parseJsonUint(json, string.concat(at, ".slots")));
        report.fuelUsed = uint64(vm.parseJsonUint(json, string.concat(at, ".fuelUsed")));
        report.outputHash = vm.parseJsonBytes32(json, string.concat(at, ".outputHash"));
    }

    function key(uint256 row, string memory name) private pure returns (string memory) {
        return string.concat(".tests[", vm.toString(row), "]", name);
    }
}
