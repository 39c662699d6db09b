// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {ChainlinkFunctionsRouter} from "../src/compat/ChainlinkFunctionsRouter.sol";
import {IChainlinkFunctionsRouter} from "../src/compat/IChainlinkFunctionsRouter.sol";
import {IRouter} from "../src/interfaces/IRouter.sol";
import {Callback} from "../src/libraries/Callback.sol";
import {Digests} from "../src/libraries/Digests.sol";
import {Report} from "../src/types/Types.sol";
import {Client, Gauge} from "./compat/Clients.sol";
import {Compatible} from "./compat/Compatible.sol";
import {MODULE} from "./support/Functions.sol";

/// @notice Clients that do harm in their callback, and the gas they get.
contract CompatCallbacksTest is Compatible {
    IChainlinkFunctionsRouter.FulfillResult private constant FULFILLED =
        IChainlinkFunctionsRouter.FulfillResult.FULFILLED;
    IChainlinkFunctionsRouter.FulfillResult private constant CALLBACK_ERROR =
        IChainlinkFunctionsRouter.FulfillResult.USER_CALLBACK_ERROR;

    // What a client spends before its own code begins: its router's address compared, the strings copied to its memory.
    uint256 private constant DISPATCH = 1_500;
    uint256 private constant DISPATCH_WORD = 7;

    Gauge private gauge;

    function setUp() public {
        startCompatible();
        gauge = new Gauge(address(compat));
        sponsor(address(gauge));
    }

    function ask() private returns (bytes32) {
        return client.ask("source", SUBSCRIPTION, 250_000);
    }

    function test_a_reverting_client_is_told_of_in_an_event_and_blocks_nobody() public {
        client.set(Client.Mode.Revert, address(0), "");
        Client honest = newClient();
        bytes32[] memory ids = new bytes32[](2);
        (ids[0], ids[1]) = (ask(), honest.ask("source", SUBSCRIPTION, 250_000));
        bytes memory reason = abi.encodeWithSelector(Client.Refused.selector, ids[0]);
        expectProcessed(ids[0], CALLBACK_ERROR, "answer", "", reason);
        expectProcessed(ids[1], FULFILLED, "answer", "", "");
        deliver(ids, "answer", committee.currentEpoch());
        vm.assertEq(client.calls(), 0);
        vm.assertEq(honest.calls(), 1);
    }

    function test_to_the_router_a_reverting_client_is_a_delivered_result() public {
        client.set(Client.Mode.Revert, address(0), "");
        bytes32 id = ask();
        expectDelivered(id, 0, true);
        deliver(0, id, 0, "answer");
        vm.assertEq(router.pending(id).consumer, address(0));
    }

    function test_a_client_that_eats_its_gas_eats_no_more() public {
        client.set(Client.Mode.EatGas, address(0), "");
        bytes32 id = ask();
        expectProcessed(id, CALLBACK_ERROR, "answer", "", "");
        uint256 before = gasleft();
        deliver(0, id, 0, "answer");
        vm.assertTrue(before - gasleft() < 250_000 + 250_000);
        vm.assertEq(client.calls(), 0);
    }

    function test_what_a_client_reverts_with_is_cut() public {
        client.set(Client.Mode.BombRevert, address(0), "");
        bytes32 id = ask();
        expectProcessed(id, CALLBACK_ERROR, "answer", "", new bytes(Callback.MAX_REASON));
        deliver(0, id, 0, "answer");
    }

    function test_a_client_without_code_is_not_called() public {
        sponsor(address(0xe0a));
        vm.prank(address(0xe0a));
        bytes32 id = compat.sendRequest(SUBSCRIPTION, "data", 1, 100_000, "don");
        expectProcessed(id, CALLBACK_ERROR, "answer", "", "");
        deliver(0, id, 0, "answer");
    }

    function test_a_client_may_ask_again_in_its_callback() public {
        client.set(Client.Mode.AskAgain, address(0), "");
        bytes32 first = client.ask("source", SUBSCRIPTION, 300_000);
        expectProcessed(first, FULFILLED, "answer", "", "");
        deliver(0, first, 0, "answer");
        bytes32 second = client.next();
        vm.assertTrue(second != first);
        (address who,,) = compat.clientOf(second);
        vm.assertEq(who, address(client));
        client.set(Client.Mode.Record, address(0), "");
        deliver(0, second, 0, "another");
        vm.assertEq(client.requestId(), second);
        vm.assertEq(client.response(), "another");
    }

    function test_delivering_again_from_the_callback_changes_nothing() public {
        bytes32 id = client.ask("source", SUBSCRIPTION, 300_000);
        Report memory r = report(id, 0, "answer");
        uint64 epoch = committee.currentEpoch();
        bytes memory proof = prove(0, router.attestationDigest(epoch, Digests.leaf(r)), 7);
        bytes memory inner = abi.encodeCall(IRouter.fulfill, (epoch, 0, pack(r, "answer"), proof));
        client.set(Client.Mode.Call, address(router), inner);
        vm.expectEmit(address(router));
        emit IRouter.Skipped(id, IRouter.SkipReason.Closed);
        router.fulfill(epoch, 0, pack(r, "answer"), proof);
        vm.assertTrue(client.innerSuccess());
        vm.assertEq(client.calls(), 1);
    }

    /// @dev Whatever the result's length and kind, a client gets its gas, and there is enough for the event after it. A
    /// transaction of its own, so that every access is cold.
    /// forge-config: default.isolate = true
    function testFuzz_a_client_gets_its_exact_gas(uint32 gasLimit, uint256 length, bool failed, bool short) public {
        if (short) useShortOutputs();
        gasLimit = uint32(bound(gasLimit, 30_000, 300_000));
        bytes memory result = new bytes(bound(length, 1, failed ? 1_024 : short ? 256 : 4_096));
        bytes32 id = gauge.ask(SUBSCRIPTION, gasLimit);
        expectProcessed(id, FULFILLED, failed ? bytes("") : result, failed ? result : bytes(""), "");
        deliver(0, id, failed ? 1 : 0, result);
        vm.assertTrue(gauge.gasAtStart() < gasLimit);
        vm.assertTrue(gauge.gasAtStart() > gasLimit - DISPATCH - (result.length + 31) / 32 * DISPATCH_WORD);
    }

    /// @dev The same for one that uses up its gas.
    /// forge-config: default.isolate = true
    function testFuzz_the_event_is_never_lost_for_lack_of_gas(uint32 gasLimit, uint256 length, bool failed, bool short)
        public
    {
        if (short) useShortOutputs();
        client.set(Client.Mode.EatGas, address(0), "");
        bytes memory result = new bytes(bound(length, 1, failed ? 1_024 : short ? 256 : 4_096));
        bytes32 id = client.ask("source", SUBSCRIPTION, uint32(bound(gasLimit, 0, 300_000)));
        expectProcessed(id, CALLBACK_ERROR, failed ? bytes("") : result, failed ? result : bytes(""), "");
        deliver(0, id, failed ? 1 : 0, result);
    }

    /// @dev Whatever gas the transmitter supplies: all of the client's, or nothing happens.
    function testFuzz_a_delivery_with_too_little_gas_is_none(uint256 supplied) public {
        bytes32 id = gauge.ask(SUBSCRIPTION, 250_000);
        Report memory r = report(id, 0, "answer");
        uint64 epoch = committee.currentEpoch();
        bytes memory proof = prove(0, router.attestationDigest(epoch, Digests.leaf(r)), 7);
        supplied = bound(supplied, 100_000, 600_000);
        bytes memory call = abi.encodeCall(IRouter.fulfill, (epoch, 0, pack(r, "answer"), proof));
        (bool delivered,) = address(router).call{gas: supplied}(call);
        vm.assertEq(gauge.gasAtStart() > 250_000 - DISPATCH - DISPATCH_WORD, delivered);
        vm.assertEq(router.pending(id).consumer, delivered ? address(0) : address(compat));
        vm.assertTrue(delivered ? supplied > compat.callbackGas(250_000) : supplied < 450_000);
    }

    /// @dev Clients of a function whose outputs are shorter than errors may be.
    function useShortOutputs() private {
        compat = new ChainlinkFunctionsRouter(address(router), registry.register(MODULE, 0, terms("256")));
        sponsor(address(compat));
        client = newClient();
        gauge = new Gauge(address(compat));
        sponsor(address(gauge));
    }
}
