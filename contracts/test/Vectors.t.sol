// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {IEpochVerifier} from "../src/interfaces/IEpochVerifier.sol";
import {IVerifier} from "../src/interfaces/IVerifier.sol";
import {Code} from "../src/libraries/Code.sol";
import {Digests} from "../src/libraries/Digests.sol";
import {MerkleRoot} from "../src/libraries/MerkleRoot.sol";
import {PackedReports} from "../src/libraries/PackedReports.sol";
import {BlsVerifier} from "../src/verifiers/BlsVerifier.sol";
import {EcdsaQuorumVerifier} from "../src/verifiers/EcdsaQuorumVerifier.sol";
import {Member, Report, RequestContext} from "../src/types/Types.sol";
import {Test} from "./support/Test.sol";

/// @notice The contracts compute what fixtures/vectors say; pytest reads the same files.
contract VectorsTest is Test {
    string private json;

    function load(string memory name) private {
        json = vm.readFile(string.concat("../fixtures/vectors/", name, ".json"));
    }

    function test_request_ids_are_the_vectors() public {
        load("digests");
        for (uint256 i; i < 3; ++i) {
            string memory key = string.concat(".tests.request[", vm.toString(i), "]");
            vm.chainId(number(key, ".chainId"));
            RequestContext memory context = RequestContext({
                nonce: uint64(number(key, ".nonce")),
                blockNumber: uint64(number(key, ".blockNumber")),
                blockTimestamp: uint64(number(key, ".blockTimestamp")),
                parentHash: word(key, ".parentHash"),
                sender: account(key, ".sender"),
                subscription: uint64(number(key, ".subscription")),
                functionId: word(key, ".functionId"),
                epoch: uint64(number(key, ".epoch")),
                inputHash: keccak256(blob(key, ".input")),
                callbackGasLimit: uint32(number(key, ".callbackGasLimit")),
                consumer: account(key, ".consumer")
            });
            vm.assertEq(Digests.requestId(account(key, ".router"), context), word(key, ".result"), key);
        }
    }

    function test_possession_digests_are_the_vectors() public {
        load("digests");
        for (uint256 i; i < 3; ++i) {
            string memory key = string.concat(".tests.possession[", vm.toString(i), "]");
            vm.chainId(number(key, ".chainId"));
            bytes32 hash = keccak256(blob(key, ".publicKey"));
            bytes32 digest = Digests.possession(account(key, ".committee"), account(key, ".operator"), hash);
            vm.assertEq(digest, word(key, ".result"), key);
        }
    }

    function test_leaves_of_packed_reports_are_the_vectors() public {
        load("reports");
        uint256 count;
        for (; vm.keyExistsJson(json, string.concat(".leaves[", vm.toString(count), "]")); ++count) {
            string memory key = string.concat(".leaves[", vm.toString(count), "]");
            bytes32 leaf = word(key, ".leaf");
            vm.assertEq(this.root(blob(key, ".packed")), leaf, key);
            vm.assertEq(Digests.leaf(reportAt(key)), leaf, key);
        }
        vm.assertEq(count, 6);
    }

    function test_roots_of_batches_are_the_vectors() public {
        load("reports");
        uint256 count;
        for (; vm.keyExistsJson(json, string.concat(".batches[", vm.toString(count), "]")); ++count) {
            string memory key = string.concat(".batches[", vm.toString(count), "]");
            vm.assertEq(this.root(blob(key, ".packed")), word(key, ".root"), key);
            bytes32[] memory leaves = vm.parseJsonBytes32Array(json, string.concat(key, ".leaves"));
            vm.assertEq(MerkleRoot.root(leaves), word(key, ".root"), key);
        }
        vm.assertEq(count, 9);
    }

    function test_the_attestation_digest_is_the_vector() public {
        load("attestation");
        vm.chainId(number("", ".chainId"));
        bytes32 domain = Digests.domainSeparator(account("", ".router"));
        vm.assertEq(domain, word("", ".domainSeparator"));
        uint64 epoch = uint64(number("", ".epoch"));
        vm.assertEq(Digests.attestation(domain, account("", ".committee"), epoch, word("", ".root")), word("", ".digest"));
    }

    function test_both_verifiers_judge_the_proofs_as_the_vectors_do() public {
        load("attestation");
        address ecdsa = verifier(new EcdsaQuorumVerifier());
        address bls = verifier(new BlsVerifier());
        for (uint256 i; i < 6; ++i) {
            string memory key = string.concat(".proofs[", vm.toString(i), "]");
            judge(ecdsa, key, ".ecdsa");
            judge(bls, key, ".bls");
        }
    }

    function root(bytes calldata packed) external pure returns (bytes32 hash) {
        (hash,) = PackedReports.root(packed);
    }

    function judge(address target, string memory key, string memory name) private view {
        bytes memory call = abi.encodeCall(IEpochVerifier.verify, (word("", ".digest"), blob(key, name)));
        (bool success, bytes memory returned) = target.staticcall(call);
        bool valid = keccak256(bytes(vm.parseJsonString(json, string.concat(key, ".result")))) == keccak256("valid");
        vm.assertTrue(success == valid, string.concat(key, name));
        if (valid) vm.assertEq(abi.decode(returned, (uint256)), number(key, ".bitmap"));
    }

    function verifier(IVerifier scheme) private returns (address) {
        Member[] memory members = new Member[](4);
        for (uint256 i; i < 4; ++i) {
            string memory key = string.concat(".members[", vm.toString(i), "]");
            members[i].operator = account(key, ".operator");
            members[i].signer = account(key, ".signer");
            members[i].publicKey = blob(key, ".publicKey");
        }
        return Code.deploy(scheme.epochCode(members, number("", ".quorum")));
    }

    function reportAt(string memory key) private view returns (Report memory) {
        return Report({
            requestId: word(key, ".requestId"),
            functionId: word(key, ".functionId"),
            transcriptHash: word(key, ".transcriptHash"),
            status: uint8(number(key, ".status")),
            round: uint32(number(key, ".round")),
            slots: uint16(number(key, ".slots")),
            fuelUsed: uint64(number(key, ".fuelUsed")),
            outputHash: keccak256(blob(key, ".output"))
        });
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
