// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {FunctionsClient as FirstClient} from "@chainlink/contracts/src/v0.8/functions/v1_0_0/FunctionsClient.sol";
import {FunctionsClientExample} from
    "@chainlink/contracts/src/v0.8/functions/v1_0_0/example/FunctionsClientExample.sol";
import {FunctionsClient} from "@chainlink/contracts/src/v0.8/functions/v1_3_0/FunctionsClient.sol";
import {CalledByRouter} from "../src/CalledByRouter.sol";
import {IChainlinkFunctionsRouter} from "../src/compat/IChainlinkFunctionsRouter.sol";
import {IRouter} from "../src/interfaces/IRouter.sol";
import {RequestContext} from "../src/types/Types.sol";
import {Client} from "./compat/Clients.sol";
import {Compatible} from "./compat/Compatible.sol";
import {Vm} from "./support/Test.sol";

/// @notice Unmodified clients of Chainlink Functions, whose only change is the address of the router.
contract CompatTest is Compatible {
    IChainlinkFunctionsRouter.FulfillResult private constant FULFILLED =
        IChainlinkFunctionsRouter.FulfillResult.FULFILLED;

    // How FunctionsRequest writes a number: a bignum of 32 bytes. 0 is inline, and JavaScript; 1 remote; 2 DON-hosted.
    bytes private constant ZERO = hex"c258200000000000000000000000000000000000000000000000000000000000000000";
    bytes private constant ONE = hex"c258200000000000000000000000000000000000000000000000000000000000000001";
    bytes private constant TWO = hex"c258200000000000000000000000000000000000000000000000000000000000000002";

    FunctionsClientExample private example;

    function setUp() public {
        startCompatible();
        example = new FunctionsClientExample(address(compat));
        sponsor(address(example));
    }

    function askExample() private returns (bytes32) {
        string[] memory args = new string[](2);
        (args[0], args[1]) = ("ETH", "USD");
        example.sendRequest("return args[0]", hex"5ec2e7", args, SUBSCRIPTION, "fun-ethereum-mainnet-1");
        return example.s_lastRequestId();
    }

    function test_chainlinks_own_example_asks_and_hears_the_answer() public {
        for (uint256 verifier; verifier < 2; ++verifier) {
            bytes32 id = askExample();
            bytes32 answer = keccak256(abi.encode(verifier));
            expectProcessed(id, FULFILLED, abi.encode(answer), "", "");
            deliver(verifier, id, 0, abi.encode(answer));
            vm.assertEq(example.s_lastResponse(), answer);
            vm.assertEq(uint256(example.s_lastResponseLength()), 32);
            vm.assertEq(uint256(example.s_lastErrorLength()), 0);
        }
    }

    function test_the_functions_input_is_the_clients_cbor() public {
        vm.recordLogs();
        bytes32 id = askExample();
        bytes memory code = bytes.concat("\x6ccodeLocation", ZERO, "\x68language", ZERO, "\x66source");
        bytes memory args = bytes.concat("\x64args\x9f\x63ETH\x63USD\xff");
        bytes memory secrets = bytes.concat("\x6fsecretsLocation", ONE, "\x67secrets", hex"435ec2e7");
        vm.assertEq(inputOf(id), bytes.concat(code, "\x6ereturn args[0]", args, secrets));
    }

    function test_secrets_hosted_by_the_committee_and_bytes_go_the_same_way() public {
        bytes[] memory args = new bytes[](1);
        args[0] = hex"0102";
        vm.recordLogs();
        bytes32 id = client.askWithSecrets(SUBSCRIPTION, 100_000, args);
        bytes memory code = bytes.concat("\x6ccodeLocation", ZERO, "\x68language", ZERO, "\x66source");
        bytes memory slot = bytes.concat("\x66slotID\x03\x67version\x1a", bytes4(uint32(1_750_000_000)));
        bytes memory secrets =
            bytes.concat("\x6fsecretsLocation", TWO, "\x67secrets", bytes1(uint8(0x40 + slot.length)), slot);
        bytes memory expected =
            bytes.concat(code, "\x72return secrets.key", secrets, "\x69bytesArgs\x9f", hex"420102ff");
        vm.assertEq(inputOf(id), expected);
    }

    function test_an_error_arrives_as_an_error() public {
        bytes32 id = askExample();
        expectProcessed(id, FULFILLED, "", "TypeError: no price", "");
        deliver(0, id, 1, "TypeError: no price");
        vm.assertEq(example.s_lastError(), bytes32("TypeError: no price"));
        vm.assertEq(uint256(example.s_lastErrorLength()), 19);
        vm.assertEq(uint256(example.s_lastResponseLength()), 0);
    }

    function test_a_trap_arrives_as_text() public {
        string[4] memory texts = [
            "trap: out of fuel",
            "trap: stack too deep",
            "trap: illegal operation",
            "trap: rule of the guest interface broken"
        ];
        for (uint8 code = 1; code <= 4; ++code) {
            deliver(0, client.ask("source", SUBSCRIPTION, 250_000), 2, abi.encodePacked(code));
            vm.assertEq(string(client.err()), texts[code - 1]);
            vm.assertEq(client.response(), "");
        }
    }

    function testFuzz_any_result_arrives_as_it_is(bytes calldata result, bool failed) public {
        vm.assume(result.length < 200 && !(failed && result.length == 0));
        vm.assume(result.length != 1 || uint8(result[0]) == 0 || uint8(result[0]) > 4);
        bytes32 id = client.ask("source", SUBSCRIPTION, 250_000);
        deliver(0, id, failed ? 1 : 0, result);
        vm.assertEq(client.requestId(), id);
        vm.assertEq(failed ? client.err() : client.response(), result);
        vm.assertEq(failed ? client.response() : client.err(), "");
    }

    function test_two_clients_hear_their_own_answers_in_any_order() public {
        Client other = newClient();
        bytes32[] memory ids = new bytes32[](3);
        ids[2] = client.ask("same", SUBSCRIPTION, 200_000);
        ids[1] = other.ask("same", SUBSCRIPTION, 200_000);
        ids[0] = client.ask("same", SUBSCRIPTION, 200_000);
        deliver(ids, "answer", committee.currentEpoch());
        vm.assertEq(client.calls(), 2);
        vm.assertEq(client.requestId(), ids[2]);
        vm.assertEq(other.calls(), 1);
        vm.assertEq(other.requestId(), ids[1]);
    }

    function test_a_request_is_remembered_until_its_answer_and_answered_once() public {
        vm.recordLogs();
        bytes32 id = client.ask("source", SUBSCRIPTION, 123_456);
        Vm.Log[] memory logs = vm.getRecordedLogs();
        vm.assertEq(logs[1].topics[0], IChainlinkFunctionsRouter.ClientRequested.selector);
        vm.assertEq(logs[1].topics[1], id);
        vm.assertEq(logs[1].topics[2], bytes32("don"));
        vm.assertEq(logs[1].topics[3], bytes32(uint256(uint160(address(client)))));
        vm.assertEq(logs[1].data, abi.encode(SUBSCRIPTION, 123_456));
        (address who, uint32 gasLimit, uint64 subscription) = compat.clientOf(id);
        vm.assertEq(abi.encode(who, gasLimit, subscription), abi.encode(client, 123_456, SUBSCRIPTION));
        vm.assertEq(router.pending(id).consumer, address(compat));
        deliver(0, id, 0, "answer");
        (who, gasLimit, subscription) = compat.clientOf(id);
        vm.assertEq(abi.encode(who, gasLimit, subscription), abi.encode(0, 0, 0));
        vm.expectEmit(address(router));
        emit IRouter.Skipped(id, IRouter.SkipReason.Closed);
        deliver(0, id, 0, "answer");
        vm.assertEq(client.calls(), 1);
    }

    function test_an_expired_request_is_not_answered() public {
        bytes32 id = client.ask("source", SUBSCRIPTION, 100_000);
        vm.warp(block.timestamp + 300);
        router.expire(id);
        deliver(0, id, 0, "answer");
        vm.assertEq(client.calls(), 0);
    }

    function test_each_listens_to_its_own_router_only() public {
        vm.expectRevert(abi.encodeWithSelector(CalledByRouter.OnlyRouter.selector, address(this)));
        compat.handleFulfillment("id", "answer", "");
        vm.prank(address(router));
        vm.expectRevert(FunctionsClient.OnlyRouterCanFulfill.selector);
        client.handleOracleFulfillment("id", "answer", "");
        vm.expectRevert(FirstClient.OnlyRouterCanFulfill.selector);
        example.handleOracleFulfillment("id", "answer", "");
    }

    /// @dev The input of the only request among the recorded logs.
    function inputOf(bytes32 id) private returns (bytes memory input) {
        Vm.Log[] memory logs = vm.getRecordedLogs();
        vm.assertEq(logs[0].topics[0], IRouter.Requested.selector);
        vm.assertEq(logs[0].topics[1], id);
        (,,,, input) = abi.decode(logs[0].data, (RequestContext, uint32, uint80, uint32, bytes));
    }
}
