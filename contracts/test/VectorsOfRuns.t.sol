// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {IEpochVerifier} from "../src/interfaces/IEpochVerifier.sol";
import {IVerifier} from "../src/interfaces/IVerifier.sol";
import {Code} from "../src/libraries/Code.sol";
import {Digests} from "../src/libraries/Digests.sol";
import {BlsVerifier} from "../src/verifiers/BlsVerifier.sol";
import {EcdsaQuorumVerifier} from "../src/verifiers/EcdsaQuorumVerifier.sol";
import {Member, RequestContext} from "../src/types/Types.sol";
import {Test} from "./support/Test.sol";

/// @notice Transcripts, runs and malformed proofs of fixtures/vectors, computed and judged in Solidity.
contract VectorsOfRunsTest is Test {
    string private json;

    function load(string memory name) private {
        json = vm.readFile(string.concat("../fixtures/vectors/", name, ".json"));
    }

    /// @dev docs/wire.md §1, rows `spec`, `entry` and `transcript`, written down a third time.
    function test_transcript_hashes_are_the_vectors() public {
        load("transcript");
        uint256 count;
        for (; equal(text(item("tests", count), ".result"), "valid"); ++count) {
            string memory key = item("tests", count);
            uint256 slots;
            for (; vm.keyExistsJson(json, string.concat(key, item(".entries", slots))); ++slots) {}
            bytes32[] memory hashes = new bytes32[](slots);
            for (uint256 slot; slot < slots; ++slot) {
                hashes[slot] = entryHash(string.concat(key, item(".entries", slot)), uint16(slot));
            }
            vm.assertEq(keccak256(abi.encode(tag("transcript"), hashes)), word(key, ".hash"), key);
        }
        vm.assertEq(count, 12);
    }

    function entryHash(string memory key, uint16 slot) private view returns (bytes32 hash) {
        bytes32 spec = keccak256(abi.encode(tag("spec"), keccak256(blob(key, ".spec"))));
        uint8 kind = uint8(number(key, ".kind"));
        hash = keccak256(abi.encode(tag("entry"), slot, spec, kind, keccak256(blob(key, ".value"))));
        vm.assertEq(hash, word(key, ".hash"), key);
    }

    /// @dev The router's own request ids, for the requests that the machine ran; module ids are plain hashes.
    function test_ids_of_runs_are_the_routers() public {
        load("execute");
        for (uint256 i; i < 8; ++i) {
            string memory key = item("tests", i);
            string memory from = string.concat(key, ".request");
            vm.chainId(number(from, ".chain_id"));
            RequestContext memory context = RequestContext({
                nonce: uint64(number(from, ".nonce")),
                blockNumber: uint64(number(from, ".block_number")),
                blockTimestamp: uint64(number(from, ".block_timestamp")),
                parentHash: word(from, ".parent_hash"),
                sender: account(from, ".sender"),
                subscription: uint64(number(from, ".subscription")),
                functionId: word(from, ".function_id"),
                epoch: uint64(number(from, ".epoch")),
                inputHash: keccak256(blob(from, ".input")),
                callbackGasLimit: uint32(number(from, ".callback_gas_limit")),
                consumer: account(from, ".consumer")
            });
            vm.assertEq(Digests.requestId(account(from, ".router"), context), word(key, ".requestId"), key);
            vm.assertEq(keccak256(blob(key, ".module.wasm")), word(key, ".moduleId"), key);
        }
    }

    /// @dev Proofs in every way malformed: the same bytes that the Python verifier judges.
    function test_both_verifiers_judge_malformed_proofs_as_the_vectors_do() public {
        load("proofs");
        address ecdsa = verifier(new EcdsaQuorumVerifier());
        address bls = verifier(new BlsVerifier());
        uint256 count;
        uint256 accepted;
        for (; vm.keyExistsJson(json, item("tests", count)); ++count) {
            string memory key = item("tests", count);
            address target = equal(text(key, ".scheme"), "bls") ? bls : ecdsa;
            bool valid = equal(text(key, ".result"), "valid");
            bytes memory call = abi.encodeCall(IEpochVerifier.verify, (word(key, ".digest"), blob(key, ".proof")));
            (bool success, bytes memory returned) = target.staticcall(call);
            vm.assertTrue(success == valid, text(key, ".comment"));
            if (!valid) continue;
            ++accepted;
            uint256 bitmap;
            for (uint256 i; vm.keyExistsJson(json, string.concat(key, item(".signers", i))); ++i) {
                bitmap |= 1 << number(key, item(".signers", i));
            }
            vm.assertEq(abi.decode(returned, (uint256)), bitmap, key);
        }
        vm.assertTrue(accepted > 0 && accepted < count);
    }

    function verifier(IVerifier scheme) private returns (address) {
        uint256 count;
        for (; vm.keyExistsJson(json, item("members", count)); ++count) {}
        Member[] memory members = new Member[](count);
        for (uint256 i; i < count; ++i) {
            string memory key = item("members", i);
            members[i].operator = account(key, ".operator");
            members[i].signer = account(key, ".signer");
            members[i].publicKey = blob(key, ".blsKeyEvm");
        }
        return Code.deploy(scheme.epochCode(members, number("", ".quorum")));
    }

    function tag(string memory name) private pure returns (bytes32) {
        return keccak256(bytes(string.concat("executor/v1/", name)));
    }

    /// @dev ".list[i]" of "list" or ".list".
    function item(string memory list, uint256 index) private pure returns (string memory) {
        string memory dot = bytes(list)[0] == "." ? "" : ".";
        return string.concat(dot, list, "[", vm.toString(index), "]");
    }

    function equal(string memory one, string memory other) private pure returns (bool) {
        return keccak256(bytes(one)) == keccak256(bytes(other));
    }

    function text(string memory key, string memory name) private view returns (string memory) {
        return vm.parseJsonString(json, string.concat(key, name));
    }

    function number(string memory key, string memory name) private view returns (uint256) {
        return vm.parseJsonUint(json, string.concat(key, name));
    }

    function word(string memory key, string memory name) private view returns (bytes32) {
        return vm.parseJsonBytes32(json, string.concat(key, name));
    }

    function account(string memory key, string memory name) private view returns (address) {
        return vm.parseJsonAddress(json, string.concat(key, name));
    }

    function blob(string memory key, string memory name) private view returns (bytes memory) {
        return vm.parseJsonBytes(json, string.concat(key, name));
    }
}
