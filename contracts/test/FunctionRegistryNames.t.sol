// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {FunctionRegistry} from "../src/FunctionRegistry.sol";
import {IFunctionRegistry} from "../src/interfaces/IFunctionRegistry.sol";
import {MODULE, SOURCE, TERMS} from "./support/Functions.sol";
import {Test} from "./support/Test.sol";

contract FunctionRegistryNamesTest is Test {
    address private constant ALICE = address(0xa11ce);
    address private constant EVE = address(0xe7e);
    bytes32 private constant PROFILE = keccak256("profile");
    string private constant URI = "https://example.org/prices";

    FunctionRegistry private registry;
    bytes32 private name;

    function setUp() public {
        registry = new FunctionRegistry();
        name = registry.nameIdOf(ALICE, "prices");
    }

    /// @dev A registered function, another for each number.
    function make(uint256 number) private returns (bytes32) {
        return registry.register(MODULE, bytes32(number), TERMS);
    }

    function publish(uint256 number) private returns (bytes32 functionId) {
        functionId = make(number);
        vm.prank(ALICE);
        registry.publish("prices", functionId, PROFILE, URI);
    }

    function withdraw(uint32 version, bool withdrawn) private {
        vm.prank(ALICE);
        registry.setWithdrawn(name, version, withdrawn);
    }

    function refuse(bytes4 selector, uint32 version) private {
        vm.expectRevert(abi.encodeWithSelector(selector, name, version));
    }

    function notOwner(address caller) private {
        vm.expectRevert(abi.encodeWithSelector(IFunctionRegistry.NotNameOwner.selector, name, caller));
        vm.prank(caller);
    }

    function test_the_first_version_makes_the_name() public {
        bytes32 functionId = make(1);
        vm.expectEmit(address(registry));
        emit IFunctionRegistry.Published(name, ALICE, "prices", 1, functionId, PROFILE, URI);
        vm.prank(ALICE);
        (bytes32 nameId, uint32 version) = registry.publish("prices", functionId, PROFILE, URI);
        vm.assertEq(nameId, name);
        vm.assertEq(version, 1);
        (address owner, bool paused, uint32 versions, string memory text) = registry.nameInfo(name);
        vm.assertEq(abi.encode(owner, paused, versions, text), abi.encode(ALICE, false, uint32(1), "prices"));
        (bytes32 id, bytes32 profile, string memory uri, bool withdrawn) = registry.versionInfo(name, 1);
        vm.assertEq(abi.encode(id, profile, uri, withdrawn), abi.encode(functionId, PROFILE, URI, false));
    }

    function test_zero_resolves_to_the_latest_and_a_number_to_that_version() public {
        (bytes32 first, bytes32 second) = (publish(1), publish(2));
        vm.assertEq(registry.resolve(name, 0), second);
        vm.assertEq(registry.resolve(name, 1), first);
        vm.assertEq(registry.resolve(name, 2), second);
    }

    function test_the_same_words_are_other_names_to_other_owners() public {
        bytes32 hers = publish(1);
        bytes32 his = make(2);
        vm.prank(EVE); // a squatter of the words has a name of its own
        (bytes32 nameId,) = registry.publish("prices", his, PROFILE, URI);
        vm.assertTrue(nameId != name);
        vm.assertEq(registry.resolve(name, 0), hers);
        vm.assertEq(registry.resolve(nameId, 0), his);
    }

    function test_registering_a_function_first_gives_no_power_over_it() public {
        vm.prank(EVE); // front-runs the registration
        bytes32 functionId = registry.register(MODULE, SOURCE, TERMS);
        vm.prank(ALICE);
        registry.publish("prices", functionId, PROFILE, URI);
        notOwner(EVE);
        registry.setPaused(name, true);
        // What Eve publishes and pauses under a name of hers is hers alone.
        vm.prank(EVE);
        (bytes32 hers,) = registry.publish("prices", functionId, PROFILE, "https://evil.example");
        vm.prank(EVE);
        registry.setPaused(hers, true);
        vm.assertEq(registry.resolve(name, 0), functionId);
        vm.assertEq(registry.limits(functionId).fuel, 200_000_000);
    }

    function test_names_uris_and_functions_are_checked() public {
        bytes32 functionId = make(1);
        bytes memory bad = abi.encodeWithSelector(IFunctionRegistry.BadName.selector);
        vm.expectRevert(bad);
        registry.publish("", functionId, PROFILE, URI);
        vm.expectRevert(bad);
        registry.publish(string(new bytes(65)), functionId, PROFILE, URI);
        vm.expectRevert(bad);
        registry.publish("prices", functionId, PROFILE, string(new bytes(513)));
        registry.publish(string(new bytes(64)), functionId, PROFILE, string(new bytes(512)));
        vm.expectRevert(abi.encodeWithSelector(IFunctionRegistry.UnknownFunction.selector, PROFILE));
        registry.publish("prices", PROFILE, PROFILE, URI);
    }

    function test_what_nobody_published_is_unknown() public {
        refuse(IFunctionRegistry.UnknownVersion.selector, 0);
        registry.resolve(name, 0);
        publish(1);
        refuse(IFunctionRegistry.UnknownVersion.selector, 2);
        registry.resolve(name, 2);
        refuse(IFunctionRegistry.UnknownVersion.selector, 2);
        registry.versionInfo(name, 2);
        refuse(IFunctionRegistry.UnknownVersion.selector, 0);
        registry.versionInfo(name, 0);
        refuse(IFunctionRegistry.UnknownVersion.selector, 2);
        withdraw(2, true);
        refuse(IFunctionRegistry.UnknownVersion.selector, 0);
        withdraw(0, true);
    }

    function test_a_paused_name_resolves_to_nothing() public {
        bytes32 functionId = publish(1);
        vm.expectEmit(address(registry));
        emit IFunctionRegistry.NamePaused(name, true);
        vm.prank(ALICE);
        registry.setPaused(name, true);
        refuse(IFunctionRegistry.NotActive.selector, 0);
        registry.resolve(name, 0);
        refuse(IFunctionRegistry.NotActive.selector, 1);
        registry.resolve(name, 1);
        vm.assertEq(registry.limits(functionId).fuel, 200_000_000); // the function itself goes on
        vm.prank(ALICE);
        registry.setPaused(name, false);
        vm.assertEq(registry.resolve(name, 0), functionId);
    }

    function test_a_withdrawn_version_is_not_resolved_until_it_is_back() public {
        (bytes32 first, bytes32 second) = (publish(1), publish(2));
        vm.expectEmit(address(registry));
        emit IFunctionRegistry.VersionWithdrawn(name, 2, true);
        withdraw(2, true);
        vm.assertEq(registry.resolve(name, 0), first);
        refuse(IFunctionRegistry.NotActive.selector, 2);
        registry.resolve(name, 2);
        withdraw(1, true);
        refuse(IFunctionRegistry.NotActive.selector, 0);
        registry.resolve(name, 0);
        withdraw(1, false);
        vm.assertEq(registry.resolve(name, 0), first);
        withdraw(2, false);
        vm.assertEq(registry.resolve(name, 0), second);
    }

    function testFuzz_zero_resolves_to_the_highest_version_that_is_not_withdrawn(uint256 seed) public {
        uint256 active;
        uint32 versions;
        for (uint256 step; step < 24; ++step) {
            uint256 dice = uint256(keccak256(abi.encode(seed, step)));
            if (versions == 0 || dice % 3 == 0) {
                publish(++versions);
                active |= 1 << versions;
            } else {
                uint32 version = uint32(1 + (dice >> 8) % versions);
                withdraw(version, dice % 3 == 1);
                active = dice % 3 == 1 ? active & ~(1 << version) : active | 1 << version;
            }
            uint32 latest = versions;
            while (latest > 0 && active >> latest & 1 == 0) --latest;
            if (latest == 0) refuse(IFunctionRegistry.NotActive.selector, 0);
            bytes32 resolved = registry.resolve(name, 0);
            if (latest != 0) vm.assertEq(resolved, make(latest));
        }
    }

    function test_the_latest_is_found_over_hundreds_of_withdrawn_versions_and_read_as_cheaply() public {
        bytes32 functionId = make(1);
        for (uint256 i; i < 600; ++i) {
            vm.prank(ALICE);
            registry.publish("prices", functionId, bytes32(i + 1), "");
        }
        for (uint32 version = 600; version > 1; --version) {
            withdraw(version, true);
        }
        vm.record();
        vm.assertEq(registry.resolve(name, 0), functionId);
        (bytes32[] memory reads,) = vm.accesses(address(registry));
        uint256 distinct;
        for (uint256 i; i < reads.length; ++i) {
            uint256 j;
            while (reads[j] != reads[i]) ++j;
            if (j == i) ++distinct;
        }
        vm.assertEq(distinct, 2); // the name's word and the version's function
        refuse(IFunctionRegistry.NotActive.selector, 2);
        registry.resolve(name, 2);
        vm.assertEq(registry.resolve(name, 1), functionId);
    }
}
