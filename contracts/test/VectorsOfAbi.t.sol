// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {Test} from "./support/Test.sol";

/// @notice What functions return and consumers decode, as fixtures/vectors/abi.json has it; the guest SDK reads the same file.
contract VectorsOfAbiTest is Test {
    string private json;

    function test_solidity_decodes_and_encodes_as_the_vectors_say() public {
        json = vm.readFile("../fixtures/vectors/abi.json");
        uint256 count;
        for (; vm.keyExistsJson(json, key(count, "")); ++count) {
            string memory comment = vm.parseJsonString(json, key(count, ".comment"));
            bytes32 expected = keccak256(bytes(vm.parseJsonString(json, key(count, ".result"))));
            bytes memory encoded = vm.parseJsonBytes(json, key(count, ".encoded"));
            (bool success, bytes memory again) = address(this).call(bytes.concat(decoder(count), abi.encode(encoded)));
            vm.assertTrue(success == (expected != keccak256("invalid")), comment);
            if (!success) continue;
            bool valid = expected == keccak256("valid");
            bytes memory canonical = valid ? encoded : vm.parseJsonBytes(json, key(count, ".canonical"));
            vm.assertEq(keccak256(abi.decode(again, (bytes))), keccak256(canonical), comment);
        }
        vm.assertEq(count, 37);
    }

    /// @dev The function below that decodes a row's types.
    function decoder(uint256 row) private view returns (bytes4) {
        string memory types = vm.parseJsonString(json, key(row, ".types[0]"));
        if (vm.keyExistsJson(json, key(row, ".types[1]"))) {
            types = string.concat(types, ",", vm.parseJsonString(json, key(row, ".types[1]")));
        }
        bytes32 hash = keccak256(bytes(types));
        if (hash == keccak256("uint256")) return this.number.selector;
        if (hash == keccak256("uint256,uint64")) return this.numbers.selector;
        if (hash == keccak256("int256")) return this.signed.selector;
        if (hash == keccak256("bool,address")) return this.account.selector;
        if (hash == keccak256("bytes32")) return this.word.selector;
        if (hash == keccak256("bytes")) return this.blob.selector;
        if (hash == keccak256("string")) return this.text.selector;
        if (hash == keccak256("uint256[]")) return this.list.selector;
        if (hash == keccak256("bytes,string")) return this.three.selector;
        revert(types);
    }

    function key(uint256 row, string memory name) private pure returns (string memory) {
        return string.concat(".tests[", vm.toString(row), "]", name);
    }

    function number(bytes calldata data) external pure returns (bytes memory) {
        return abi.encode(abi.decode(data, (uint256)));
    }

    function numbers(bytes calldata data) external pure returns (bytes memory) {
        (uint256 price, uint64 time) = abi.decode(data, (uint256, uint64));
        return abi.encode(price, time);
    }

    function signed(bytes calldata data) external pure returns (bytes memory) {
        return abi.encode(abi.decode(data, (int256)));
    }

    function account(bytes calldata data) external pure returns (bytes memory) {
        (bool flag, address who) = abi.decode(data, (bool, address));
        return abi.encode(flag, who);
    }

    function word(bytes calldata data) external pure returns (bytes memory) {
        return abi.encode(abi.decode(data, (bytes32)));
    }

    function blob(bytes calldata data) external pure returns (bytes memory) {
        return abi.encode(abi.decode(data, (bytes)));
    }

    function text(bytes calldata data) external pure returns (bytes memory) {
        return abi.encode(abi.decode(data, (string)));
    }

    function list(bytes calldata data) external pure returns (bytes memory) {
        return abi.encode(abi.decode(data, (uint256[])));
    }

    function three(bytes calldata data) external pure returns (bytes memory) {
        (bytes memory some, string memory label, uint64 count) = abi.decode(data, (bytes, string, uint64));
        return abi.encode(some, label, count);
    }
}
