// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {IPricing} from "../src/interfaces/IPricing.sol";
import {IRouter} from "../src/interfaces/IRouter.sol";
import {Asset, Charge} from "../src/types/Billing.sol";
import {Origin, Report} from "../src/types/Types.sol";
import {FUNCTION} from "./support/Functions.sol";
import {KeystoneReceiver, Pushing} from "./support/Pushing.sol";

/// @notice Receivers that lie, revert, eat gas or are gone, subscriptions without money, and re-entrancy.
contract PushHostileTest is Pushing {
    function setUp() public {
        startPushing();
    }

    /// @dev ERC-165: who denies, knows everything, reverts or eats the probe's 30,000 gas takes no reports.
    function test_who_does_not_answer_the_probe_is_charged_and_not_called() public {
        KeystoneReceiver.Answer[4] memory answers = [
            KeystoneReceiver.Answer.No,
            KeystoneReceiver.Answer.Everything,
            KeystoneReceiver.Answer.Revert,
            KeystoneReceiver.Answer.EatGas
        ];
        for (uint256 i; i < 4; ++i) {
            receiver.say(answers[i]);
            bytes32 eventHash = keccak256(abi.encode(i));
            bytes32 id = idOf(registration, eventHash);
            vm.expectEmit(address(router));
            emit IRouter.Pushed(id, registration, 0, false, address(this), expectedCharge());
            push(registration, eventHash);
            vm.assertTrue(router.pushed(id));
        }
        vm.assertEq(receiver.calls(), 0);
        receiver.say(KeystoneReceiver.Answer.Yes);
        push(registration, EVENT);
        vm.assertEq(receiver.calls(), 1);
    }

    function test_a_receiver_without_code_is_not_called() public {
        vm.etch(address(receiver), "");
        bytes32 id = idOf(registration, EVENT);
        vm.expectEmit(address(router));
        emit IRouter.Pushed(id, registration, 0, false, address(this), expectedCharge());
        push(registration, EVENT);
    }

    function test_a_trigger_without_a_receiver_is_charged() public {
        bytes32 silent = registered(address(0), 1, 300_000);
        bytes32 id = idOf(silent, EVENT);
        vm.expectEmit(address(router));
        emit IRouter.Pushed(id, silent, 0, false, address(this), expectedCharge());
        push(silent, EVENT);
    }

    function test_a_receiver_that_reverts_or_eats_gas_is_charged_and_blocks_nobody() public {
        KeystoneReceiver honest = new KeystoneReceiver();
        bytes32 other = registered(address(honest), 1, 200_000);
        for (uint256 i; i < 2; ++i) {
            KeystoneReceiver.Mode mode = i == 0 ? KeystoneReceiver.Mode.Revert : KeystoneReceiver.Mode.EatGas;
            receiver.set(mode, address(0), "");
            Report[] memory reports = new Report[](2);
            Origin[] memory origins = new Origin[](2);
            (origins[0], origins[1]) = (Origin(registration, bytes32(i)), Origin(other, bytes32(i)));
            reports[0] = report(idOf(registration, bytes32(i)), 0, OUTPUT);
            reports[1] = report(idOf(other, bytes32(i)), 0, OUTPUT);
            vm.expectEmit(address(router));
            emit IRouter.CallbackFailed(reports[0].requestId, i == 0 ? refusal() : bytes(""));
            push(reports, origins);
            vm.assertTrue(router.pushed(reports[0].requestId));
            vm.assertEq(honest.calls(), i + 1);
        }
        vm.assertEq(receiver.calls(), 0); // its writes were undone
    }

    function test_too_little_gas_for_a_receiver_undoes_the_push() public {
        Report[] memory reports = one(report(idOf(registration, EVENT), 0, OUTPUT));
        (bytes memory packed, bytes memory proof) = signed(1, reports);
        vm.expectRevert(abi.encodeWithSelector(IRouter.InsufficientGas.selector, reports[0].requestId, 300_000));
        router.push{gas: 380_000}(1, 0, packed, proof, one(Origin(registration, EVENT)));
        vm.assertTrue(!router.pushed(reports[0].requestId));
    }

    /// @dev Whatever gas the payer gives: the receiver is told with all of its gas, or nothing happened. A probe that is left
    /// too little gas must not pass for a receiver that takes no reports.
    function testFuzz_a_push_is_made_whole_or_not_at_all(uint256 supplied) public {
        bytes32 id = idOf(registration, EVENT);
        (bytes memory packed, bytes memory proof) = signed(1, one(report(id, 0, OUTPUT)));
        Origin[] memory origins = one(Origin(registration, EVENT));
        supplied = bound(supplied, 20_000, 500_000);
        (bool success,) =
            address(router).call{gas: supplied}(abi.encodeCall(IRouter.push, (1, 0, packed, proof, origins)));
        vm.assertEq(success, receiver.calls() == 1);
        vm.assertEq(success, router.pushed(id));
    }

    /// @dev The payer of gas would have the receiver's answer be no, and be paid for telling nobody.
    function test_a_probe_left_too_little_gas_does_not_lose_a_push() public {
        push(registration, keccak256("before")); // what follows finds its words written
        receiver.say(KeystoneReceiver.Answer.Shy);
        bytes32 id = idOf(registration, EVENT);
        (bytes memory packed, bytes memory proof) = signed(1, one(report(id, 0, OUTPUT)));
        bytes memory message = abi.encodeCall(IRouter.push, (1, 0, packed, proof, one(Origin(registration, EVENT))));
        uint256 state = vm.snapshotState();
        for (uint256 supplied = 30_000; supplied < 160_000; supplied += 200) {
            (bool success,) = address(router).call{gas: supplied}(message);
            vm.assertTrue(!success);
        }
        vm.revertToState(state);
        (bool whole,) = address(router).call{gas: 600_000}(message);
        vm.assertTrue(whole);
        vm.assertEq(receiver.calls(), 2);
    }

    function test_an_unfunded_push_is_skipped_and_may_come_again() public {
        router.withdrawBalance(1, router.subscriptionInfo(1).balance, address(0xcafe));
        bytes32 id = idOf(registration, EVENT);
        expectSkip(id, IRouter.SkipReason.Unfunded);
        push(registration, EVENT);
        uint256 cost = expectedHeld();
        router.fund{value: cost - 1}(1);
        expectSkip(id, IRouter.SkipReason.Unfunded);
        push(registration, EVENT);
        vm.assertTrue(!router.pushed(id));
        router.fund{value: 1}(1);
        push(registration, EVENT);
        vm.assertEq(receiver.calls(), 1);
    }

    function test_a_push_of_a_closed_subscription_is_skipped() public {
        router.cancelSubscription(1, address(0xcafe));
        expectSkip(idOf(registration, EVENT), IRouter.SkipReason.Unfunded);
        push(registration, EVENT);
    }

    /// @dev A charge has room for 2^80 - 1 units, which a token that is worth little soon reaches; here the base fee does it.
    function test_a_push_that_could_cost_too_much_is_skipped_alone() public {
        vm.deal(address(this), 1 << 90);
        router.fund{value: 1 << 85}(1);
        vm.fee(1.2 ether);
        bytes32 cheap = registered(address(receiver), 1, 0);
        vm.expectPartialRevert(IPricing.CostTooHigh.selector);
        router.estimateCost(FUNCTION, 300_000, Asset.Native, 0);
        router.estimateCost(FUNCTION, 0, Asset.Native, 0);
        Report[] memory reports = new Report[](2);
        Origin[] memory origins = new Origin[](2);
        (origins[0], origins[1]) = (Origin(registration, EVENT), Origin(cheap, EVENT));
        reports[0] = report(idOf(registration, EVENT), 0, OUTPUT);
        reports[1] = report(idOf(cheap, EVENT), 0, OUTPUT);
        expectSkip(reports[0].requestId, IRouter.SkipReason.Unfunded);
        push(reports, origins);
        vm.assertTrue(!router.pushed(reports[0].requestId));
        vm.assertTrue(router.pushed(reports[1].requestId));
    }

    function test_being_told_is_no_way_to_be_told_twice() public {
        Report[] memory reports = one(report(idOf(registration, EVENT), 0, OUTPUT));
        (bytes memory packed, bytes memory proof) = signed(1, reports);
        bytes memory again = abi.encodeCall(IRouter.push, (1, 0, packed, proof, one(Origin(registration, EVENT))));
        receiver.set(KeystoneReceiver.Mode.Call, address(router), again);
        expectSkip(reports[0].requestId, IRouter.SkipReason.Closed);
        router.push(1, 0, packed, proof, one(Origin(registration, EVENT)));
        vm.assertTrue(receiver.innerSuccess());
        vm.assertEq(receiver.calls(), 1);
        vm.assertEq(router.subscriptionInfo(1).reserved, 0);
    }

    function expectedHeld() private view returns (uint256) {
        Charge memory charged = expectedCharge();
        return uint256(charged.work) + charged.refund;
    }

    function refusal() private pure returns (bytes memory) {
        return abi.encodeWithSignature("Error(string)", "refused");
    }
}
