// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {Ownable} from "@openzeppelin/contracts/access/Ownable.sol";
import {PriceConsumer} from "../src/consumers/PriceConsumer.sol";
import {IRouter} from "../src/interfaces/IRouter.sol";
import {Recorder} from "./support/Consumers.sol";
import {FUNCTION} from "./support/Functions.sol";
import {Network} from "./support/Network.sol";

/// @notice Epoch changes, timeouts and limits in the middle of requests; the demo's consumer.
contract LifetimesTest is Network {
    Recorder private consumer;

    function setUp() public {
        start(4);
        consumer = new Recorder(address(router));
        sponsor(address(consumer));
    }

    function ask() private returns (bytes32) {
        return consumer.ask("input", 200_000);
    }

    function test_requests_in_flight_finish_under_the_epoch_they_began_in() public {
        bytes32 old = ask();
        startEpoch(operators);
        bytes32[] memory both = new bytes32[](2);
        (both[0], both[1]) = (old, ask());
        expectSkip(old, IRouter.SkipReason.OtherEpoch);
        deliver(both, "new", 2);
        vm.assertEq(consumer.requestId(), both[1]);
        deliver(both, "old", 1);
        vm.assertEq(consumer.requestId(), old);
        vm.assertEq(consumer.calls(), 2);
    }

    function test_an_old_epoch_attests_nothing_once_its_requests_timed_out() public {
        bytes32 old = ask();
        startEpoch(operators);
        vm.warp(block.timestamp + 300);
        expectSkip(old, IRouter.SkipReason.Expired);
        bytes32[] memory ids = new bytes32[](1);
        ids[0] = old;
        deliver(ids, "late", 1);
        vm.assertEq(consumer.calls(), 0);
    }

    function test_a_timeout_closes_a_request_once_and_not_early() public {
        bytes32 id = ask();
        uint256 deadline = block.timestamp + 300;
        vm.warp(deadline - 1);
        vm.expectRevert(abi.encodeWithSelector(IRouter.NotExpired.selector, id, deadline));
        router.expire(id);
        vm.warp(deadline);
        uint256 refund = router.pending(id).reserved;
        vm.expectEmit(address(router));
        emit IRouter.Expired(id, address(consumer), refund);
        vm.prank(address(0xabc));
        router.expire(id);
        vm.expectRevert(abi.encodeWithSelector(IRouter.NotPending.selector, id));
        router.expire(id);
        expectSkip(id, IRouter.SkipReason.Closed);
        deliver(0, id, 0, "late");
        vm.assertEq(consumer.calls(), 0);
    }

    function test_a_delivery_in_the_last_second_counts() public {
        bytes32 id = ask();
        vm.warp(block.timestamp + 299);
        deliver(0, id, 0, "output");
        vm.assertEq(consumer.calls(), 1);
    }

    function test_new_limits_leave_open_requests_alone() public {
        bytes32 id = ask();
        router.setLimits(600, 400_000, 100);
        vm.assertEq(router.pending(id).deadline, block.timestamp + 300);
        id = consumer.ask("input", 400_000);
        vm.assertEq(router.pending(id).deadline, block.timestamp + 600);
    }

    function test_limits_have_bounds_and_an_owner() public {
        uint32[3][4] memory bad = [
            [uint32(29), 1, 1],
            [uint32(7 days + 1), 1, 1],
            [uint32(300), 5_000_001, 1],
            [uint32(300), 1, 65_537]
        ];
        for (uint256 i; i < 4; ++i) {
            vm.expectRevert(IRouter.BadLimits.selector);
            router.setLimits(bad[i][0], bad[i][1], bad[i][2]);
        }
        vm.prank(address(0xbad));
        vm.expectRevert(abi.encodeWithSelector(Ownable.OwnableUnauthorizedAccount.selector, address(0xbad)));
        router.setLimits(300, 1, 1);
    }

    function test_the_price_consumer_keeps_the_latest_price_and_the_last_error() public {
        PriceConsumer kept = new PriceConsumer(address(router));
        sponsor(address(kept));
        bytes32 first = kept.requestPrice(1, FUNCTION, "ETH/USD");
        bytes32 second = kept.requestPrice(1, FUNCTION, "ETH/USD");
        bytes32 third = kept.requestPrice(1, FUNCTION, "ETH/USD");
        deliver(1, second, 0, abi.encode(uint256(2500e8), uint64(200)));
        deliver(1, first, 0, abi.encode(uint256(2400e8), uint64(100)));
        vm.assertEq(kept.price(), 2500e8); // an older price does not replace a newer one
        vm.assertEq(kept.timestamp(), 200);
        deliver(1, third, 1, "no price");
        vm.assertEq(kept.lastError(), "no price");
        vm.assertEq(kept.price(), 2500e8);
        vm.prank(address(router));
        vm.expectRevert(abi.encodeWithSelector(PriceConsumer.UnknownRequest.selector, third));
        kept.handleFulfillment(third, "", "x");
    }

    function expectSkip(bytes32 id, IRouter.SkipReason reason) private {
        vm.expectEmit(address(router));
        emit IRouter.Skipped(id, reason);
    }
}
