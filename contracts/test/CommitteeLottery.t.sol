// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {CommitteeLottery} from "../src/consumers/CommitteeLottery.sol";
import {FunctionConsumer} from "../src/FunctionConsumer.sol";
import {FunctionSeeds} from "../src/consumers/FunctionSeeds.sol";
import {ILootBoxes} from "../src/consumers/ILootBoxes.sol";
import {IRaffles, Stage} from "../src/consumers/IRaffles.sol";
import {Payouts} from "../src/consumers/Payouts.sol";
import {IBeacon} from "../src/interfaces/IBeacon.sol";
import {IRouter} from "../src/interfaces/IRouter.sol";
import {Bls12381} from "../src/libraries/Bls12381.sol";
import {Digests} from "../src/libraries/Digests.sol";
import {Randomness} from "../src/libraries/Randomness.sol";
import {Bls} from "./support/Bls.sol";
import {FUNCTION} from "./support/Functions.sol";
import {Drawing} from "./support/Drawing.sol";

/// @notice A lottery that can keep no answer: every callback reverts.
contract DeafLottery is CommitteeLottery {
    error Deaf();

    constructor(address router, uint64 subscription, address beacon)
        CommitteeLottery(router, FUNCTION, subscription, beacon)
    {}

    function _fulfill(bytes32, bytes calldata, bytes calldata) internal pure override {
        revert Deaf();
    }
}

