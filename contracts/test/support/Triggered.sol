// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {Triggers} from "../../src/Triggers.sol";
import {IReceiver} from "../../src/interfaces/IReceiver.sol";
import {Trigger, TriggerKind} from "../../src/interfaces/ITriggers.sol";
import {IERC165} from "@openzeppelin/contracts/utils/introspection/IERC165.sol";
import {FUNCTION} from "./Functions.sol";
import {Subscribed} from "./Subscribed.sol";

/// @notice Keeps the last report; answers ERC-165 as long as it is told to, and burns gas before it does.
contract Inbox is IReceiver {
    bool public closed;
    uint256 public burnt;
    bytes public metadata;
    bytes public report;

    function set(bool closed_, uint256 burnt_) external {
        (closed, burnt) = (closed_, burnt_);
    }

    function onReport(bytes calldata metadata_, bytes calldata report_) external {
        (metadata, report) = (metadata_, report_);
    }

    function supportsInterface(bytes4 id) external view returns (bool) {
        uint256 end = gasleft() < burnt ? 0 : gasleft() - burnt;
        while (gasleft() > end) {}
        return !closed && (id == type(IReceiver).interfaceId || id == type(IERC165).interfaceId);
    }
}

/// @notice A trigger registry over a router with a funded subscription.
abstract contract Triggered is Subscribed {
    address internal constant ALICE = address(0xa11ce);
    address internal constant EVE = address(0xe7e);

    Triggers internal triggers;
    Inbox internal inbox;

    function deployTriggers() internal {
        triggers = new Triggers(address(router));
        router.setTriggers(address(triggers));
        inbox = new Inbox();
    }

    function cron() internal view returns (Trigger memory) {
        return Trigger({
            kind: TriggerKind.Cron,
            functionId: FUNCTION,
            receiver: address(inbox),
            subscription: SUBSCRIPTION,
            callbackGasLimit: 200_000,
            name: "prices",
            config: "0 */5 * * *",
            input: "input"
        });
    }
}
