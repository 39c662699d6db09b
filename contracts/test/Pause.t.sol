// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {Ownable} from "@openzeppelin/contracts/access/Ownable.sol";
import {IRouter} from "../src/interfaces/IRouter.sol";
import {Asset} from "../src/types/Billing.sol";
import {Origin} from "../src/types/Types.sol";
import {Recorder} from "./support/Consumers.sol";
import {Network} from "./support/Network.sol";

/// @notice Stopping what is new and letting finish what has begun.
contract PauseTest is Network {
    address private constant GUARDIAN = address(0x9a);
    Recorder private consumer;

    function setUp() public {
        start(4);
        consumer = new Recorder(address(router));
        sponsor(address(consumer));
        router.setGuardian(GUARDIAN);
    }

    function test_a_guardian_stops_and_the_owner_alone_lets_go_on() public {
        vm.expectEmit(address(router));
        emit IRouter.PausedChanged(true, GUARDIAN);
        vm.prank(GUARDIAN);
        router.setPaused(true);
        vm.assertTrue(router.paused());
        vm.prank(GUARDIAN);
        vm.expectRevert(abi.encodeWithSelector(IRouter.NotGuardian.selector, GUARDIAN));
        router.setPaused(false);
        vm.expectEmit(address(router));
        emit IRouter.PausedChanged(false, address(this));
        router.setPaused(false);
        vm.assertTrue(!router.paused());
        router.setPaused(true); // the owner stops, too
    }

    function test_strangers_and_former_guardians_stop_nothing() public {
        vm.prank(address(0xbad));
        vm.expectRevert(abi.encodeWithSelector(IRouter.NotGuardian.selector, address(0xbad)));
        router.setPaused(true);
        vm.expectEmit(address(router));
        emit IRouter.GuardianChanged(address(0));
        router.setGuardian(address(0));
        vm.prank(GUARDIAN);
        vm.expectRevert(abi.encodeWithSelector(IRouter.NotGuardian.selector, GUARDIAN));
        router.setPaused(true);
        vm.prank(GUARDIAN);
        vm.expectRevert(abi.encodeWithSelector(Ownable.OwnableUnauthorizedAccount.selector, GUARDIAN));
        router.setGuardian(GUARDIAN);
    }

    function test_new_requests_and_pushes_are_refused() public {
        router.setPaused(true);
        vm.expectRevert(IRouter.Paused.selector);
        consumer.ask("", 0);
        vm.expectRevert(IRouter.Paused.selector);
        router.push(1, 0, "", "", new Origin[](0));
        router.setPaused(false);
        consumer.ask("", 0);
    }

    function test_what_has_begun_is_delivered_expires_and_is_paid_out() public {
        bytes32 delivered = consumer.ask("", 200_000);
        bytes32 expired = consumer.ask("", 200_000);
        vm.prank(GUARDIAN);
        router.setPaused(true);
        vm.txGasPrice(1 gwei);
        deliver(0, delivered, 0, "output");
        vm.assertEq(consumer.requestId(), delivered);
        vm.warp(block.timestamp + 300);
        router.expire(expired);
        vm.assertEq(router.subscriptionInfo(1).reserved, 0);
        uint256[] memory bitmaps = new uint256[](1);
        bitmaps[0] = 7;
        router.settle(1, Asset.Native, address(this), bitmaps);
        for (uint256 signer; signer < 3; ++signer) {
            vm.prank(operators[signer]);
            router.withdrawEarnings(Asset.Native, address(0xcafe));
        }
        router.withdrawEarnings(Asset.Native, address(0xcafe)); // this contract paid the gas
        router.fund{value: 1 ether}(1);
        router.withdrawBalance(1, 1 ether, address(0xcafe));
        router.cancelSubscription(1, address(0xcafe));
        vm.assertTrue(address(router).balance < operators.length); // what settling left
    }
}
