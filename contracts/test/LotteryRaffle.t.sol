// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {Beacon} from "../src/Beacon.sol";
import {IRaffles, Raffle, RaffleTerms, Stage} from "../src/consumers/IRaffles.sol";
import {Lottery} from "../src/consumers/Lottery.sol";
import {Payouts} from "../src/consumers/Payouts.sol";
import {IBeacon} from "../src/interfaces/IBeacon.sol";
import {Drand} from "../src/libraries/Drand.sol";
import {Randomness} from "../src/libraries/Randomness.sol";
import {Quicknet} from "./support/Quicknet.sol";

/// @notice A raffle from sale to prizes, decided by drand's round 1000.
contract LotteryRaffleTest is Quicknet {
    using Randomness for Randomness.Stream;

    address private constant OWNER = address(0x01);
    uint256 private constant BUYERS = 40;
    Beacon private beacon;
    Lottery private lottery;
    RaffleTerms private terms;

    function setUp() public {
        loadRounds();
        beacon = new Beacon();
        lottery = new Lottery(address(beacon));
        terms = RaffleTerms(0.01 ether, uint64(Drand.timeOf(FIRST) - DELAY), DELAY, 3, 1_000);
        vm.warp(terms.salesEnd - 1 days);
    }

    function create(uint256 sponsored) private returns (uint256 raffleId) {
        vm.deal(OWNER, sponsored);
        vm.prank(OWNER);
        return lottery.createRaffle{value: sponsored}(terms);
    }

    function buyer(uint256 i) private pure returns (address) {
        return address(uint160(0xb000 + i));
    }

    function buy(uint256 raffleId, address account, uint64 count) private {
        uint256 price = uint256(terms.price) * count;
        vm.deal(account, price);
        vm.prank(account);
        lottery.buy{value: price}(raffleId, count);
    }

    /// @dev A raffle in which buyer i has 100 * (i + 1) tickets, closed so that round 1000 decides: 82,000 tickets.
    function sellAndClose(uint256 sponsored) private returns (uint256 raffleId) {
        raffleId = create(sponsored);
        for (uint256 i; i < BUYERS; ++i) {
            buy(raffleId, buyer(i), uint64(100 * (i + 1)));
        }
        vm.warp(terms.salesEnd);
        lottery.close(raffleId);
    }

    function test_thousands_of_tickets_are_drawn_by_a_published_round() public {
        uint256 raffleId = sellAndClose(5 ether);
        Raffle memory closed = lottery.raffle(raffleId);
        vm.assertEq(closed.tickets, 82_000);
        vm.assertEq(beacon.roundOf(closed.commitment), 1000);
        lottery.draw(raffleId, signatureOf(1000));
        (, bytes32 seed) = beacon.randomnessOf(closed.commitment);
        uint256[] memory chosen = Randomness.Stream(seed, 0).sample(82_000, 3);
        uint256 prize = (uint256(5 ether) + 820 ether - 82 ether) / 3;
        uint256 paid;
        for (uint256 i; i < 3; ++i) {
            address winner = lottery.ticketOwner(raffleId, chosen[i]);
            uint256 first = 50 * (uint160(winner) - 0xb000) * (uint160(winner) - 0xb000 + 1);
            vm.assertTrue(first <= chosen[i] && chosen[i] < first + 100 * (uint160(winner) - 0xb000 + 1));
            vm.assertTrue(lottery.owed(winner) >= prize);
            vm.prank(winner);
            paid += lottery.withdraw(winner);
            vm.assertEq(lottery.owed(winner), 0);
        }
        vm.assertEq(paid, 3 * prize);
        vm.assertEq(lottery.owed(OWNER), 825 ether - 3 * prize);
        vm.assertEq(address(lottery).balance, lottery.owed(OWNER));
    }

    function test_nothing_is_sold_once_sales_are_over() public {
        uint256 raffleId = create(0);
        vm.warp(terms.salesEnd - 1);
        buy(raffleId, buyer(0), 1);
        vm.expectRevert(abi.encodeWithSelector(IRaffles.SalesOpen.selector, raffleId, terms.salesEnd));
        lottery.close(raffleId);
        vm.warp(terms.salesEnd); // not closed yet: no moment at which both are possible
        vm.expectRevert(abi.encodeWithSelector(IRaffles.SalesOver.selector, raffleId));
        lottery.buy{value: terms.price}(raffleId, 1);
        lottery.close(raffleId);
        vm.expectRevert(abi.encodeWithSelector(IRaffles.SalesOver.selector, raffleId));
        lottery.buy{value: terms.price}(raffleId, 1);
    }

    function test_the_round_is_fixed_once() public {
        uint256 raffleId = sellAndClose(0);
        bytes32 commitment = lottery.raffle(raffleId).commitment;
        vm.warp(terms.salesEnd + 1 hours);
        vm.expectRevert(abi.encodeWithSelector(IRaffles.WrongStage.selector, raffleId, Stage.Closed));
        lottery.close(raffleId);
        vm.assertEq(lottery.raffle(raffleId).commitment, commitment);
    }

    function test_only_the_fixed_rounds_signature_draws_and_only_once() public {
        uint256 raffleId = sellAndClose(0);
        bytes memory signature = signatureOf(1001);
        vm.expectRevert(abi.encodeWithSelector(IBeacon.BadRound.selector, 1000));
        lottery.draw(raffleId, signature);
        signature = signatureOf(1000);
        lottery.draw(raffleId, signature);
        vm.expectRevert(abi.encodeWithSelector(IRaffles.WrongStage.selector, raffleId, Stage.Drawn));
        lottery.draw(raffleId, signature);
    }

    function test_a_raffle_that_is_not_closed_is_not_drawn() public {
        uint256 raffleId = create(0);
        buy(raffleId, buyer(0), 1);
        bytes memory signature = signatureOf(1000);
        vm.expectRevert(abi.encodeWithSelector(IRaffles.WrongStage.selector, raffleId, Stage.Selling));
        lottery.draw(raffleId, signature);
    }

    /// @dev The ticket belongs to the beacon, where anyone may reveal it; that must not keep the raffle from being drawn.
    function test_a_stranger_who_reveals_first_stops_nothing() public {
        uint256 raffleId = sellAndClose(0);
        bytes32 commitment = lottery.raffle(raffleId).commitment;
        vm.prank(address(0xbad));
        bytes32 seed = beacon.reveal(commitment, signatureOf(1000));
        vm.expectEmit(address(lottery));
        emit IRaffles.RaffleDrawn(raffleId, seed, 82 ether + (738 ether % 3));
        lottery.draw(raffleId, "");
    }

    /// @dev Two raffles of one round have tickets of their own and nothing in common.
    function test_raffles_of_one_round_are_drawn_apart() public {
        uint256 one = sellAndClose(0);
        vm.warp(terms.salesEnd - 1 days);
        uint256 two = sellAndClose(0);
        (bytes32 first, bytes32 second) = (lottery.raffle(one).commitment, lottery.raffle(two).commitment);
        vm.assertEq(beacon.roundOf(first), beacon.roundOf(second));
        lottery.draw(one, signatureOf(1000));
        lottery.draw(two, signatureOf(1000));
        (, bytes32 seedOne) = beacon.randomnessOf(first);
        (, bytes32 seedTwo) = beacon.randomnessOf(second);
        vm.assertTrue(seedOne != seedTwo);
    }

    /// @dev There is no function by which an owner could stop a raffle whose outcome it dislikes: it is drawn without it.
    function test_the_owner_cannot_take_anything_back() public {
        uint256 raffleId = sellAndClose(5 ether);
        vm.warp(terms.salesEnd + 29 days);
        vm.prank(OWNER);
        vm.expectRevert(abi.encodeWithSelector(Payouts.TooEarly.selector, terms.salesEnd + DELAY + 30 days));
        lottery.abandon(raffleId);
        vm.prank(OWNER);
        vm.expectRevert(abi.encodeWithSelector(Payouts.NothingOwed.selector, OWNER));
        lottery.withdraw(OWNER);
        lottery.draw(raffleId, signatureOf(1000));
    }

    function test_a_delay_the_beacon_refuses_is_refused_at_the_start() public {
        terms.delay = 29;
        vm.expectRevert(abi.encodeWithSelector(Payouts.BadDelay.selector, 29));
        lottery.createRaffle(terms);
        terms.delay = 7 days + 1;
        vm.expectRevert(abi.encodeWithSelector(Payouts.BadDelay.selector, 7 days + 1));
        lottery.createRaffle(terms);
    }

    function test_terms_that_make_no_raffle_are_refused() public {
        RaffleTerms[7] memory wrong;
        for (uint256 i; i < 7; ++i) {
            wrong[i] = terms;
        }
        wrong[0].price = 0;
        wrong[1].salesEnd = uint64(block.timestamp);
        wrong[2].winners = 0;
        wrong[3].winners = 65;
        wrong[4].ownerShare = 10_001;
        wrong[5].salesEnd = uint64(block.timestamp + 365 days + 1);
        wrong[6].salesEnd = type(uint64).max;
        for (uint256 i; i < 7; ++i) {
            vm.expectRevert(IRaffles.BadTerms.selector);
            lottery.createRaffle(wrong[i]);
        }
    }

    function test_a_purchase_pays_exactly_and_buys_something() public {
        uint256 raffleId = create(0);
        vm.expectRevert(abi.encodeWithSelector(Payouts.WrongPayment.selector, 0.01 ether, 0.02 ether));
        lottery.buy{value: 0.01 ether}(raffleId, 2);
        vm.expectRevert(abi.encodeWithSelector(Payouts.WrongPayment.selector, 0.03 ether, 0.02 ether));
        lottery.buy{value: 0.03 ether}(raffleId, 2);
        vm.expectRevert(IRaffles.NoTickets.selector);
        lottery.buy(raffleId, 0);
        vm.expectRevert(abi.encodeWithSelector(IRaffles.UnknownRaffle.selector, 2));
        lottery.buy{value: 0.01 ether}(2, 1);
        vm.expectRevert(abi.encodeWithSelector(IRaffles.UnknownTicketNumber.selector, raffleId, 0));
        lottery.ticketOwner(raffleId, 0);
    }
}
