// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {FunctionRegistry} from "../src/FunctionRegistry.sol";
import {Digests} from "../src/libraries/Digests.sol";
import {Test} from "./support/Test.sol";

/// @notice Ids of functions, names, triggers and what they start are those of fixtures/vectors; pytest reads the same files.
contract VectorsOfFunctionsTest is Test {
    string private json;

    function setUp() public {
        json = vm.readFile("../fixtures/vectors/digests.json");
    }

    function test_manifest_hashes_are_the_vectors() public view {
        for (uint256 i; i < 3; ++i) {
            string memory key = row("tests.manifest", i);
            vm.assertEq(Digests.manifest(keccak256(blob(key, ".json"))), word(key, ".result"), key);
        }
    }

    function test_function_ids_are_the_vectors() public view {
        for (uint256 i; i < 3; ++i) {
            string memory key = row("tests.function", i);
            bytes32 source = keccak256(blob(key, ".source"));
            bytes32 id = Digests.functionId(word(key, ".moduleId"), source, word(key, ".manifestHash"));
            vm.assertEq(id, word(key, ".result"), key);
        }
    }

    function test_functions_that_people_write_are_registered_under_their_vectors_ids() public {
        FunctionRegistry registry = new FunctionRegistry();
        uint256 count;
        for (; vm.keyExistsJson(json, row("values.function", count)); ++count) {
            string memory key = row("values.function", count);
            bytes32 source = keccak256(blob(key, ".source"));
            bytes32 id = registry.register(word(key, ".moduleId"), source, blob(key, ".terms"));
            vm.assertEq(id, word(key, ".result"), key);
            vm.assertEq(registry.limits(id).fuel, count < 2 ? 1 : 200_000_000);
            vm.assertEq(registry.limits(id).observations, count < 2 ? 0 : 5);
            vm.assertEq(registry.limits(id).outputBytes, count < 2 ? 1 : 4_096);
        }
        vm.assertEq(count, 4);
    }

    function test_name_ids_are_the_vectors() public {
        FunctionRegistry registry = new FunctionRegistry();
        for (uint256 i; i < 3; ++i) {
            string memory key = row("tests.name", i);
            vm.assertEq(registry.nameIdOf(account(key, ".owner"), string(blob(key, ".name"))), word(key, ".result"));
        }
    }

    function test_registration_ids_are_the_vectors() public {
        for (uint256 i; i < 3; ++i) {
            string memory key = row("tests.registration", i);
            vm.chainId(number(key, ".chainId"));
            uint64 nonce = uint64(number(key, ".nonce"));
            bytes32 id = Digests.registration(account(key, ".triggers"), account(key, ".owner"), nonce);
            vm.assertEq(id, word(key, ".result"), key);
        }
    }

    function test_triggered_request_ids_are_the_vectors() public {
        for (uint256 i; i < 3; ++i) {
            string memory key = row("tests.trigger", i);
            vm.chainId(number(key, ".chainId"));
            bytes32 id = Digests.triggered(
                account(key, ".router"),
                word(key, ".registration"),
                word(key, ".functionId"),
                uint64(number(key, ".epoch")),
                word(key, ".eventHash")
            );
            vm.assertEq(id, word(key, ".result"), key);
        }
    }

    function row(string memory table, uint256 index) private pure returns (string memory) {
        return string.concat(".", table, "[", vm.toString(index), "]");
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