/// @notice Games decided by a committee's own draw: by its answer, or by the draw's signature, which anybody may bring.
contract CommitteeLotteryTest is Drawing {
    using Randomness for Randomness.Stream;

    CommitteeLottery private lottery;

    function setUp() public {
        startDrawing();
        lottery = new CommitteeLottery(address(router), FUNCTION, SUBSCRIPTION, address(beacon));
        sponsor(address(lottery));
    }

    function refuse(uint256 raffleId, bytes32 requestId, bytes memory signature) private {
        vm.expectRevert(abi.encodeWithSelector(IBeacon.BadDraw.selector, requestId, 0));
        lottery.draw(raffleId, signature);
    }

    function test_the_answer_decides_a_raffle_of_thousands() public {
        (uint256 raffleId, bytes32 requestId) = close(lottery);
        bytes32 seed = valueOf(requestId);
        expectDelivered(requestId, 0, true); // its callback's gas suffices
        deliver(0, requestId, 0, abi.encode(seed));
        lottery.draw(raffleId, "");
        uint256[] memory chosen = Randomness.Stream(seed, 0).sample(8_200, 3);
        uint256 prize = (uint256(5 ether) + 82 ether - 8.2 ether) / 3;
        uint256 paid;
        for (uint256 i; i < 3; ++i) {
            address winner = lottery.ticketOwner(raffleId, chosen[i]);
            if (lottery.owed(winner) == 0) continue; // the same winner's second ticket
            vm.prank(winner);
            paid += lottery.withdraw(winner);
        }
        vm.assertEq(paid, 3 * prize);
        vm.assertEq(lottery.owed(address(this)), address(lottery).balance);
    }

    /// @dev After the members made a draw each of them holds it: who withholds votes then, stops nothing.
    function test_the_draws_signature_decides_as_the_answer_would_have() public {
        (uint256 raffleId, bytes32 requestId) = close(lottery);
        expire(requestId);
        lottery.draw(raffleId, drawOf(requestId));
        vm.assertEq(lottery.seedOf(requestId), valueOf(requestId));
        vm.assertTrue(lottery.raffle(raffleId).stage == Stage.Drawn);
    }

    function test_a_box_holds_what_the_draw_says() public {
        uint256 boxId = createBox(lottery, 0);
        bytes32[2] memory openings = [open(lottery, boxId, 5), open(lottery, boxId, 5)];
        deliver(0, openings[0], 0, abi.encode(valueOf(openings[0])));
        for (uint256 k; k < 2; ++k) {
            uint256[] memory items = lottery.claim(openings[k], k == 0 ? bytes("") : drawOf(openings[1]));
            Randomness.Stream memory stream = Randomness.Stream(valueOf(openings[k]), 0);
            for (uint256 i; i < 5; ++i) {
                uint256 roll = stream.below(100);
                vm.assertEq(items[i], roll < 1 ? 0 : roll < 10 ? 2 : 3);
            }
        }
        vm.expectRevert(abi.encodeWithSelector(ILootBoxes.UnknownOpening.selector, openings[0]));
        lottery.claim(openings[0], "");
        vm.assertEq(lottery.owed(address(this)), 10 ether);
    }

    function test_a_draw_of_another_request_ordinal_chain_router_or_purpose_is_refused() public {
        (uint256 raffleId, bytes32 requestId) = close(lottery);
        bytes32 other = open(lottery, createBox(lottery, 0), 1);
        refuse(raffleId, requestId, drawOf(other));
        refuse(raffleId, requestId, drawBy(GROUP, requestId, 1));
        refuse(raffleId, requestId, Bls.sign(GROUP, Digests.draw(address(0x70), requestId, 0), Bls12381.DRAW_DST));
        bytes32 digest = Digests.draw(address(router), requestId, 0);
        refuse(raffleId, requestId, Bls.sign(GROUP, digest, Bls12381.SIGNATURE_DST));
        refuse(raffleId, requestId, Bls.sign(GROUP, digest, Bls12381.DRAND_DST));
        bytes memory signature = drawOf(requestId);
        vm.chainId(1);
        refuse(raffleId, requestId, signature);
    }

    /// @dev One share's signature, or a signature by too few, verifies under no group key.
    function test_a_single_members_part_is_no_draw() public {
        (uint256 raffleId, bytes32 requestId) = close(lottery);
        refuse(raffleId, requestId, drawBy(blsKey(0), requestId, 0));
    }

    /// @dev The request's epoch counts, not the one in which somebody draws; its draw verifies when it is long over.
    function test_the_requests_own_epoch_draws() public {
        (uint256 raffleId, bytes32 requestId) = close(lottery);
        startEpoch(operators);
        registerKey(78);
        refuse(raffleId, requestId, drawBy(78, requestId, 0));
        vm.warp(time() + 29 days);
        lottery.draw(raffleId, drawOf(requestId));
        (uint256 second, bytes32 later) = close(lottery);
        refuse(second, later, drawOf(later));
        lottery.draw(second, drawBy(78, later, 0));
    }

    /// @dev Else members who make their key later could choose it when the request is known.
    function test_nothing_is_asked_before_the_epoch_has_a_key() public {
        startEpoch(operators);
        uint256 raffleId = sell(lottery);
        bytes memory noKey =
            abi.encodeWithSelector(IBeacon.NoDrawKey.selector, address(router), address(committee), 2);
        vm.expectRevert(noKey);
        lottery.close(raffleId);
        uint256 boxId = createBox(lottery, 0);
        vm.prank(PLAYER);
        vm.expectRevert(noKey);
        lottery.open{value: 1 ether}(boxId, 1);
        registerKey(78);
        lottery.close(raffleId);
        lottery.draw(raffleId, drawBy(78, lottery.raffle(raffleId).commitment, 0));
    }

    function test_nothing_is_drawn_before_it_is_asked_for() public {
        uint256 raffleId = sell(lottery);
        bytes memory signature = drawOf(bytes32(0)); // of the commitment that a raffle has before it is closed
        vm.expectRevert(abi.encodeWithSelector(IRaffles.WrongStage.selector, raffleId, Stage.Selling));
        lottery.draw(raffleId, signature);
        vm.expectRevert(abi.encodeWithSelector(ILootBoxes.UnknownOpening.selector, bytes32(0)));
        lottery.claim(bytes32(0), signature);
    }

    /// @dev A reorganisation that moves the closing makes another request: a draw of the first is none of the second.
    function test_a_closing_that_moves_to_another_block_is_another_request() public {
        uint256 raffleId = sell(lottery);
        uint256 before = vm.snapshotState();
        lottery.close(raffleId);
        bytes32 orphaned = lottery.raffle(raffleId).commitment;
        vm.revertToState(before);
        vm.warp(time() + 1);
        lottery.close(raffleId);
        bytes32 requestId = lottery.raffle(raffleId).commitment;
        vm.assertTrue(requestId != orphaned);
        refuse(raffleId, requestId, drawOf(orphaned));
        lottery.draw(raffleId, drawOf(requestId));
    }

    function test_a_draw_serves_once() public {
        (uint256 raffleId, bytes32 requestId) = close(lottery);
        bytes memory signature = drawOf(requestId);
        lottery.draw(raffleId, signature);
        vm.expectRevert(abi.encodeWithSelector(IRaffles.WrongStage.selector, raffleId, Stage.Drawn));
        lottery.draw(raffleId, signature);
        vm.expectRevert(abi.encodeWithSelector(IRaffles.WrongStage.selector, raffleId, Stage.Drawn));
        lottery.close(raffleId);
        vm.expectEmit(address(lottery));
        emit FunctionSeeds.SeedContradicted(requestId, valueOf(requestId), ANSWER);
        deliver(0, requestId, 0, abi.encode(ANSWER)); // too late to change anything
        vm.assertEq(lottery.seedOf(requestId), valueOf(requestId));
        (uint256 second, bytes32 other) = close(lottery);
        refuse(second, other, signature);
    }

    function test_a_failed_run_is_drawn_by_the_signature() public {
        (uint256 raffleId, bytes32 requestId) = close(lottery);
        vm.expectEmit(address(lottery));
        emit FunctionSeeds.SeedNotAnswered(requestId);
        deliver(0, requestId, 1, "failed");
        vm.expectRevert(abi.encodeWithSelector(FunctionSeeds.NoSeed.selector, requestId));
        lottery.draw(raffleId, "");
        lottery.draw(raffleId, drawOf(requestId));
    }

    /// @dev The router notes it and the answer is lost; the draw stands in the transcript, and its signature is brought.
    function test_a_callback_that_reverts_loses_no_draw() public {
        DeafLottery deaf = new DeafLottery(address(router), SUBSCRIPTION, address(beacon));
        sponsor(address(deaf));
        (uint256 raffleId, bytes32 requestId) = close(deaf);
        vm.expectEmit(address(router));
        emit IRouter.CallbackFailed(requestId, abi.encodeWithSelector(DeafLottery.Deaf.selector));
        deliver(0, requestId, 0, abi.encode(valueOf(requestId)));
        vm.expectRevert(abi.encodeWithSelector(FunctionSeeds.NoSeed.selector, requestId));
        deaf.draw(raffleId, "");
        deaf.draw(raffleId, drawOf(requestId));
        vm.assertEq(deaf.seedOf(requestId), valueOf(requestId));
    }

    /// @dev f + 1 members that make no draw: everybody is paid back alike, and nobody, they neither, gets another draw of it.
    function test_a_veto_pays_everybody_back_and_rolls_nothing_again() public {
        (uint256 raffleId, bytes32 requestId) = close(lottery);
        expire(requestId);
        vm.expectRevert(abi.encodeWithSelector(IRaffles.WrongStage.selector, raffleId, Stage.Closed));
        lottery.close(raffleId);
        uint256 until = uint256(terms.salesEnd) + lottery.PATIENCE();
        vm.warp(until - 1);
        vm.expectRevert(abi.encodeWithSelector(Payouts.TooEarly.selector, until));
        lottery.abandon(raffleId);
        uint256 undecided = vm.snapshotState();
        lottery.draw(raffleId, drawOf(requestId)); // until then one member that tells is enough
        vm.revertToState(undecided);
        vm.warp(until);
        lottery.abandon(raffleId);
        for (uint256 i; i < 40; ++i) {
            lottery.refund(raffleId, i);
            vm.assertEq(lottery.owed(address(uint160(0xb000 + i))), 0.1 ether * (i + 1));
        }
        vm.assertEq(lottery.owed(address(this)), 5 ether);
        bytes memory signature = drawOf(requestId);
        vm.expectRevert(abi.encodeWithSelector(IRaffles.WrongStage.selector, raffleId, Stage.Abandoned));
        lottery.draw(raffleId, signature);
    }

    function test_an_opening_that_nobody_drew_is_paid_back_once() public {
        bytes32 opening = open(lottery, createBox(lottery, 0), 2);
        expire(opening);
        vm.warp(time() + lottery.PATIENCE());
        lottery.abandonOpening(opening);
        vm.assertEq(lottery.owed(PLAYER), 2 ether);
        bytes memory signature = drawOf(opening);
        vm.expectRevert(abi.encodeWithSelector(ILootBoxes.UnknownOpening.selector, opening));
        lottery.claim(opening, signature);
        vm.expectRevert(abi.encodeWithSelector(ILootBoxes.UnknownOpening.selector, opening));
        lottery.abandonOpening(opening);
    }

    function test_who_does_not_pay_begins_no_game_and_delays_are_zero() public {
        vm.prank(PLAYER);
        vm.expectRevert(abi.encodeWithSelector(FunctionSeeds.NotPayer.selector, PLAYER));
        lottery.createRaffle(terms);
        vm.prank(PLAYER);
        vm.expectRevert(abi.encodeWithSelector(FunctionSeeds.NotPayer.selector, PLAYER));
        lottery.createBox(1, 0, new uint32[](1));
        terms.delay = 1;
        vm.expectRevert(abi.encodeWithSelector(Payouts.BadDelay.selector, 1));
        lottery.createRaffle(terms);
    }

    /// @dev Each ticket wins about as often as any other: 400 draws of one ticket in ten, by chi squared with nine degrees of
    /// freedom, whose value is above 33.7 once in ten thousand tries; the seeds are the draws of 400 requests.
    function test_winners_spread_evenly_over_tickets() public view {
        uint256[10] memory wins;
        for (uint256 i; i < 400; ++i) {
            bytes32 seed = keccak256(abi.encode("draw", i));
            ++wins[Randomness.Stream(seed, 0).below(5_000) / 500];
        }
        uint256 squares;
        for (uint256 i; i < 10; ++i) {
            uint256 off = wins[i] > 40 ? wins[i] - 40 : 40 - wins[i];
            squares += off * off;
        }
        vm.assertTrue(squares * 10 < 337 * 40);
    }
}
