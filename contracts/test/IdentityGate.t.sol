// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {CalledByRouter} from "../src/CalledByRouter.sol";
import {IFunctionBinding} from "../src/consumers/IFunctionBinding.sol";
import {IIdentityGate} from "../src/consumers/IIdentityGate.sol";
import {IdentityGate} from "../src/consumers/IdentityGate.sol";
import {FUNCTION} from "./support/Functions.sol";
import {Network} from "./support/Network.sol";
import {Vm} from "./support/Test.sol";

contract IdentityGateTest is Network {
    bytes32 private constant ADULT = keccak256("over 18, version 1");
    bytes32 private constant PERSON = keccak256("keyed hash of a personal number");
    bytes private constant SEALED = "sealed to the committee";
    uint64 private constant LIFETIME = 90 days;
    uint256 private constant FEE = 0.001 ether;
    address private constant ALICE = address(0xa11ce);
    address private constant BOB = address(0xb0b);

    IdentityGate private gate;
    uint64 private later;

    function setUp() public {
        start(4);
        gate = new IdentityGate(address(router), address(this), FUNCTION, DELAY);
        sponsor(address(gate));
        gate.setSubscription(SUBSCRIPTION);
        gate.setFee(FEE);
        gate.openPolicy(ADULT, LIFETIME);
        later = uint64(block.timestamp) + 30 days;
    }

    function test_a_verdict_is_asked_attested_and_kept() public {
        bytes32 id = ask(ALICE);
        (address account, bytes32 policy) = gate.requestOf(id);
        vm.assertEq(account, ALICE);
        vm.assertEq(policy, ADULT);
        deliver(0, id, 0, verdict(ALICE, true, later, PERSON)); // a quorum signs, the router checks and calls
        vm.assertTrue(gate.isVerified(ALICE, ADULT));
        vm.assertEq(uint256(gate.passOf(ALICE, ADULT).expiresAt), later);
        vm.assertEq(gate.accountOf(ADULT, PERSON), ALICE);
        vm.assertTrue(!gate.isVerified(ALICE, keccak256("another")));
        (account,) = gate.requestOf(id);
        vm.assertEq(account, address(0));
    }

    function test_a_pass_ends_when_it_says_and_never_later_than_the_policy() public {
        answer(ask(ALICE), verdict(ALICE, true, later, PERSON));
        vm.warp(later - 1);
        vm.assertTrue(gate.isVerified(ALICE, ADULT));
        vm.warp(later);
        vm.assertTrue(!gate.isVerified(ALICE, ADULT));
        answer(ask(ALICE), verdict(ALICE, true, type(uint64).max, PERSON)); // renewed by the same person
        vm.assertEq(uint256(gate.passOf(ALICE, ADULT).expiresAt), later + LIFETIME);
        refuse(ask(ALICE), verdict(ALICE, true, later, PERSON), IIdentityGate.Refusal.Expired);
    }

    function test_a_person_has_one_account_under_a_policy() public {
        answer(ask(ALICE), verdict(ALICE, true, later, PERSON));
        refuse(ask(BOB), verdict(BOB, true, later, PERSON), IIdentityGate.Refusal.NullifierTaken);
        vm.prank(ALICE);
        gate.revoke(ADULT);
        refuse(ask(BOB), verdict(BOB, true, later, PERSON), IIdentityGate.Refusal.NullifierTaken);
        vm.assertTrue(!gate.isVerified(BOB, ADULT));
        bytes32 other = keccak256("resident, version 1");
        gate.openPolicy(other, LIFETIME);
        vm.deal(BOB, FEE);
        vm.prank(BOB);
        bytes32 id = gate.request{value: FEE}(other, SEALED);
        answer(id, abi.encode(BOB, other, true, later, PERSON)); // another policy, another name space
        vm.assertTrue(gate.isVerified(BOB, other));
    }

    function test_an_answer_about_another_account_or_policy_is_refused() public {
        refuse(ask(BOB), verdict(ALICE, true, later, PERSON), IIdentityGate.Refusal.OtherRequest);
        bytes memory other = abi.encode(BOB, keccak256("another"), true, later, PERSON);
        refuse(ask(BOB), other, IIdentityGate.Refusal.OtherRequest);
        vm.assertTrue(!gate.isVerified(ALICE, ADULT));
        vm.assertEq(gate.accountOf(ADULT, PERSON), address(0));
    }

    function test_a_denial_takes_the_pass_away_and_a_failure_does_not() public {
        answer(ask(ALICE), verdict(ALICE, true, later, PERSON));
        bytes32 id = ask(ALICE);
        vm.recordLogs();
        vm.prank(address(router));
        gate.handleFulfillment(id, "", "Alice Doe, born 1990: no such register");
        Vm.Log[] memory logs = vm.getRecordedLogs();
        vm.assertEq(logs.length, 1); // and what the guest said is not in it
        vm.assertEq(logs[0].data, abi.encode(IIdentityGate.Refusal.RunFailed));
        vm.assertTrue(gate.isVerified(ALICE, ADULT));
        answer(ask(ALICE), verdict(ALICE, false, 0, 0));
        vm.assertTrue(!gate.isVerified(ALICE, ADULT));
    }

    function test_a_revocation_outlives_answers_asked_for_before_it() public {
        answer(ask(ALICE), verdict(ALICE, true, later, PERSON));
        bytes32 id = ask(ALICE);
        vm.prank(ALICE);
        gate.revoke(ADULT);
        vm.assertTrue(!gate.isVerified(ALICE, ADULT));
        refuse(id, verdict(ALICE, true, later, PERSON), IIdentityGate.Refusal.Replaced);
        vm.prank(ALICE);
        vm.expectRevert(abi.encodeWithSelector(IIdentityGate.NothingToRevoke.selector, ALICE, ADULT));
        gate.revoke(ADULT);
    }

    function test_the_latest_request_counts_in_whatever_order_answers_come() public {
        (bytes32 first, bytes32 second) = (ask(ALICE), ask(ALICE));
        answer(second, verdict(ALICE, false, 0, 0));
        refuse(first, verdict(ALICE, true, later, PERSON), IIdentityGate.Refusal.Replaced);
        (first, second) = (ask(ALICE), ask(ALICE));
        refuse(first, verdict(ALICE, true, later, PERSON), IIdentityGate.Refusal.Replaced);
        answer(second, verdict(ALICE, true, later, PERSON));
        vm.assertTrue(gate.isVerified(ALICE, ADULT));
    }

    function test_an_answer_is_taken_once_and_from_the_router_only() public {
        bytes32 id = ask(ALICE);
        vm.expectRevert(abi.encodeWithSelector(CalledByRouter.OnlyRouter.selector, address(this)));
        gate.handleFulfillment(id, verdict(ALICE, true, later, PERSON), "");
        answer(id, verdict(ALICE, true, later, PERSON));
        vm.prank(address(router));
        vm.expectRevert(abi.encodeWithSelector(IFunctionBinding.UnknownRequest.selector, id));
        gate.handleFulfillment(id, verdict(ALICE, true, later, PERSON), "");
    }

    function test_output_of_another_form_is_recorded_and_does_not_revert() public {
        bytes[6] memory bad = [
            bytes(""),
            new bytes(159),
            new bytes(161),
            abi.encode(uint256(1) << 160 | uint160(ALICE), ADULT, true, later, PERSON),
            abi.encode(ALICE, ADULT, 2, later, PERSON),
            abi.encode(ALICE, ADULT, true, uint256(1) << 64, PERSON)
        ];
        for (uint256 i; i < bad.length; ++i) {
            refuse(ask(ALICE), bad[i], IIdentityGate.Refusal.Malformed);
        }
        refuse(ask(ALICE), verdict(ALICE, true, later, 0), IIdentityGate.Refusal.Malformed); // nobody's pass
    }

    function testFuzz_no_output_makes_the_callback_revert(bytes calldata output, bytes32[5] calldata words) public {
        answer(ask(ALICE), output);
        answer(ask(ALICE), abi.encode(words));
        vm.assertTrue(!gate.isVerified(ALICE, ADULT));
    }

    function test_a_closed_policy_grants_nothing_new() public {
        answer(ask(ALICE), verdict(ALICE, true, later, PERSON));
        bytes32 id = ask(BOB);
        gate.closePolicy(ADULT);
        refuse(id, verdict(BOB, true, later, keccak256("other")), IIdentityGate.Refusal.PolicyClosed);
        vm.assertTrue(gate.isVerified(ALICE, ADULT));
        vm.expectRevert(abi.encodeWithSelector(IIdentityGate.BadPolicy.selector, ADULT));
        gate.request(ADULT, SEALED);
        vm.expectRevert(abi.encodeWithSelector(IIdentityGate.BadPolicy.selector, ADULT));
        gate.closePolicy(ADULT);
    }

    function test_a_request_is_bounded_and_costs_its_fee() public {
        vm.expectRevert(abi.encodeWithSelector(IIdentityGate.WrongFee.selector, FEE - 1, FEE));
        gate.request{value: FEE - 1}(ADULT, SEALED);
        vm.expectRevert(abi.encodeWithSelector(IIdentityGate.BadCiphertext.selector, 0, 4_096));
        gate.request{value: FEE}(ADULT, "");
        vm.expectRevert(abi.encodeWithSelector(IIdentityGate.BadCiphertext.selector, 4_097, 4_096));
        gate.request{value: FEE}(ADULT, new bytes(4_097));
        gate.request{value: FEE}(ADULT, new bytes(4_096));
        gate.withdrawFees(BOB);
        vm.assertEq(BOB.balance, FEE);
        ask(ALICE);
        vm.expectRevert(abi.encodeWithSelector(IIdentityGate.PaymentFailed.selector, address(router)));
        gate.withdrawFees(address(router));
    }

    function test_only_the_owner_governs() public {
        bytes[4] memory messages = [
            abi.encodeCall(gate.openPolicy, (ADULT, 1)),
            abi.encodeCall(gate.closePolicy, (ADULT)),
            abi.encodeCall(gate.setFee, (1)),
            abi.encodeCall(gate.withdrawFees, (ALICE))
        ];
        for (uint256 i; i < messages.length; ++i) {
            vm.prank(ALICE);
            (bool done, bytes memory reason) = address(gate).call(messages[i]);
            vm.assertTrue(!done);
            vm.assertEq(reason, abi.encodeWithSignature("OwnableUnauthorizedAccount(address)", ALICE));
        }
        vm.expectRevert(abi.encodeWithSelector(IIdentityGate.BadPolicy.selector, ADULT));
        gate.openPolicy(ADULT, 1);
        vm.expectRevert(abi.encodeWithSelector(IIdentityGate.BadLifetime.selector, 367 days));
        gate.openPolicy(PERSON, 367 days);
        vm.expectRevert(abi.encodeWithSelector(IIdentityGate.BadLifetime.selector, 0));
        gate.openPolicy(PERSON, 0);
    }

    function ask(address account) private returns (bytes32) {
        vm.deal(account, FEE);
        vm.prank(account);
        return gate.request{value: FEE}(ADULT, SEALED);
    }

    function answer(bytes32 id, bytes memory output) private {
        vm.prank(address(router));
        gate.handleFulfillment(id, output, "");
    }

    function refuse(bytes32 id, bytes memory output, IIdentityGate.Refusal refusal) private {
        (address account, bytes32 policy) = gate.requestOf(id);
        vm.expectEmit(address(gate));
        emit IIdentityGate.AnswerRefused(id, account, policy, refusal);
        answer(id, output);
    }

    function verdict(address account, bool good, uint64 expiresAt, bytes32 person) private pure returns (bytes memory) {
        return abi.encode(account, ADULT, good, expiresAt, person);
    }
}
