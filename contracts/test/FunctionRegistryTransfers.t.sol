// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {FunctionRegistry} from "../src/FunctionRegistry.sol";
import {IFunctionRegistry} from "../src/interfaces/IFunctionRegistry.sol";
import {FUNCTION, MODULE, SOURCE, TERMS} from "./support/Functions.sol";
import {Test} from "./support/Test.sol";

contract FunctionRegistryTransfersTest is Test {
    address private constant ALICE = address(0xa11ce);
    address private constant BOB = address(0xb0b);
    address private constant EVE = address(0xe7e);

    FunctionRegistry private registry;
    bytes32 private name;

    function setUp() public {
        registry = new FunctionRegistry();
        registry.register(MODULE, SOURCE, TERMS);
        vm.prank(ALICE);
        (name,) = registry.publish("prices", FUNCTION, 0, "");
    }

    function notOwner(address caller) private {
        vm.expectRevert(abi.encodeWithSelector(IFunctionRegistry.NotNameOwner.selector, name, caller));
        vm.prank(caller);
    }

    function offer(address to) private {
        vm.prank(ALICE);
        registry.offerName(name, to);
    }

    function refuseAcceptance(address caller) private {
        vm.expectRevert(abi.encodeWithSelector(IFunctionRegistry.NotOfferedName.selector, name, caller));
        vm.prank(caller);
        registry.acceptName(name);
    }

    function test_a_name_moves_in_two_steps_and_keeps_its_id_and_versions() public {
        vm.expectEmit(address(registry));
        emit IFunctionRegistry.NameOffered(name, BOB);
        offer(BOB);
        (address owner,,,) = registry.nameInfo(name);
        vm.assertEq(owner, ALICE);
        vm.expectEmit(address(registry));
        emit IFunctionRegistry.NameTransferred(name, ALICE, BOB);
        vm.prank(BOB);
        registry.acceptName(name);
        (owner,,,) = registry.nameInfo(name);
        vm.assertEq(owner, BOB);
        vm.assertEq(registry.resolve(name, 0), FUNCTION);
        vm.expectEmit(address(registry));
        emit IFunctionRegistry.Published(name, BOB, "prices", 2, FUNCTION, 0, "there");
        vm.prank(BOB);
        vm.assertEq(registry.publishVersion(name, FUNCTION, 0, "there"), 2);
    }

    function test_who_gave_a_name_away_has_no_power_over_it() public {
        offer(BOB);
        vm.prank(BOB);
        registry.acceptName(name);
        notOwner(ALICE);
        registry.publish("prices", FUNCTION, 0, "");
        notOwner(ALICE);
        registry.publishVersion(name, FUNCTION, 0, "");
        notOwner(ALICE);
        registry.setPaused(name, true);
        notOwner(ALICE);
        registry.setWithdrawn(name, 1, true);
        notOwner(ALICE);
        registry.offerName(name, ALICE);
        refuseAcceptance(BOB); // an offer is taken once
        refuseAcceptance(ALICE);
    }

    function test_only_whom_it_was_offered_to_takes_a_name() public {
        refuseAcceptance(EVE);
        offer(BOB);
        refuseAcceptance(EVE);
        offer(address(0)); // taken back
        refuseAcceptance(BOB);
        offer(BOB);
        offer(EVE); // the last offer counts
        refuseAcceptance(BOB);
    }

    function test_nobody_takes_a_name_that_nobody_made() public {
        bytes32 none = registry.nameIdOf(EVE, "nothing");
        vm.expectRevert(abi.encodeWithSelector(IFunctionRegistry.NotOfferedName.selector, none, EVE));
        vm.prank(EVE);
        registry.acceptName(none);
        vm.expectRevert(abi.encodeWithSelector(IFunctionRegistry.NotNameOwner.selector, none, EVE));
        vm.prank(EVE);
        registry.publishVersion(none, FUNCTION, 0, "");
    }

    function testFuzz_strangers_change_nothing(address stranger) public {
        vm.assume(stranger != ALICE);
        notOwner(stranger);
        registry.setPaused(name, true);
        notOwner(stranger);
        registry.setWithdrawn(name, 1, true);
        notOwner(stranger);
        registry.offerName(name, stranger);
        notOwner(stranger);
        registry.publishVersion(name, FUNCTION, 0, "");
    }
}
