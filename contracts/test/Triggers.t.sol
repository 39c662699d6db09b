// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {IFunctionRegistry} from "../src/interfaces/IFunctionRegistry.sol";
import {IRouter} from "../src/interfaces/IRouter.sol";
import {ISubscriptions} from "../src/interfaces/ISubscriptions.sol";
import {ITriggers, Target, Trigger, TriggerKind} from "../src/interfaces/ITriggers.sol";
import {Digests} from "../src/libraries/Digests.sol";
import {FUNCTION} from "./support/Functions.sol";
import {Triggered} from "./support/Triggered.sol";

contract TriggersTest is Triggered {
    function setUp() public {
        deployRouter(address(this), address(0));
        deployTriggers();
    }

    function refuse(Trigger memory made, bytes memory reason) private {
        vm.expectRevert(reason);
        triggers.register(made);
    }

    function test_a_trigger_is_kept_and_announced_as_it_was_made() public {
        bytes32 id = Digests.registration(address(triggers), address(this), 0);
        vm.expectEmit(address(triggers));
        emit ITriggers.TriggerRegistered(id, address(this), FUNCTION, SUBSCRIPTION, cron());
        vm.assertEq(triggers.register(cron()), id);
        (address owner, bool paused, Trigger memory kept) = triggers.trigger(id);
        vm.assertEq(abi.encode(owner, paused, kept), abi.encode(address(this), false, cron()));
        Target memory expected = Target(address(this), "prices", FUNCTION, address(inbox), 200_000, SUBSCRIPTION);
        vm.assertEq(abi.encode(triggers.target(id)), abi.encode(expected));
    }

    function testFuzz_any_registration_is_read_back(
        uint8 kind,
        bytes10 name,
        uint32 callbackGas,
        bytes calldata config,
        bytes calldata input,
        bool silent
    ) public {
        Trigger memory made = cron();
        made.kind = TriggerKind(kind % 4);
        made.name = name;
        made.callbackGasLimit = uint32(bound(callbackGas, 0, 300_000));
        made.config = bytes.concat(config, "*");
        made.input = input;
        if (silent) made.receiver = address(0);
        bytes32 id = triggers.register(made);
        (,, Trigger memory kept) = triggers.trigger(id);
        vm.assertEq(abi.encode(kept), abi.encode(made));
        Target memory target = triggers.target(id);
        vm.assertEq(target.receiver, made.receiver);
        vm.assertEq(target.callbackGasLimit, made.callbackGasLimit);
        vm.assertEq(bytes32(target.name), bytes32(name));
    }

    function test_every_registration_of_an_owner_has_an_id_of_its_own() public {
        bytes32 first = triggers.register(cron());
        bytes32 second = triggers.register(cron());
        triggers.remove(second);
        bytes32 third = triggers.register(cron());
        router.addConsumer(SUBSCRIPTION, ALICE);
        vm.prank(ALICE);
        bytes32 hers = triggers.register(cron());
        vm.assertTrue(first != second && second != third && first != third && hers != first);
        vm.assertEq(triggers.nonces(address(this)), 3);
        vm.assertEq(hers, Digests.registration(address(triggers), ALICE, 0));
        vm.assertEq(triggers.target(second).owner, address(0));
    }

    function test_only_the_subscriptions_owner_and_its_consumers_register() public {
        vm.prank(EVE);
        refuse(cron(), abi.encodeWithSelector(ITriggers.NotPayer.selector, SUBSCRIPTION, EVE));
        router.addConsumer(SUBSCRIPTION, ALICE);
        vm.prank(ALICE);
        bytes32 id = triggers.register(cron());
        vm.assertEq(triggers.target(id).owner, ALICE);
        Trigger memory made = cron();
        made.subscription = 2;
        refuse(made, abi.encodeWithSelector(ISubscriptions.UnknownSubscription.selector, 2));
    }

    function test_only_registered_functions_are_triggered() public {
        Trigger memory made = cron();
        made.functionId = keccak256("nobody registered this");
        refuse(made, abi.encodeWithSelector(IFunctionRegistry.UnknownFunction.selector, made.functionId));
    }

    function test_gas_config_and_input_are_bounded() public {
        Trigger memory made = cron();
        made.callbackGasLimit = 300_001;
        refuse(made, abi.encodeWithSelector(IRouter.CallbackGasTooHigh.selector, 300_001, 300_000));
        made = cron();
        made.config = "";
        refuse(made, abi.encodeWithSelector(ITriggers.BadTrigger.selector));
        made.config = new bytes(4_097);
        refuse(made, abi.encodeWithSelector(ITriggers.BadTrigger.selector));
        made.config = "*";
        made.input = new bytes(16_385);
        refuse(made, abi.encodeWithSelector(ITriggers.BadTrigger.selector));
        router.setLimits(300, 300_000, 10);
        made.input = new bytes(11);
        refuse(made, abi.encodeWithSelector(IRouter.InputTooLong.selector, 11, 10));
    }

    function test_the_largest_registration_fits_a_contract() public {
        Trigger memory made = cron();
        made.config = new bytes(4_096);
        made.input = new bytes(16_384);
        (made.config[4_095], made.input[16_383]) = (0x01, 0x02);
        (,, Trigger memory kept) = triggers.trigger(triggers.register(made));
        vm.assertEq(keccak256(abi.encode(kept)), keccak256(abi.encode(made)));
    }

    function test_a_receiver_must_answer_erc165_when_it_is_registered() public {
        Trigger memory made = cron();
        made.receiver = ALICE; // no code
        refuse(made, abi.encodeWithSelector(ITriggers.BadReceiver.selector, ALICE));
        made.receiver = address(router); // code, but no such answer
        refuse(made, abi.encodeWithSelector(ITriggers.BadReceiver.selector, address(router)));
        inbox.set(true, 0);
        refuse(cron(), abi.encodeWithSelector(ITriggers.BadReceiver.selector, address(inbox)));
    }

    function test_a_receiver_that_stops_answering_is_not_a_target() public {
        bytes32 id = triggers.register(cron());
        inbox.set(true, 0);
        vm.assertEq(triggers.target(id).receiver, address(0));
        vm.assertEq(triggers.target(id).owner, address(this));
        inbox.set(false, 0);
        vm.assertEq(triggers.target(id).receiver, address(inbox));
    }

    function testFuzz_too_little_gas_for_the_probe_leaves_too_little_for_a_delivery(uint256 gas, uint256 burnt) public {
        bytes32 id = triggers.register(cron());
        inbox.set(false, bound(burnt, 1_000, 25_000));
        try this.targetWithin(id, bound(gas, 4_000, 40_000)) returns (address receiver, uint256 left) {
            // Writing `pushed` costs 20,000 at least.
            vm.assertTrue(receiver == address(inbox) || left < 20_000);
        } catch {}
        (address found,) = this.targetWithin(id, 200_000);
        vm.assertEq(found, address(inbox));
    }

    /// @dev The receiver, and the gas left after `target` when the whole call had about `gas`.
    function targetWithin(bytes32 id, uint256 gas) external view returns (address receiver, uint256 left) {
        (receiver, left) = this.targetThenGas{gas: gas}(id);
    }

    function targetThenGas(bytes32 id) external view returns (address receiver, uint256 left) {
        receiver = triggers.target(id).receiver;
        left = gasleft();
    }

    function test_a_paused_trigger_has_no_target() public {
        bytes32 id = triggers.register(cron());
        vm.expectEmit(address(triggers));
        emit ITriggers.TriggerPaused(id, true);
        triggers.setPaused(id, true);
        vm.assertEq(triggers.target(id).owner, address(0));
        (, bool paused,) = triggers.trigger(id);
        vm.assertTrue(paused);
        triggers.setPaused(id, false);
        vm.assertEq(triggers.target(id).owner, address(this));
    }

    function test_only_its_owner_pauses_a_trigger() public {
        router.addConsumer(SUBSCRIPTION, ALICE);
        vm.prank(ALICE);
        bytes32 id = triggers.register(cron());
        address[2] memory others = [EVE, address(this)]; // the subscription's owner removes, but speaks for nobody
        for (uint256 i; i < 2; ++i) {
            vm.expectRevert(abi.encodeWithSelector(ITriggers.NotTriggerOwner.selector, id, others[i]));
            vm.prank(others[i]);
            triggers.setPaused(id, true);
        }
    }

    function test_owner_or_payer_remove_a_trigger_for_good() public {
        router.addConsumer(SUBSCRIPTION, ALICE);
        for (uint256 i; i < 2; ++i) {
            vm.prank(ALICE);
            bytes32 id = triggers.register(cron());
            vm.expectRevert(abi.encodeWithSelector(ITriggers.NotTriggerOwner.selector, id, EVE));
            vm.prank(EVE);
            triggers.remove(id);
            if (i == 0) vm.prank(ALICE);
            vm.expectEmit(address(triggers));
            emit ITriggers.TriggerRemoved(id);
            triggers.remove(id);
            bytes memory unknown = abi.encodeWithSelector(ITriggers.UnknownTrigger.selector, id);
            vm.expectRevert(unknown);
            triggers.remove(id);
            vm.expectRevert(unknown);
            triggers.setPaused(id, false);
            vm.expectRevert(unknown);
            triggers.trigger(id);
        }
    }

    function test_a_consumer_that_was_removed_spends_until_the_payer_removes_its_trigger() public {
        router.addConsumer(SUBSCRIPTION, ALICE);
        vm.prank(ALICE);
        bytes32 id = triggers.register(cron());
        router.removeConsumer(SUBSCRIPTION, ALICE);
        vm.assertEq(triggers.target(id).owner, ALICE);
        vm.prank(ALICE);
        refuse(cron(), abi.encodeWithSelector(ITriggers.NotPayer.selector, SUBSCRIPTION, ALICE));
        // The subscription's owner of today may, whoever it was then.
        router.offerSubscription(SUBSCRIPTION, EVE);
        vm.prank(EVE);
        router.acceptSubscription(SUBSCRIPTION);
        vm.expectRevert(abi.encodeWithSelector(ITriggers.NotTriggerOwner.selector, id, address(this)));
        triggers.remove(id);
        vm.prank(EVE);
        triggers.remove(id);
        vm.assertEq(triggers.target(id).owner, address(0));
    }

    function test_a_trigger_of_a_closed_subscription_is_removed_by_its_owner_only() public {
        router.addConsumer(SUBSCRIPTION, ALICE);
        vm.prank(ALICE);
        bytes32 id = triggers.register(cron());
        router.cancelSubscription(SUBSCRIPTION, address(0xdead));
        vm.expectRevert(abi.encodeWithSelector(ISubscriptions.UnknownSubscription.selector, SUBSCRIPTION));
        triggers.remove(id);
        vm.prank(ALICE);
        triggers.remove(id);
        vm.assertEq(triggers.target(id).owner, address(0));
    }
}
