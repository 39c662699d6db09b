// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {Committee} from "../src/Committee.sol";
import {CalledByRouter} from "../src/CalledByRouter.sol";
import {IEpochVerifier} from "../src/interfaces/IEpochVerifier.sol";
import {IRouter} from "../src/interfaces/IRouter.sol";
import {Digests} from "../src/libraries/Digests.sol";
import {Asset} from "../src/types/Billing.sol";
import {Pending, Quote, Report, RequestContext} from "../src/types/Types.sol";
import {Recorder} from "./support/Consumers.sol";
import {EmptyConsumer} from "./support/EmptyConsumer.sol";
import {FUNCTION} from "./support/Functions.sol";
import {Network} from "./support/Network.sol";

contract RouterTest is Network {
    uint32 private constant GAS_LIMIT = 200_000;
    Recorder private consumer;

    function setUp() public {
        start(4);
        consumer = new Recorder(address(router));
        sponsor(address(consumer));
        sponsor(address(this));
    }

    function ask() private returns (bytes32) {
        return consumer.ask("input", GAS_LIMIT);
    }

    function test_a_request_id_commits_to_everything_and_the_slot_remembers_the_rest() public {
        RequestContext memory context = RequestContext({
            nonce: 0,
            blockNumber: uint64(block.number),
            blockTimestamp: uint64(block.timestamp),
            parentHash: blockhash(block.number - 1),
            sender: address(consumer),
            subscription: SUBSCRIPTION,
            functionId: FUNCTION,
            epoch: 1,
            inputHash: keccak256("input"),
            callbackGasLimit: GAS_LIMIT,
            consumer: address(consumer)
        });
        bytes32 id = Digests.requestId(address(router), context);
        uint32 deadline = uint32(block.timestamp + 300);
        uint256 cost = router.estimateCost(FUNCTION, GAS_LIMIT, Asset.Native, 0);
        vm.expectEmit(address(router));
        emit IRouter.Requested(
            id, FUNCTION, address(consumer), context, deadline, Quote(uint80(cost), 1), "input"
        );
        vm.assertEq(ask(), id);
        Pending memory open = router.pending(id);
        Pending memory expected = Pending(address(consumer), GAS_LIMIT, 1, deadline, SUBSCRIPTION, uint80(cost), 1);
        vm.assertEq(keccak256(abi.encode(open)), keccak256(abi.encode(expected)));
        context.nonce = 1;
        vm.assertEq(ask(), Digests.requestId(address(router), context));
    }

    function test_requests_over_the_limits_are_refused() public {
        vm.expectRevert(abi.encodeWithSelector(IRouter.CallbackGasTooHigh.selector, 300_001, 300_000));
        router.request(1, FUNCTION, "", 300_001);
        vm.expectRevert(abi.encodeWithSelector(IRouter.InputTooLong.selector, 16_385, 16_384));
        router.request(1, FUNCTION, new bytes(16_385), 0);
        deployRouter(address(new Committee(address(this), 0, 0)), address(0));
        sponsor(address(this));
        vm.expectRevert(IRouter.NoEpoch.selector);
        router.request(1, FUNCTION, "", 0);
    }

    function test_an_output_is_delivered_once_by_either_verifier() public {
        for (uint256 verifier; verifier < 2; ++verifier) {
            bytes32 id = ask();
            expectDelivered(id, 0, true);
            deliver(verifier, id, 0, "output");
            vm.assertEq(consumer.requestId(), id);
            vm.assertEq(consumer.output(), "output");
            vm.assertEq(consumer.failure(), "");
            vm.assertEq(consumer.calls(), verifier + 1);
            vm.assertEq(router.pending(id).consumer, address(0));
            expectSkip(id, IRouter.SkipReason.Closed);
            deliver(verifier, id, 0, "output");
            vm.assertEq(consumer.calls(), verifier + 1);
        }
    }

    function test_failures_and_traps_arrive_as_failures() public {
        deliver(0, ask(), 1, "TypeError: no price");
        vm.assertEq(consumer.failure(), "TypeError: no price");
        vm.assertEq(consumer.output(), "");
        deliver(0, ask(), 2, hex"01");
        vm.assertEq(consumer.failure(), hex"01");
        vm.assertEq(consumer.calls(), 2);
    }

    function testFuzz_any_bytes_arrive_as_they_are(bytes calldata output, uint8 status) public {
        status = uint8(bound(status, 0, 2));
        bytes32 id = ask();
        vm.assume(output.length < 100);
        deliver(0, id, status, output);
        vm.assertEq(status == 0 ? consumer.output() : consumer.failure(), output);
        vm.assertEq(status == 0 ? consumer.failure() : consumer.output(), "");
    }

    function test_a_batch_delivers_every_report_and_skips_the_closed_the_unknown_and_the_repeated() public {
        bytes32[] memory ids = new bytes32[](6);
        for (uint256 i; i < 4; ++i) {
            ids[i] = ask();
        }
        ids[4] = ids[0];
        ids[5] = keccak256("never made");
        deliver(0, ids[1], 0, "first");
        expectSkip(ids[1], IRouter.SkipReason.Closed);
        expectSkip(ids[4], IRouter.SkipReason.Closed);
        expectSkip(ids[5], IRouter.SkipReason.Closed);
        deliver(ids, "output", 1);
        vm.assertEq(consumer.calls(), 4);
    }

    function testFuzz_batches_in_any_order_deliver_each_request_once(uint256 seed) public {
        bytes32[] memory ids = new bytes32[](8);
        for (uint256 i; i < 8; ++i) {
            ids[i] = i < 5 ? ask() : ids[uint256(keccak256(abi.encode(seed, i))) % 5];
        }
        for (uint256 i = 7; i > 0; --i) {
            uint256 j = uint256(keccak256(abi.encode(seed, "shuffle", i))) % (i + 1);
            (ids[i], ids[j]) = (ids[j], ids[i]);
        }
        deliver(ids, "a", 1);
        vm.assertEq(consumer.calls(), 5);
        deliver(ids, "b", 1);
        vm.assertEq(consumer.calls(), 5);
        vm.assertEq(consumer.output(), "a");
    }

    function test_reports_that_are_none_are_refused() public {
        bytes memory packed = pack(report(ask(), 0, "output"), "output");
        vm.expectRevert(IRouter.NoReports.selector);
        router.fulfill(1, 0, "", "");
        for (uint256 cut = 1; cut < packed.length; ++cut) {
            bytes memory part = new bytes(packed.length - cut);
            for (uint256 i; i < part.length; ++i) {
                part[i] = packed[i];
            }
            vm.expectRevert(abi.encodeWithSelector(IRouter.MalformedReports.selector, 0));
            router.fulfill(1, 0, part, packed);
        }
        vm.expectRevert(abi.encodeWithSelector(IRouter.MalformedReports.selector, packed.length));
        router.fulfill(1, 0, bytes.concat(packed, hex"00"), packed);
    }

    function testFuzz_an_edited_report_is_refused(uint256 position, uint8 change) public {
        vm.assume(change != 0);
        Report memory r = report(ask(), 0, "output");
        bytes memory proof = prove(0, router.attestationDigest(1, Digests.leaf(r)), 7);
        bytes memory packed = pack(r, "output");
        packed[bound(position, 0, packed.length - 1)] ^= bytes1(change);
        vm.prank(address(0xbad));
        (bool accepted,) = address(router).call(abi.encodeCall(IRouter.fulfill, (1, 0, packed, proof)));
        vm.assertTrue(!accepted);
        vm.assertEq(consumer.calls(), 0);
    }

    function test_an_attestation_is_bound_to_chain_router_committee_and_epoch() public {
        Report memory r = report(ask(), 0, "output");
        bytes memory packed = pack(r, "output");
        bytes32 leaf = Digests.leaf(r);
        bytes32 domain = Digests.domainSeparator(address(router));
        bytes32 elsewhere = Digests.domainSeparator(address(0x1234));
        refuse(packed, Digests.attestation(elsewhere, address(committee), 1, leaf));
        refuse(packed, Digests.attestation(domain, address(0x1234), 1, leaf));
        refuse(packed, Digests.attestation(domain, address(committee), 2, leaf));
        vm.chainId(5);
        elsewhere = Digests.domainSeparator(address(router));
        refuse(packed, Digests.attestation(elsewhere, address(committee), 1, leaf));
    }

    function test_an_unknown_epoch_or_verifier_is_refused() public {
        bytes memory packed = pack(report(ask(), 0, "output"), "output");
        vm.expectRevert(abi.encodeWithSelector(IRouter.UnknownVerifier.selector, 2, 0));
        router.fulfill(2, 0, packed, "");
        vm.expectRevert(abi.encodeWithSelector(IRouter.UnknownVerifier.selector, 1, 2));
        router.fulfill(1, 2, packed, "");
        vm.expectRevert(abi.encodeWithSelector(IRouter.UnknownVerifier.selector, 0, 256)); // would alias (1, 0)
        router.fulfill(0, 256, packed, "");
    }

    function test_a_consumer_listens_to_its_router_only() public {
        vm.expectRevert(abi.encodeWithSelector(CalledByRouter.OnlyRouter.selector, address(this)));
        consumer.handleFulfillment(bytes32(0), "", "");
    }

    function test_gas_of_the_main_calls() public {
        address empty = address(new EmptyConsumer(address(router)));
        sponsor(empty);
        bytes32[2] memory ids;
        for (uint256 i; i < 2; ++i) {
            vm.prank(empty);
            ids[i] = router.request(1, FUNCTION, "input", GAS_LIMIT);
        }
        vm.snapshotGasLastCall("Router", "request (warm)");
        deliver(0, ids[0], 0, new bytes(96));
        vm.snapshotGasLastCall("Router", "fulfill, one report, ECDSA n=4 (warm)");
        deliver(1, ids[1], 0, new bytes(96));
        vm.snapshotGasLastCall("Router", "fulfill, one report, BLS n=4 (warm)");
    }

    function refuse(bytes memory packed, bytes32 digest) private {
        bytes memory proof = prove(0, digest, 7);
        vm.expectRevert(abi.encodeWithSelector(IEpochVerifier.BadSignature.selector, 0));
        router.fulfill(1, 0, packed, proof);
    }

    function expectSkip(bytes32 id, IRouter.SkipReason reason) private {
        vm.expectEmit(address(router));
        emit IRouter.Skipped(id, reason);
    }
}
