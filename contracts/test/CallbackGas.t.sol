// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {IRouter} from "../src/interfaces/IRouter.sol";
import {ISubscriptions} from "../src/interfaces/ISubscriptions.sol";
import {Digests} from "../src/libraries/Digests.sol";
import {Asset, Subscription} from "../src/types/Billing.sol";
import {Report} from "../src/types/Types.sol";
import {Recorder} from "./support/Consumers.sol";
import {FUNCTION} from "./support/Functions.sol";
import {Network} from "./support/Network.sol";

/// @notice What narrow windows hide from random arguments.
contract CallbackGasTest is Network {
    uint32 private constant GAS_LIMIT = 300_000;
    uint256 private constant DISPATCH = 1_500;
    Recorder private consumer;

    function setUp() public {
        start(4);
        consumer = new Recorder(address(router));
        sponsor(address(consumer));
    }

    /// @dev EIP-150 keeps back one part in 64: there are supplies at which the callback would get most of its gas.
    function test_a_callback_gets_all_of_its_gas_or_nothing_happens() public {
        bytes32 id = consumer.ask("input", GAS_LIMIT);
        Report memory made = report(id, 0, "output");
        bytes memory proof = prove(0, router.attestationDigest(1, Digests.leaf(made)), quorumBitmap());
        bytes memory message = abi.encodeCall(IRouter.fulfill, (1, 0, pack(made, "output"), proof));
        uint256 before = vm.snapshotState();
        uint256 delivered;
        for (uint256 supplied = GAS_LIMIT; supplied < GAS_LIMIT + 80_000; supplied += 500) {
            (bool done,) = address(router).call{gas: supplied}(message);
            vm.assertEq(consumer.calls(), done ? 1 : 0);
            if (done) {
                vm.assertTrue(consumer.gasAtStart() > GAS_LIMIT - DISPATCH);
                ++delivered;
            }
            vm.revertToState(before);
        }
        vm.assertTrue(delivered > 0 && delivered < 160);
    }

    function test_what_is_reserved_is_not_spent_again() public {
        uint64 subscription = router.createSubscription(Asset.Native);
        uint256 cost = router.estimateCost(FUNCTION, GAS_LIMIT, Asset.Native, 0);
        router.fund{value: cost + cost / 2}(subscription);
        router.addConsumer(subscription, address(this));
        router.request(subscription, FUNCTION, "", GAS_LIMIT);
        vm.expectRevert(
            abi.encodeWithSelector(ISubscriptions.InsufficientBalance.selector, subscription, cost / 2, cost)
        );
        router.request(subscription, FUNCTION, "", GAS_LIMIT);
        Subscription memory info = router.subscriptionInfo(subscription);
        vm.assertEq(info.balance, cost / 2);
        vm.assertEq(info.reserved, cost);
    }
}
