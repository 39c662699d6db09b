// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {IRouter} from "../src/interfaces/IRouter.sol";
import {Digests} from "../src/libraries/Digests.sol";
import {Asset, Charge} from "../src/types/Billing.sol";
import {Origin, Report} from "../src/types/Types.sol";
import {FUNCTION} from "./support/Functions.sol";
import {ALICE, Pushing} from "./support/Pushing.sol";

/// @notice Reports of triggers: told once, of the right trigger, by a live epoch, to receivers written for Keystone.
contract PushTest is Pushing {
    function setUp() public {
        startPushing();
    }

    /// @dev Keystone's layout: workflow id 32, name 10, owner 20, report id 2.
    function test_a_receiver_is_told_in_keystones_words() public {
        bytes32 id = idOf(registration, EVENT);
        vm.expectEmit(address(router));
        emit IRouter.Pushed(id, registration, 0, true, address(this), expectedCharge());
        push(registration, EVENT);
        bytes memory metadata = receiver.metadata();
        vm.assertEq(metadata.length, 64);
        vm.assertEq(cut(metadata, 0, 32), abi.encodePacked(FUNCTION));
        vm.assertEq(cut(metadata, 32, 10), abi.encodePacked(bytes10("prices")));
        vm.assertEq(cut(metadata, 42, 20), abi.encodePacked(ALICE));
        vm.assertEq(cut(metadata, 62, 2), hex"0001");
        vm.assertEq(receiver.report(), OUTPUT);
        vm.assertEq(receiver.caller(), address(router));
        vm.assertEq(receiver.calls(), 1);
        vm.assertTrue(router.pushed(id));
    }

    function test_an_event_is_told_once() public {
        push(registration, EVENT);
        uint256 balance = router.subscriptionInfo(1).balance;
        expectSkip(idOf(registration, EVENT), IRouter.SkipReason.Closed);
        push(registration, EVENT);
        bytes32[] memory twice = new bytes32[](2);
        twice[0] = twice[1] = keccak256("another");
        expectSkip(idOf(registration, twice[1]), IRouter.SkipReason.Closed);
        push(registration, twice);
        vm.assertEq(receiver.calls(), 2);
        vm.assertTrue(router.subscriptionInfo(1).balance < balance);
    }

    function test_another_registration_event_or_function_is_no_origin() public {
        bytes32 id = idOf(registration, EVENT);
        Report memory r = report(id, 0, OUTPUT);
        Origin[5] memory wrong = [
            Origin(registration, keccak256("another")),
            Origin(bytes32(uint256(registration) ^ 1), EVENT),
            Origin(bytes32(0), EVENT),
            Origin(bytes32(0), bytes32(0)),
            Origin(EVENT, registration)
        ];
        for (uint256 i; i < 5; ++i) {
            expectSkip(id, IRouter.SkipReason.NoTrigger);
            push(one(r), one(wrong[i]));
        }
        r.functionId = keccak256("another");
        expectSkip(id, IRouter.SkipReason.NoTrigger);
        push(one(r), one(Origin(registration, EVENT)));
        vm.assertEq(receiver.calls(), 0);
        vm.assertTrue(!router.pushed(id));
    }

    /// @dev The id names the epoch, so another epoch's report is of no trigger.
    function test_another_epochs_report_is_refused() public {
        bytes32 id = idOf(registration, EVENT); // of epoch 1
        startEpoch(operators);
        expectSkip(id, IRouter.SkipReason.NoTrigger);
        push(one(report(id, 0, OUTPUT)), one(Origin(registration, EVENT)));
    }

    function test_an_epoch_tells_while_it_is_current_and_for_its_grace_period() public {
        startEpoch(operators);
        uint256 end = block.timestamp + committee.GRACE_PERIOD();
        vm.warp(end - 1);
        pushAs(1, one(report(idOf(registration, EVENT, 1), 0, OUTPUT)), one(Origin(registration, EVENT)));
        vm.assertEq(receiver.calls(), 1);
        vm.warp(end);
        bytes32 late = keccak256("late");
        Report[] memory reports = one(report(idOf(registration, late, 1), 0, OUTPUT));
        (bytes memory packed, bytes memory proof) = signed(1, reports);
        vm.expectRevert(abi.encodeWithSelector(IRouter.EpochEnded.selector, 1));
        router.push(1, 0, packed, proof, one(Origin(registration, late)));
        pushAs(2, one(report(idOf(registration, late, 2), 0, OUTPUT)), one(Origin(registration, late)));
        vm.assertEq(receiver.calls(), 2);
    }

    function test_a_paused_or_removed_trigger_is_none() public {
        vm.prank(ALICE);
        triggers.setPaused(registration, true);
        expectSkip(idOf(registration, EVENT), IRouter.SkipReason.NoTrigger);
        push(registration, EVENT);
        vm.prank(ALICE);
        triggers.setPaused(registration, false);
        push(registration, EVENT);
        triggers.remove(registration); // the owner of the subscription may
        expectSkip(idOf(registration, keccak256("2")), IRouter.SkipReason.NoTrigger);
        push(registration, keccak256("2"));
        vm.assertEq(receiver.calls(), 1);
    }

    function test_failures_and_traps_are_charged_and_not_told() public {
        for (uint8 status = 1; status < 3; ++status) {
            bytes32 eventHash = keccak256(abi.encode(status));
            bytes32 id = idOf(registration, eventHash);
            uint256 balance = router.subscriptionInfo(1).balance;
            vm.expectEmit(address(router));
            emit IRouter.Pushed(id, registration, status, false, address(this), expectedCharge());
            push(one(report(id, status, OUTPUT)), one(Origin(registration, eventHash)));
            vm.assertEq(balance - router.subscriptionInfo(1).balance, expectedCharge().work);
            vm.assertTrue(router.pushed(id));
        }
        vm.assertEq(receiver.calls(), 0);
    }

    function test_there_is_one_origin_for_each_report() public {
        Report[] memory reports = new Report[](2);
        reports[0] = report(idOf(registration, EVENT), 0, OUTPUT);
        reports[1] = report(idOf(registration, keccak256("2")), 0, OUTPUT);
        (bytes memory packed, bytes memory proof) = signed(1, reports);
        vm.expectRevert(abi.encodeWithSelector(IRouter.BadOrigins.selector, 1, 2));
        router.push(1, 0, packed, proof, new Origin[](1));
        vm.expectRevert(abi.encodeWithSelector(IRouter.BadOrigins.selector, 0, 1));
        router.push(1, 0, packed, proof, new Origin[](0));
        vm.expectRevert(abi.encodeWithSelector(IRouter.BadOrigins.selector, 3, 2));
        router.push(1, 0, packed, proof, new Origin[](3));
        vm.assertEq(receiver.calls(), 0);
    }

    /// @dev One attestation over a request's report and a trigger's: each function delivers its own and skips the other.
    function test_a_mixed_batch_is_delivered_by_both_functions() public {
        bytes32 request = consumer.ask("", 200_000);
        Report[] memory reports = new Report[](2);
        Origin[] memory origins = new Origin[](2);
        reports[0] = report(request, 0, OUTPUT);
        reports[1] = report(idOf(registration, EVENT), 0, OUTPUT);
        origins[1] = Origin(registration, EVENT);
        (bytes memory packed, bytes memory proof) = signed(1, reports);
        expectSkip(reports[1].requestId, IRouter.SkipReason.Closed);
        router.fulfill(1, 0, packed, proof);
        vm.assertEq(consumer.requestId(), request);
        vm.assertEq(receiver.calls(), 0);
        expectSkip(request, IRouter.SkipReason.NoTrigger);
        router.push(1, 0, packed, proof, origins);
        vm.assertEq(receiver.calls(), 1);
        router.push(1, 0, packed, proof, origins);
        router.fulfill(1, 0, packed, proof);
        vm.assertEq(receiver.calls(), 1);
        vm.assertEq(consumer.calls(), 1);
    }

    function test_pushes_are_charged_at_the_gas_price() public {
        vm.fee(1 gwei);
        vm.txGasPrice(1 gwei);
        uint256 balance = router.subscriptionInfo(1).balance;
        push(registration, EVENT);
        Charge memory taken = last(idOf(registration, EVENT));
        vm.assertTrue(gasOf(taken, 1 gwei) > 21_000);
        vm.assertEq(router.subscriptionInfo(1).balance, balance - taken.work - taken.gasCost);
        vm.assertEq(router.subscriptionInfo(1).reserved, 0);
        (uint256 work, uint256 gasCost) = router.unsettled(1, Asset.Native, address(this), quorumBitmap());
        vm.assertEq(work, taken.work);
        vm.assertEq(gasCost, taken.gasCost);
    }

    function test_what_is_not_attested_is_refused() public {
        Report[] memory reports = one(report(idOf(registration, EVENT), 0, OUTPUT));
        (bytes memory packed,) = signed(1, reports);
        bytes memory proof = prove(0, Digests.leaf(reports[0]), 7);
        (bool success,) = address(router).call(abi.encodeCall(IRouter.push, (1, 0, packed, proof, one(Origin(registration, EVENT)))));
        vm.assertTrue(!success);
    }

    function cut(bytes memory data, uint256 start, uint256 length) private pure returns (bytes memory part) {
        part = new bytes(length);
        for (uint256 i; i < length; ++i) {
            part[i] = data[start + i];
        }
    }
}
