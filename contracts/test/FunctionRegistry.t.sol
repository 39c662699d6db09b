// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {FunctionRegistry} from "../src/FunctionRegistry.sol";
import {IFunctionRegistry} from "../src/interfaces/IFunctionRegistry.sol";
import {Digests} from "../src/libraries/Digests.sol";
import {Limits} from "../src/types/Billing.sol";
import {FUNCTION, MODULE, SOURCE, TERMS} from "./support/Functions.sol";
import {Test} from "./support/Test.sol";

contract FunctionRegistryTest is Test {
    FunctionRegistry private registry;

    function setUp() public {
        registry = new FunctionRegistry();
    }

    function test_a_function_is_registered_by_anyone_with_the_limits_of_its_terms() public {
        vm.expectEmit(address(registry));
        emit IFunctionRegistry.FunctionRegistered(
            FUNCTION, MODULE, SOURCE, Digests.manifest(keccak256(TERMS)), Limits(200_000_000, 5, 4_096)
        );
        vm.prank(address(0xa1));
        vm.assertEq(registry.register(MODULE, SOURCE, TERMS), FUNCTION);
        Limits memory limits = registry.limits(FUNCTION);
        vm.assertEq(abi.encode(limits), abi.encode(uint64(200_000_000), uint16(5), uint32(4_096)));
    }

    function test_registering_again_changes_nothing_and_says_nothing() public {
        registry.register(MODULE, SOURCE, TERMS);
        vm.recordLogs();
        vm.prank(address(0xa2));
        vm.assertEq(registry.register(MODULE, SOURCE, TERMS), FUNCTION);
        vm.assertEq(vm.getRecordedLogs().length, 0);
        vm.assertEq(registry.limits(FUNCTION).fuel, 200_000_000);
    }

    function testFuzz_another_module_source_or_terms_is_another_function(bytes32 module, bytes32 source, bool fee) public {
        vm.assume(module != MODULE || source != SOURCE || fee);
        bytes memory terms = fee
            ? bytes('{"capabilities":{},"limits":{"fuel":7,"memory_mib":64,"observations":0,"observe_fuel":1,"output_bytes":9}}')
            : TERMS;
        bytes32 other = registry.register(module, source, terms);
        vm.assertTrue(other != FUNCTION);
        vm.assertEq(registry.limits(other).fuel, fee ? 7 : 200_000_000);
        vm.expectRevert(abi.encodeWithSelector(IFunctionRegistry.UnknownFunction.selector, FUNCTION));
        registry.limits(FUNCTION);
    }

    function test_terms_that_say_no_limits_register_nothing() public {
        vm.expectRevert(IFunctionRegistry.BadTerms.selector);
        registry.register(MODULE, SOURCE, '{"capabilities":{},"limits":{}}');
    }

    function test_limits_cost_one_cold_word() public {
        registry.register(MODULE, SOURCE, TERMS);
        vm.record();
        registry.limits(FUNCTION);
        (bytes32[] memory reads, bytes32[] memory writes) = vm.accesses(address(registry));
        for (uint256 i = 1; i < reads.length; ++i) {
            vm.assertEq(reads[i], reads[0]);
        }
        vm.assertTrue(reads.length > 0 && writes.length == 0);
    }
}
