// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {IRouter} from "../src/interfaces/IRouter.sol";
import {Callback} from "../src/libraries/Callback.sol";
import {Digests} from "../src/libraries/Digests.sol";
import {Report} from "../src/types/Types.sol";
import {Hostile, Recorder} from "./support/Consumers.sol";
import {FUNCTION} from "./support/Functions.sol";
import {Network} from "./support/Network.sol";
import {Vm} from "./support/Test.sol";

/// @notice Consumers that attack from their callback, and transmitters that save on gas.
contract HostileTest is Network {
    Hostile private hostile;
    Recorder private honest;

    function setUp() public {
        start(4);
        hostile = new Hostile(address(router));
        honest = new Recorder(address(router));
        sponsor(address(hostile));
        sponsor(address(honest));
    }

    function test_a_reverting_callback_is_recorded_and_blocks_nobody() public {
        hostile.set(Hostile.Mode.Revert, address(0), "");
        bytes32[] memory ids = batchWithHonest(200_000);
        vm.expectEmit(address(router));
        emit IRouter.CallbackFailed(ids[0], abi.encodeWithSelector(Hostile.Refused.selector, ids[0]));
        expectDelivered(ids[0], 0, false);
        expectDelivered(ids[1], 0, true);
        deliver(ids, "output", 1);
        vm.assertEq(router.pending(ids[0]).consumer, address(0));
        vm.assertEq(honest.calls(), 1);
    }

    function test_a_callback_that_eats_all_gas_costs_its_limit_and_no_more() public {
        hostile.set(Hostile.Mode.EatGas, address(0), "");
        bytes32[] memory ids = batchWithHonest(150_000);
        (bytes memory packed, bytes32 root) = batch(ids, "output");
        bytes memory proof = prove(0, router.attestationDigest(1, root), 7);
        uint256 before = gasleft();
        router.fulfill(1, 0, packed, proof);
        uint256 used = before - gasleft();
        vm.assertTrue(used < 150_000 + 350_000);
        vm.assertEq(hostile.calls(), 0); // its writes were undone
        vm.assertEq(honest.calls(), 1);
    }

    function test_a_return_bomb_is_cut() public {
        hostile.set(Hostile.Mode.BombRevert, address(0), "");
        bytes32 id = hostile.ask(300_000);
        vm.recordLogs();
        deliver(0, id, 0, "output");
        Vm.Log[] memory logs = vm.getRecordedLogs();
        vm.assertEq(logs[0].topics[0], IRouter.CallbackFailed.selector);
        vm.assertEq(abi.decode(logs[0].data, (bytes)).length, Callback.MAX_REASON);
        hostile.set(Hostile.Mode.Bomb, address(0), "");
        id = hostile.ask(300_000);
        expectDelivered(id, 0, true);
        deliver(0, id, 0, "output");
    }

    function test_delivering_again_from_the_callback_skips() public {
        bytes32 id = hostile.ask(300_000);
        Report memory r = report(id, 0, "output");
        bytes memory packed = pack(r, "output");
        bytes memory proof = prove(0, router.attestationDigest(1, Digests.leaf(r)), 7);
        hostile.set(Hostile.Mode.Call, address(router), abi.encodeCall(IRouter.fulfill, (1, 0, packed, proof)));
        vm.expectEmit(address(router));
        emit IRouter.Skipped(id, IRouter.SkipReason.Closed);
        router.fulfill(1, 0, packed, proof);
        vm.assertTrue(hostile.innerSuccess());
        vm.assertEq(hostile.calls(), 1);
    }

    function test_delivering_the_rest_of_the_batch_from_the_callback_delivers_it_once() public {
        bytes32[] memory ids = new bytes32[](2);
        (ids[0], ids[1]) = (hostile.ask(300_000), honest.ask("", 150_000));
        Report memory r = report(ids[1], 0, "output");
        bytes memory proof = prove(0, router.attestationDigest(1, Digests.leaf(r)), 7);
        bytes memory inner = abi.encodeCall(IRouter.fulfill, (1, 0, pack(r, "output"), proof));
        hostile.set(Hostile.Mode.Call, address(router), inner);
        vm.recordLogs();
        deliver(ids, "output", 1);
        Vm.Log[] memory logs = vm.getRecordedLogs();
        vm.assertEq(logs.length, 3); // delivered inside, delivered outside, skipped outside
        vm.assertEq(logs[2].topics[0], IRouter.Skipped.selector);
        vm.assertEq(logs[2].topics[1], ids[1]);
        vm.assertTrue(hostile.innerSuccess());
        vm.assertEq(honest.calls(), 1);
    }

    function test_requesting_from_the_callback_makes_a_new_request() public {
        bytes32 id = hostile.ask(300_000);
        bytes memory inner = abi.encodeCall(IRouter.request, (1, FUNCTION, "again", 100_000));
        hostile.set(Hostile.Mode.Call, address(router), inner);
        deliver(0, id, 0, "output");
        vm.assertTrue(hostile.innerSuccess());
        bytes32 next = abi.decode(hostile.innerReturned(), (bytes32));
        vm.assertTrue(next != id);
        vm.assertEq(router.pending(next).consumer, address(hostile));
    }

    function test_expiring_and_governing_from_the_callback_fail() public {
        bytes32 id = hostile.ask(300_000);
        callInside(id, abi.encodeCall(IRouter.expire, (id)), abi.encodeWithSelector(IRouter.NotPending.selector, id));
        bytes memory unauthorized = abi.encodeWithSignature("OwnableUnauthorizedAccount(address)", hostile);
        callInside(hostile.ask(300_000), abi.encodeCall(IRouter.setLimits, (300, 1, 1)), unauthorized);
        bytes memory transfer = abi.encodeWithSignature("transferOwnership(address)", hostile);
        callInside(hostile.ask(300_000), transfer, unauthorized);
        callInside(hostile.ask(300_000), abi.encodeWithSignature("acceptOwnership()"), unauthorized);
        callInside(hostile.ask(300_000), abi.encodeWithSignature("renounceOwnership()"), unauthorized);
    }

    /// @dev Whatever gas the transmitter supplies: the callback gets all it asked for, or nothing happens at all.
    function testFuzz_a_callback_gets_its_exact_gas_or_the_delivery_reverts(uint256 supplied) public {
        uint32 gasLimit = 200_000;
        bytes32 id = honest.ask("", gasLimit);
        Report memory r = report(id, 0, "output");
        bytes memory packed = pack(r, "output");
        bytes memory proof = prove(0, router.attestationDigest(1, Digests.leaf(r)), 7);
        supplied = bound(supplied, 30_000, 360_000);
        (bool delivered, bytes memory reason) =
            address(router).call{gas: supplied}(abi.encodeCall(IRouter.fulfill, (1, 0, packed, proof)));
        if (delivered) {
            vm.assertEq(honest.calls(), 1);
            vm.assertTrue(honest.gasAtStart() > gasLimit - 1_500); // less only what dispatch costs
        } else {
            vm.assertEq(honest.calls(), 0);
            vm.assertEq(router.pending(id).consumer, address(honest));
            bytes memory expected = abi.encodeWithSelector(IRouter.InsufficientGas.selector, id, gasLimit);
            vm.assertTrue(supplied < 60_000 || keccak256(reason) == keccak256(expected));
        }
    }

    function test_too_little_gas_for_one_of_a_batch_undoes_the_whole_delivery() public {
        bytes32[] memory ids = batchWithHonest(300_000);
        hostile.set(Hostile.Mode.EatGas, address(0), "");
        (bytes memory packed, bytes32 root) = batch(ids, "output");
        bytes memory proof = prove(0, router.attestationDigest(1, root), 7);
        vm.expectRevert(abi.encodeWithSelector(IRouter.InsufficientGas.selector, ids[1], 300_000));
        router.fulfill{gas: 500_000}(1, 0, packed, proof);
        vm.assertEq(router.pending(ids[0]).consumer, address(hostile));
    }

    function batchWithHonest(uint32 gasLimit) private returns (bytes32[] memory ids) {
        ids = new bytes32[](2);
        ids[0] = hostile.ask(gasLimit);
        ids[1] = honest.ask("", gasLimit);
    }

    function callInside(bytes32 id, bytes memory message, bytes memory expected) private {
        hostile.set(Hostile.Mode.Call, address(router), message);
        deliver(0, id, 0, "output");
        vm.assertTrue(!hostile.innerSuccess());
        vm.assertEq(hostile.innerReturned(), expected);
    }
}
