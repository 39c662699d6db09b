// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {FunctionSeeds} from "../src/consumers/FunctionSeeds.sol";
import {JointLottery} from "../src/consumers/JointLottery.sol";
import {JointSeeds} from "../src/consumers/JointSeeds.sol";
import {IRaffles, Stage} from "../src/consumers/IRaffles.sol";
import {IBeacon} from "../src/interfaces/IBeacon.sol";
import {Digests} from "../src/libraries/Digests.sol";
import {Randomness} from "../src/libraries/Randomness.sol";
import {Drawing} from "./support/Drawing.sol";
import {FUNCTION} from "./support/Functions.sol";
import {Rounds} from "./support/Rounds.sol";

/// @notice Games decided by a committee's draw and a later round of drand together.
contract JointLotteryTest is Drawing {
    using Randomness for Randomness.Stream;

    JointLottery private lottery;

    function setUp() public {
        startDrawing();
        lottery = new JointLottery(address(router), FUNCTION, SUBSCRIPTION, address(beacon));
        sponsor(address(lottery));
        terms.delay = LEAST_DELAY;
    }

    function roundOf(bytes32 requestId) private view returns (uint64 round) {
        (round,) = lottery.fixedBy(requestId);
    }

    function deadlineOf(bytes32 requestId) private view returns (uint64 deadline) {
        (, deadline) = lottery.fixedBy(requestId);
    }

    function publish(bytes32 requestId) private returns (bytes memory) {
        vm.warp(Rounds.GENESIS + roundOf(requestId) * Rounds.PERIOD);
        return Rounds.signatureOf(roundOf(requestId));
    }

    /// @dev The round's randomness, bound to what is drawn.
    function seedOf(bytes32 requestId, bytes32 drawn) private view returns (bytes32) {
        bytes memory signature = Rounds.signatureOf(roundOf(requestId));
        return Digests.randomness(sha256(this.compress(signature)), drawn);
    }

    /// @dev The round decides: the prizes are the tickets' that the seed of round and `drawn` gives.
    function decide(uint256 raffleId, bytes32 requestId, bytes32 drawn) private {
        lottery.draw(raffleId, publish(requestId));
        uint256[] memory chosen = Randomness.Stream(seedOf(requestId, drawn), 0).sample(8_200, 3);
        uint256 prize = (uint256(5 ether) + 82 ether - 8.2 ether) / 3;
        for (uint256 i; i < 3; ++i) {
            address winner = lottery.ticketOwner(raffleId, chosen[i]);
            uint256 won;
            for (uint256 k; k < 3; ++k) {
                if (lottery.ticketOwner(raffleId, chosen[k]) == winner) won += prize;
            }
            vm.assertEq(lottery.owed(winner), won);
        }
        vm.assertTrue(lottery.raffle(raffleId).stage == Stage.Drawn);
    }

    /// @dev Whatever the delay is and however long the router waits.
    function testFuzz_the_round_comes_after_the_last_draw_that_is_taken(uint32 delay, uint32 timeout) public {
        router.setLimits(uint32(bound(timeout, 60, 1 days)), 1_000_000, 1_000);
        terms.delay = uint32(bound(delay, LEAST_DELAY, 2 days));
        (, bytes32 requestId) = close(lottery);
        uint256 published = Rounds.GENESIS + uint256(roundOf(requestId)) * Rounds.PERIOD;
        vm.assertEq(deadlineOf(requestId), router.pending(requestId).deadline);
        vm.assertTrue(published >= deadlineOf(requestId) + LEAST_DELAY);
        vm.assertTrue(published >= time() + terms.delay);
    }

    function test_answer_and_round_decide_together() public {
        (uint256 raffleId, bytes32 requestId) = close(lottery);
        deliver(0, requestId, 0, abi.encode(valueOf(requestId)));
        decide(raffleId, requestId, valueOf(requestId));
    }

    function test_a_proven_draw_decides_as_an_answer_does() public {
        (uint256 raffleId, bytes32 requestId) = close(lottery);
        bytes memory signature = drawOf(requestId);
        vm.expectEmit(address(lottery));
        emit JointSeeds.DrawProven(requestId, valueOf(requestId));
        lottery.proveDraw(requestId, signature);
        decide(raffleId, requestId, valueOf(requestId));
    }

    /// @dev f + 1 members that hold the draw back: the raffle ends by the round, on the day it would have, and nobody is paid
    /// back. They chose between two outcomes of which they knew neither: the round came after their last chance to choose.
    function test_who_withholds_gains_nothing() public {
        (uint256 raffleId, bytes32 requestId) = close(lottery);
        expire(requestId);
        bytes memory draw = drawOf(requestId);
        uint256 deadline = deadlineOf(requestId);
        vm.expectRevert(abi.encodeWithSelector(JointSeeds.DrawTooLate.selector, requestId, deadline));
        lottery.proveDraw(requestId, draw);
        deliver(0, requestId, 0, abi.encode(valueOf(requestId))); // skipped: expired
        vm.assertEq(lottery.seedOf(requestId), bytes32(0));
        vm.assertTrue(Rounds.GENESIS + roundOf(requestId) * Rounds.PERIOD > time());
        decide(raffleId, requestId, Digests.draw(address(router), requestId, 0));
        bytes memory round = Rounds.signatureOf(roundOf(requestId));
        vm.expectRevert(abi.encodeWithSelector(IRaffles.WrongStage.selector, raffleId, Stage.Drawn));
        lottery.draw(raffleId, round);
    }

    /// @dev Two requests of one block that are both answered with nothing have seeds of their own.
    function test_withheld_draws_of_one_round_have_nothing_in_common() public {
        uint256 boxId = createBox(lottery, LEAST_DELAY);
        (bytes32 one, bytes32 two) = (open(lottery, boxId, 5), open(lottery, boxId, 5));
        vm.assertEq(roundOf(one), roundOf(two));
        bytes memory round = publish(one);
        uint256[] memory items = lottery.claim(one, round);
        lottery.claim(two, round);
        bytes32 seed = seedOf(one, Digests.draw(address(router), one, 0));
        vm.assertTrue(seed != seedOf(two, Digests.draw(address(router), two, 0)));
        Randomness.Stream memory stream = Randomness.Stream(seed, 0);
        for (uint256 i; i < 5; ++i) {
            uint256 roll = stream.below(100);
            vm.assertEq(items[i], roll < 1 ? 0 : roll < 10 ? 2 : 3);
        }
        vm.assertEq(lottery.owed(address(this)), 10 ether);
    }

    function test_no_draw_is_taken_from_the_deadline_on_and_none_takes_anothers_place() public {
        (, bytes32 requestId) = close(lottery);
        uint256 undecided = vm.snapshotState();
        vm.warp(deadlineOf(requestId) - 1);
        lottery.proveDraw(requestId, drawOf(requestId));
        vm.expectEmit(address(lottery));
        emit FunctionSeeds.SeedContradicted(requestId, valueOf(requestId), ANSWER);
        deliver(0, requestId, 0, abi.encode(ANSWER));
        vm.assertEq(lottery.seedOf(requestId), valueOf(requestId));
        vm.revertToState(undecided);
        deliver(0, requestId, 0, abi.encode(ANSWER));
        vm.recordLogs();
        lottery.proveDraw(requestId, drawOf(requestId)); // what is known first stays
        vm.assertEq(vm.getRecordedLogs().length, 0);
        vm.assertEq(lottery.seedOf(requestId), ANSWER);
    }

    function test_a_draw_is_not_enough_and_another_round_or_request_is_refused() public {
        (uint256 raffleId, bytes32 requestId) = close(lottery);
        bytes memory draw = drawOf(requestId);
        uint64 round = roundOf(requestId);
        bytes[4] memory wrong =
            [draw, Rounds.signatureOf(round - 1), Rounds.signatureOf(round + 1), Rounds.signatureBy(78, round)];
        for (uint256 i; i < 4; ++i) {
            vm.expectRevert(abi.encodeWithSelector(IBeacon.BadRound.selector, round));
            lottery.draw(raffleId, wrong[i]);
        }
        bytes memory another = drawOf("another");
        vm.expectRevert(abi.encodeWithSelector(IBeacon.BadDraw.selector, requestId, 0));
        lottery.proveDraw(requestId, another);
        vm.expectRevert(abi.encodeWithSelector(FunctionSeeds.NoSeed.selector, requestId));
        lottery.proveDraw(requestId, "");
        vm.expectRevert(abi.encodeWithSelector(FunctionSeeds.UnknownRequest.selector, bytes32("another")));
        lottery.proveDraw("another", another);
    }

    /// @dev drand silent for ever is the one thing that pays back.
    function test_without_a_round_everybody_is_paid_back() public {
        (uint256 raffleId, bytes32 requestId) = close(lottery);
        lottery.proveDraw(requestId, drawOf(requestId));
        vm.warp(time() + LEAST_DELAY + lottery.PATIENCE());
        lottery.abandon(raffleId);
        lottery.refund(raffleId, 7);
        vm.assertEq(lottery.owed(address(0xb007)), 0.8 ether);
    }

    function test_who_does_not_pay_begins_no_game() public {
        vm.prank(PLAYER);
        vm.expectRevert(abi.encodeWithSelector(FunctionSeeds.NotPayer.selector, PLAYER));
        lottery.createRaffle(terms);
        vm.prank(PLAYER);
        vm.expectRevert(abi.encodeWithSelector(FunctionSeeds.NotPayer.selector, PLAYER));
        lottery.createBox(1, LEAST_DELAY, new uint32[](1));
    }
}
