// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {IERC165} from "@openzeppelin/contracts/utils/introspection/IERC165.sol";
import {Triggers} from "../../src/Triggers.sol";
import {IReceiver} from "../../src/interfaces/IReceiver.sol";
import {IRouter} from "../../src/interfaces/IRouter.sol";
import {Trigger, TriggerKind} from "../../src/interfaces/ITriggers.sol";
import {Digests} from "../../src/libraries/Digests.sol";
import {MerkleRoot} from "../../src/libraries/MerkleRoot.sol";
import {Charge} from "../../src/types/Billing.sol";
import {Origin, Report} from "../../src/types/Types.sol";
import {Charged} from "./Charged.sol";
import {Recorder} from "./Consumers.sol";
import {FUNCTION} from "./Functions.sol";
import {Vm} from "./Test.sol";

address constant ALICE = address(0xa11ce); // owns the trigger; the test owns the subscription that pays

/// @notice Takes reports as receivers written for Keystone do, and does what it is told to.
contract KeystoneReceiver is IReceiver {
    enum Mode {
        Keep,
        Revert,
        EatGas,
        Call
    }

    enum Answer {
        Yes,
        No,
        Everything, // also to the id that nobody has: it does not know ERC-165
        Revert,
        EatGas,
        Shy // yes, given nearly all of the 30,000 gas that ERC-165 allows
    }

    Mode public mode;
    Answer public answer;
    address public target;
    bytes public message;
    bool public innerSuccess;
    bytes public innerReturned;
    bytes public metadata;
    bytes public report;
    address public caller;
    uint256 public calls;

    function set(Mode mode_, address target_, bytes calldata message_) external {
        (mode, target, message) = (mode_, target_, message_);
    }

    function say(Answer answer_) external {
        answer = answer_;
    }

    function onReport(bytes calldata metadata_, bytes calldata report_) external {
        (metadata, report, caller) = (metadata_, report_, msg.sender);
        ++calls;
        if (mode == Mode.Revert) revert("refused");
        while (mode == Mode.EatGas) ++calls;
        if (mode == Mode.Call) (innerSuccess, innerReturned) = target.call(message);
    }

    function supportsInterface(bytes4 id) external view returns (bool) {
        if (answer == Answer.Revert) revert("refused");
        while (answer == Answer.EatGas) {}
        if (answer == Answer.Everything) return true;
        if (answer == Answer.Shy && gasleft() < 29_000) return false;
        return (answer == Answer.Yes || answer == Answer.Shy) && (id == type(IReceiver).interfaceId || id == type(IERC165).interfaceId);
    }
}

/// @notice A trigger of ALICE's, paid by subscription 1, and the committee that tells of its events.
abstract contract Pushing is Charged {
    bytes32 internal constant EVENT = keccak256("event");

    Triggers internal triggers;
    KeystoneReceiver internal receiver;
    Recorder internal consumer;
    bytes32 internal registration;

    function startPushing() internal {
        start(4);
        triggers = new Triggers(address(router));
        router.setTriggers(address(triggers));
        receiver = new KeystoneReceiver();
        consumer = new Recorder(address(router));
        sponsor(ALICE);
        sponsor(address(consumer));
        registration = registered(address(receiver), 1, 300_000);
        vm.recordLogs();
    }

    function registered(address to, uint64 subscription, uint32 callbackGas) internal returns (bytes32) {
        vm.prank(ALICE);
        return triggers.register(
            Trigger({
                kind: TriggerKind.Log,
                functionId: FUNCTION,
                receiver: to,
                subscription: subscription,
                callbackGasLimit: callbackGas,
                name: "prices",
                config: "0x00",
                input: ""
            })
        );
    }

    function idOf(bytes32 from, bytes32 eventHash, uint64 epoch) internal view returns (bytes32) {
        return Digests.triggered(address(router), from, FUNCTION, epoch, eventHash);
    }

    function idOf(bytes32 from, bytes32 eventHash) internal view returns (bytes32) {
        return idOf(from, eventHash, committee.currentEpoch());
    }

    function push(bytes32 from, bytes32 eventHash) internal {
        push(one(report(idOf(from, eventHash), 0, OUTPUT)), one(Origin(from, eventHash)));
    }

    function push(bytes32 from, bytes32[] memory events) internal {
        Report[] memory reports = new Report[](events.length);
        Origin[] memory origins = new Origin[](events.length);
        for (uint256 i; i < events.length; ++i) {
            reports[i] = report(idOf(from, events[i]), 0, OUTPUT);
            origins[i] = Origin(from, events[i]);
        }
        push(reports, origins);
    }

    function push(Report[] memory reports, Origin[] memory origins) internal {
        pushAs(committee.currentEpoch(), reports, origins);
    }

    function pushAs(uint64 epoch, Report[] memory reports, Origin[] memory origins) internal {
        (bytes memory packed, bytes memory proof) = signed(epoch, reports);
        router.push(epoch, 0, packed, proof, origins);
    }

    /// @dev The packed reports, each with `OUTPUT`, and a quorum's proof.
    function signed(uint64 epoch, Report[] memory reports) internal view returns (bytes memory packed, bytes memory proof) {
        bytes32[] memory leaves = new bytes32[](reports.length);
        for (uint256 i; i < reports.length; ++i) {
            packed = bytes.concat(packed, pack(reports[i], OUTPUT));
            leaves[i] = Digests.leaf(reports[i]);
        }
        proof = prove(0, router.attestationDigest(epoch, MerkleRoot.root(leaves)), quorumBitmap());
    }

    function one(Report memory single) internal pure returns (Report[] memory all) {
        all = new Report[](1);
        all[0] = single;
    }

    function one(Origin memory single) internal pure returns (Origin[] memory all) {
        all = new Origin[](1);
        all[0] = single;
    }

    /// @dev The charge in the last logs.
    function last(bytes32 id) internal returns (Charge memory) {
        Vm.Log[] memory logs = vm.getRecordedLogs();
        return chargeOf(logs, id);
    }

    /// @dev Of a report of `Network.report` at a gas price of zero.
    function expectedCharge() internal view returns (Charge memory) {
        uint80 work = 12_345 * 2 * 100 gwei / 1e6 + 2_000 gwei;
        (, , Trigger memory made) = triggers.trigger(registration);
        uint256 held = router.estimateCost(FUNCTION, made.callbackGasLimit, router.subscriptionInfo(1).asset, 0);
        return Charge(work, 0, uint80(held - work));
    }

    function expectSkip(bytes32 id, IRouter.SkipReason reason) internal {
        vm.expectEmit(address(router));
        emit IRouter.Skipped(id, reason);
    }
}
