// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {ChainlinkFunctionsRouter} from "../src/compat/ChainlinkFunctionsRouter.sol";
import {IChainlinkFunctionsRouter} from "../src/compat/IChainlinkFunctionsRouter.sol";
import {IFunctionRegistry} from "../src/interfaces/IFunctionRegistry.sol";
import {IRouter} from "../src/interfaces/IRouter.sol";
import {ISubscriptions} from "../src/interfaces/ISubscriptions.sol";
import {Asset} from "../src/types/Billing.sol";
import {Client} from "./compat/Clients.sol";
import {Compatible} from "./compat/Compatible.sol";
import {FUNCTION, MODULE} from "./support/Functions.sol";

/// @notice Requests that are refused, and who pays for those that are not.
contract CompatRequestsTest is Compatible {
    function setUp() public {
        startCompatible();
    }

    function test_a_request_needs_data_of_version_1() public {
        vm.prank(address(client));
        vm.expectRevert(IChainlinkFunctionsRouter.EmptyRequestData.selector);
        compat.sendRequest(SUBSCRIPTION, "", 1, 100_000, "don");
        for (uint16 version; version < 3; version += 2) {
            vm.prank(address(client));
            vm.expectRevert(IChainlinkFunctionsRouter.UnsupportedRequestDataVersion.selector);
            compat.sendRequest(SUBSCRIPTION, "data", version, 100_000, "don");
        }
    }

    function test_nobody_spends_anothers_subscription() public {
        Client stranger = new Client(address(compat));
        vm.deal(address(this), 1 ether);
        uint64 own = router.createSubscription{value: 1 ether}(Asset.Native);
        router.addConsumer(own, address(stranger));
        router.addConsumer(own, address(compat));
        uint256 before = router.subscriptionInfo(SUBSCRIPTION).balance;
        vm.expectRevert(IChainlinkFunctionsRouter.InvalidConsumer.selector);
        stranger.ask("source", SUBSCRIPTION, 100_000);
        stranger.ask("source", own, 100_000);
        vm.assertEq(uint256(router.subscriptionInfo(SUBSCRIPTION).balance), before);
        vm.assertTrue(router.subscriptionInfo(own).reserved > 0);
    }

    function test_a_client_that_was_removed_or_a_subscription_that_is_none_is_refused() public {
        router.removeConsumer(SUBSCRIPTION, address(client));
        vm.expectRevert(IChainlinkFunctionsRouter.InvalidConsumer.selector);
        client.ask("source", SUBSCRIPTION, 100_000);
        vm.expectRevert(IChainlinkFunctionsRouter.InvalidConsumer.selector);
        client.ask("source", 77, 100_000);
    }

    function test_a_subscription_must_know_this_router_too() public {
        router.removeConsumer(SUBSCRIPTION, address(compat));
        vm.expectRevert(abi.encodeWithSelector(ISubscriptions.NotConsumer.selector, SUBSCRIPTION, address(compat)));
        client.ask("source", SUBSCRIPTION, 100_000);
    }

    function test_a_client_removed_after_asking_is_answered() public {
        bytes32 id = client.ask("source", SUBSCRIPTION, 200_000);
        router.removeConsumer(SUBSCRIPTION, address(client));
        deliver(0, id, 0, "answer");
        vm.assertEq(client.response(), "answer");
    }

    function test_what_is_reserved_is_the_estimate_for_the_gas_asked() public {
        uint256 before = router.subscriptionInfo(SUBSCRIPTION).reserved;
        uint256 estimate = router.estimateCost(FUNCTION, uint32(compat.callbackGas(200_000)), Asset.Native, block.basefee);
        bytes32 id = client.ask("source", SUBSCRIPTION, 200_000);
        vm.assertEq(uint256(router.subscriptionInfo(SUBSCRIPTION).reserved), before + estimate);
        vm.assertEq(uint256(router.pending(id).callbackGasLimit), compat.callbackGas(200_000));
    }

    function test_the_routers_limits_hold() public {
        router.setLimits(300, 300_000, 120);
        uint256 needed = compat.callbackGas(300_000);
        vm.expectRevert(abi.encodeWithSelector(IRouter.CallbackGasTooHigh.selector, needed, 300_000));
        client.ask("source", SUBSCRIPTION, 300_000);
        vm.prank(address(client));
        vm.expectRevert(abi.encodeWithSelector(IRouter.InputTooLong.selector, 121, 120));
        compat.sendRequest(SUBSCRIPTION, new bytes(121), 1, 100_000, "don");
        router.setPaused(true);
        vm.expectRevert(IRouter.Paused.selector);
        client.ask("source", SUBSCRIPTION, 100_000);
    }

    function test_gas_beyond_32_bits_is_refused_and_not_cut() public {
        uint256 needed = compat.callbackGas(type(uint32).max);
        vm.expectRevert(abi.encodeWithSelector(IRouter.CallbackGasTooHigh.selector, needed, type(uint32).max));
        client.ask("source", SUBSCRIPTION, type(uint32).max);
    }

    function test_a_function_with_longer_outputs_or_unknown_is_refused() public {
        bytes32 unknown = keccak256("unknown");
        vm.expectRevert(abi.encodeWithSelector(IFunctionRegistry.UnknownFunction.selector, unknown));
        new ChainlinkFunctionsRouter(address(router), unknown);
        bytes32 id = registry.register(MODULE, 0, terms("4097"));
        vm.expectRevert(abi.encodeWithSelector(IChainlinkFunctionsRouter.OutputTooLong.selector, 4_097));
        new ChainlinkFunctionsRouter(address(router), id);
    }

    function test_shorter_outputs_need_less_gas_but_room_for_errors_stays() public {
        bytes32 short = registry.register(MODULE, 0, terms("256"));
        bytes32 middle = registry.register(MODULE, 0, terms("1024"));
        uint256 least = new ChainlinkFunctionsRouter(address(router), short).callbackGas(0);
        vm.assertEq(new ChainlinkFunctionsRouter(address(router), middle).callbackGas(0), least);
        vm.assertTrue(compat.callbackGas(0) > least);
        vm.assertEq(new ChainlinkFunctionsRouter(address(router), short).callbackGas(300_000), 351_161); // docs/compat.md
    }
}
