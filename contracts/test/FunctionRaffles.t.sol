// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {CalledByRouter} from "../src/CalledByRouter.sol";
import {ChainBeacon} from "../src/ChainBeacon.sol";
import {FunctionRaffles} from "../src/consumers/FunctionRaffles.sol";
import {FunctionSeeds} from "../src/consumers/FunctionSeeds.sol";
import {IRaffles, Raffle, RaffleTerms, Stage} from "../src/consumers/IRaffles.sol";
import {Payouts} from "../src/consumers/Payouts.sol";
import {RoundSeeds} from "../src/consumers/RoundSeeds.sol";
import {IBeacon} from "../src/interfaces/IBeacon.sol";
import {IRouter} from "../src/interfaces/IRouter.sol";
import {ISubscriptions} from "../src/interfaces/ISubscriptions.sol";
import {Bls12381} from "../src/libraries/Bls12381.sol";
import {Digests} from "../src/libraries/Digests.sol";
import {Randomness} from "../src/libraries/Randomness.sol";
import {FUNCTION} from "./support/Functions.sol";
import {Network} from "./support/Network.sol";
import {Rounds} from "./support/Rounds.sol";

/// @notice A raffle whose seed a function draws, from sale to prizes; the router delivers what a quorum signed.
contract FunctionRafflesTest is Network {
    using Randomness for Randomness.Stream;

    uint32 private constant DRAW_DELAY = 30;
    uint256 private constant BUYERS = 40;
    bytes32 private constant ANSWER = keccak256("what the function answered");

    ChainBeacon private beacon;
    FunctionRaffles private raffles;
    RaffleTerms private terms;

    function setUp() public {
        start(4);
        beacon = Rounds.beacon(DRAW_DELAY);
        raffles = new FunctionRaffles(address(router), FUNCTION, SUBSCRIPTION, DRAW_DELAY, address(beacon));
        sponsor(address(raffles));
        terms = RaffleTerms(0.01 ether, uint64(time()) + 1 days, DRAW_DELAY, 3, 1_000);
    }

    function buyer(uint256 i) private pure returns (address) {
        return address(uint160(0xb000 + i));
    }

    /// @dev A raffle in which buyer i has 10 * (i + 1) tickets: 8,200 in all.
    function sell() private returns (uint256 raffleId) {
        raffleId = raffles.createRaffle{value: 5 ether}(terms);
        for (uint256 i; i < BUYERS; ++i) {
            uint64 count = uint64(10 * (i + 1));
            vm.deal(buyer(i), terms.price * count);
            vm.prank(buyer(i));
            raffles.buy{value: terms.price * count}(raffleId, count);
        }
        vm.warp(terms.salesEnd);
    }

    /// @dev Such a raffle closed by a stranger, its request, and the signature of the round that this fixed.
    function close() private returns (uint256 raffleId, bytes32 requestId, bytes memory proof) {
        raffleId = sell();
        uint64 round = beacon.roundAt(time() + DRAW_DELAY);
        vm.prank(address(0xbad));
        raffles.close(raffleId);
        requestId = raffles.raffle(raffleId).commitment;
        proof = Rounds.signatureOf(round);
    }

    /// @dev What the function's first draw is, computed apart.
    function drawOf(bytes32 requestId, bytes memory proof) private view returns (bytes32) {
        return Digests.randomness(sha256(this.compress(proof)), Digests.draw(address(router), requestId, 0));
    }

    function compress(bytes calldata point) external pure returns (bytes memory) {
        return Bls12381.compress(point);
    }

    function test_closing_asks_and_the_answer_decides() public {
        (uint256 raffleId, bytes32 requestId, bytes memory proof) = close();
        vm.assertEq(router.pending(requestId).consumer, address(raffles));
        bytes32 seed = drawOf(requestId, proof);
        vm.expectEmit(address(raffles));
        emit FunctionSeeds.SeedAnswered(requestId, seed);
        deliver(0, requestId, 0, abi.encode(seed));
        raffles.draw(raffleId, "");
        uint256[] memory chosen = Randomness.Stream(seed, 0).sample(8_200, 3);
        uint256 prize = (uint256(5 ether) + 82 ether - 8.2 ether) / 3;
        uint256 paid;
        for (uint256 i; i < 3; ++i) {
            address winner = raffles.ticketOwner(raffleId, chosen[i]);
            if (raffles.owed(winner) == 0) continue; // the same winner's second ticket
            vm.prank(winner);
            paid += raffles.withdraw(winner);
        }
        vm.assertEq(paid, 3 * prize);
        vm.assertEq(raffles.owed(address(this)), address(raffles).balance);
    }

    function test_the_answer_fits_its_callbacks_gas() public {
        (, bytes32 requestId,) = close();
        expectDelivered(requestId, 0, true);
        deliver(0, requestId, 0, abi.encode(ANSWER));
        vm.assertEq(raffles.seedOf(requestId), ANSWER);
    }

    /// @dev The proof alone decides, and it decides as the answer would have: who withholds one gains nothing.
    function test_a_committee_that_withholds_its_answer_stops_nothing() public {
        (uint256 raffleId, bytes32 requestId, bytes memory proof) = close();
        vm.warp(router.pending(requestId).deadline);
        router.expire(requestId);
        vm.expectRevert(abi.encodeWithSelector(FunctionSeeds.NoSeed.selector, requestId));
        raffles.draw(raffleId, "");
        raffles.draw(raffleId, proof);
        vm.assertEq(raffles.seedOf(requestId), drawOf(requestId, proof));
        vm.assertTrue(raffles.raffle(raffleId).stage == Stage.Drawn);
    }

    function test_a_failed_run_is_noted_and_the_draw_is_proven_instead() public {
        (uint256 raffleId, bytes32 requestId, bytes memory proof) = close();
        vm.expectEmit(address(raffles));
        emit FunctionSeeds.SeedNotAnswered(requestId);
        deliver(0, requestId, 1, "no round");
        vm.expectRevert(abi.encodeWithSelector(FunctionSeeds.NoSeed.selector, requestId));
        raffles.draw(raffleId, "");
        raffles.draw(raffleId, proof);
        vm.assertEq(raffles.seedOf(requestId), drawOf(requestId, proof));
    }

    function test_an_output_of_another_form_is_no_seed() public {
        bytes[3] memory wrong = [bytes(""), abi.encode(ANSWER, 1), abi.encode(bytes32(0))];
        for (uint256 i; i < 3; ++i) {
            (uint256 raffleId, bytes32 requestId,) = close();
            vm.expectEmit(address(raffles));
            emit FunctionSeeds.SeedNotAnswered(requestId);
            deliver(0, requestId, 0, wrong[i]);
            vm.expectRevert(abi.encodeWithSelector(FunctionSeeds.NoSeed.selector, requestId));
            raffles.draw(raffleId, "");
            terms.salesEnd = uint64(time()) + 1 days;
        }
    }

    function test_a_raffle_is_asked_for_once() public {
        (uint256 raffleId, bytes32 requestId,) = close();
        uint256 reserved = router.subscriptionInfo(SUBSCRIPTION).reserved;
        vm.expectRevert(abi.encodeWithSelector(IRaffles.WrongStage.selector, raffleId, Stage.Closed));
        raffles.close(raffleId);
        deliver(0, requestId, 1, "failed"); // nor after a failure
        vm.expectRevert(abi.encodeWithSelector(IRaffles.WrongStage.selector, raffleId, Stage.Closed));
        raffles.close(raffleId);
        vm.assertEq(raffles.raffle(raffleId).commitment, requestId);
        vm.assertTrue(reserved > 0 && router.subscriptionInfo(SUBSCRIPTION).reserved == 0);
    }

    function test_a_second_answer_is_refused_and_changes_nothing() public {
        (, bytes32 requestId,) = close();
        deliver(0, requestId, 0, abi.encode(ANSWER));
        deliver(0, requestId, 0, abi.encode("another")); // the router skips it
        vm.assertEq(raffles.seedOf(requestId), ANSWER);
        vm.prank(address(router)); // and a router that did not
        vm.expectRevert(abi.encodeWithSelector(FunctionSeeds.UnknownRequest.selector, requestId));
        raffles.handleFulfillment(requestId, abi.encode("another"), "");
    }

    function test_an_answer_to_nothing_that_was_asked_is_refused() public {
        vm.prank(address(router));
        vm.expectRevert(abi.encodeWithSelector(FunctionSeeds.UnknownRequest.selector, bytes32("nothing")));
        raffles.handleFulfillment("nothing", abi.encode(ANSWER), "");
        vm.expectRevert(abi.encodeWithSelector(CalledByRouter.OnlyRouter.selector, address(this)));
        raffles.handleFulfillment("nothing", abi.encode(ANSWER), "");
    }

    function test_an_answer_after_the_proof_draws_nothing_again() public {
        (uint256 raffleId, bytes32 requestId, bytes memory proof) = close();
        raffles.draw(raffleId, proof);
        bytes32 seed = drawOf(requestId, proof);
        vm.expectEmit(address(raffles));
        emit FunctionSeeds.SeedContradicted(requestId, seed, ANSWER);
        deliver(0, requestId, 0, abi.encode(ANSWER));
        vm.assertEq(raffles.seedOf(requestId), seed);
        vm.expectRevert(abi.encodeWithSelector(IRaffles.WrongStage.selector, raffleId, Stage.Drawn));
        raffles.draw(raffleId, proof);
    }

    /// @dev After the answer no proof is looked at, so there are never two seeds to choose from.
    function test_what_is_known_first_stays() public {
        (uint256 raffleId, bytes32 requestId, bytes memory proof) = close();
        deliver(0, requestId, 0, abi.encode(ANSWER));
        raffles.draw(raffleId, proof);
        vm.assertEq(raffles.seedOf(requestId), ANSWER);
    }

    function test_another_round_another_key_and_another_raffles_seed_are_refused() public {
        (uint256 raffleId, bytes32 requestId, bytes memory proof) = close();
        uint64 round = beacon.roundAt(time() + DRAW_DELAY);
        bytes[3] memory wrong =
            [Rounds.signatureOf(round - 1), Rounds.signatureOf(round + 1), Rounds.signatureBy(77, round)];
        for (uint256 i; i < 3; ++i) {
            vm.expectRevert(abi.encodeWithSelector(IBeacon.BadRound.selector, round));
            raffles.draw(raffleId, wrong[i]);
        }
        terms.salesEnd = uint64(time()) + 1; // closed a second later, by another round
        vm.warp(time() - 1);
        (uint256 second, bytes32 other, bytes memory others) = close();
        raffles.draw(raffleId, proof);
        raffles.draw(second, others);
        vm.assertTrue(raffles.seedOf(requestId) != raffles.seedOf(other));
    }

    function test_who_does_not_pay_begins_no_raffle() public {
        vm.prank(address(0xbad));
        vm.expectRevert(abi.encodeWithSelector(FunctionSeeds.NotPayer.selector, address(0xbad)));
        raffles.createRaffle(terms);
    }

    /// @dev Requests can be impossible: an empty subscription, a paused router. No seed is fixed then, and money goes back.
    function test_a_raffle_that_nobody_could_close_is_given_up() public {
        uint256 raffleId = sell();
        router.withdrawBalance(SUBSCRIPTION, uint96(FUNDS), address(0xdead));
        vm.expectPartialRevert(ISubscriptions.InsufficientBalance.selector);
        raffles.close(raffleId);
        uint256 until = uint256(terms.salesEnd) + 30 days;
        vm.warp(until - 1);
        vm.expectRevert(abi.encodeWithSelector(Payouts.TooEarly.selector, until));
        raffles.abandon(raffleId);
        vm.warp(until);
        raffles.abandon(raffleId);
        for (uint256 i; i < BUYERS; ++i) {
            raffles.refund(raffleId, i);
        }
        vm.assertEq(raffles.owed(buyer(7)), 0.8 ether);
        vm.assertEq(raffles.owed(address(this)), 5 ether);
        vm.expectRevert(abi.encodeWithSelector(IRaffles.WrongStage.selector, raffleId, Stage.Abandoned));
        raffles.close(raffleId);
    }

    /// @dev Deadlines of requests are days, patience is a month: an answer cannot come later than that, and is heard by nobody.
    function test_an_answer_after_the_raffle_was_given_up_pays_nobody() public {
        (uint256 raffleId, bytes32 requestId,) = close();
        vm.warp(time() + DRAW_DELAY + 30 days);
        raffles.abandon(raffleId);
        deliver(0, requestId, 0, abi.encode(ANSWER)); // skipped: expired
        vm.assertEq(raffles.seedOf(requestId), bytes32(0));
        vm.expectRevert(abi.encodeWithSelector(IRaffles.WrongStage.selector, raffleId, Stage.Abandoned));
        raffles.draw(raffleId, "");
    }

    function test_a_paused_router_delays_the_closing() public {
        uint256 raffleId = sell();
        router.setPaused(true);
        vm.expectRevert(IRouter.Paused.selector);
        raffles.close(raffleId);
        router.setPaused(false);
        raffles.close(raffleId);
        vm.assertTrue(raffles.raffle(raffleId).stage == Stage.Closed);
    }

    function test_terms_say_the_functions_delay() public {
        for (uint32 delay = DRAW_DELAY - 1; delay <= DRAW_DELAY + 1; delay += 2) {
            terms.delay = delay;
            vm.expectRevert(abi.encodeWithSelector(Payouts.BadDelay.selector, delay));
            raffles.createRaffle(terms);
        }
    }

    function test_a_draw_sooner_than_the_beacon_takes_is_no_seed() public {
        vm.expectRevert(abi.encodeWithSelector(RoundSeeds.DrawTooSoon.selector, DRAW_DELAY - 1));
        new FunctionRaffles(address(router), FUNCTION, SUBSCRIPTION, DRAW_DELAY - 1, address(beacon));
        vm.expectRevert(FunctionSeeds.NoFunction.selector);
        new FunctionRaffles(address(router), 0, SUBSCRIPTION, DRAW_DELAY, address(beacon));
    }
}
