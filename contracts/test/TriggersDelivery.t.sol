// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {IRouter} from "../src/interfaces/IRouter.sol";
import {Trigger} from "../src/interfaces/ITriggers.sol";
import {Digests} from "../src/libraries/Digests.sol";
import {Origin, Report} from "../src/types/Types.sol";
import {FUNCTION} from "./support/Functions.sol";
import {Network} from "./support/Network.sol";
import {Triggered} from "./support/Triggered.sol";

/// @notice Registrations as deliveries find them.
contract TriggersDeliveryTest is Network, Triggered {
    bytes32 private constant EVENT = keccak256("event");

    function setUp() public {
        start(4);
        deployTriggers();
    }

    function push(bytes32 registration) private returns (bytes32 requestId) {
        requestId = Digests.triggered(address(router), registration, FUNCTION, 1, EVENT);
        Report memory made = report(requestId, 0, "output");
        bytes memory proof = prove(0, router.attestationDigest(1, Digests.leaf(made)), quorumBitmap());
        Origin[] memory origins = new Origin[](1);
        origins[0] = Origin(registration, EVENT);
        router.push(1, 0, pack(made, "output"), proof, origins);
    }

    function test_a_report_reaches_the_receiver_with_keystones_metadata() public {
        bytes32 id = push(triggers.register(cron()));
        vm.assertTrue(router.pushed(id));
        vm.assertEq(inbox.report(), "output");
        vm.assertEq(inbox.metadata(), abi.encodePacked(FUNCTION, bytes10("prices"), address(this), bytes2(0x0001)));
    }

    function test_a_report_of_a_paused_or_removed_trigger_is_skipped() public {
        bytes32 registration = triggers.register(cron());
        bytes32 id = Digests.triggered(address(router), registration, FUNCTION, 1, EVENT);
        triggers.setPaused(registration, true);
        for (uint256 i; i < 2; ++i) {
            vm.expectEmit(address(router));
            emit IRouter.Skipped(id, IRouter.SkipReason.NoTrigger);
            push(registration);
            vm.assertEq(inbox.report(), "");
            vm.assertTrue(!router.pushed(id));
            if (i == 0) triggers.remove(registration);
        }
    }

    function test_a_receiver_that_stopped_answering_is_not_called() public {
        bytes32 registration = triggers.register(cron());
        inbox.set(true, 0);
        vm.assertTrue(router.pushed(push(registration)));
        vm.assertEq(inbox.report(), "");
    }

    function test_a_trigger_without_a_receiver_is_recorded_and_calls_nobody() public {
        Trigger memory made = cron();
        made.receiver = address(0);
        vm.assertTrue(router.pushed(push(triggers.register(made))));
        vm.assertEq(inbox.report(), "");
    }
}
