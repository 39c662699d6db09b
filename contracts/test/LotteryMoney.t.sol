// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {IRaffles, RaffleTerms, Stage} from "../src/consumers/IRaffles.sol";
import {Payouts} from "../src/consumers/Payouts.sol";
import {Randomness} from "../src/libraries/Randomness.sol";
import {SeededLottery} from "./support/SeededLottery.sol";
import {Test} from "./support/Test.sol";

/// @notice Wins a raffle and, when it is paid, asks for more.
contract Greedy {
    SeededLottery private immutable LOTTERY;
    uint256 public received;
    bytes4 public refusal;

    constructor(SeededLottery lottery) {
        LOTTERY = lottery;
    }

    function buy(uint256 raffleId, uint64 count) external payable {
        LOTTERY.buy{value: msg.value}(raffleId, count);
    }

    function take() external {
        LOTTERY.withdraw(address(this));
    }

    receive() external payable {
        received += msg.value;
        try LOTTERY.withdraw(address(this)) {
            refusal = 0;
        } catch (bytes memory reason) {
            refusal = bytes4(reason);
        }
    }
}

/// @notice Takes no money.
contract Refusing {
    function buy(SeededLottery lottery, uint256 raffleId) external payable {
        lottery.buy{value: msg.value}(raffleId, 1);
    }

    function take(SeededLottery lottery, address to) external {
        lottery.withdraw(to);
    }
}

/// @notice Where the money goes, whatever the seed.
contract LotteryMoneyTest is Test {
    using Randomness for Randomness.Stream;

    address private constant OWNER = address(0x01);
    SeededLottery private lottery;
    RaffleTerms private terms;

    function setUp() public {
        vm.warp(1_750_000_000);
        lottery = new SeededLottery();
        terms = RaffleTerms(1 ether, uint64(block.timestamp + 1 days), 30, 3, 1_000);
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

    function close(uint256 raffleId) private {
        vm.warp(terms.salesEnd);
        lottery.close(raffleId);
    }

    /// @dev What comes in goes out: prizes, owner's share and remainder are all that was paid, and each can be withdrawn.
    function testFuzz_prizes_and_shares_are_exactly_what_was_paid(
        bytes32 seed,
        uint96 price,
        uint64[6] memory counts,
        uint16 winners,
        uint16 ownerShare,
        uint96 sponsored
    ) public {
        terms.price = uint96(bound(price, 1, 1e24));
        terms.winners = uint16(bound(winners, 1, 64));
        terms.ownerShare = uint16(bound(ownerShare, 0, 10_000));
        uint256 raffleId = create(sponsored);
        uint256 tickets;
        for (uint256 i; i < 6; ++i) {
            counts[i] = uint64(bound(counts[i], 1, i == 5 ? 1e9 : 3));
            buy(raffleId, buyer(i), counts[i]);
            tickets += counts[i];
        }
        close(raffleId);
        lottery.draw(raffleId, abi.encode(seed));
        uint256 whole = sponsored + terms.price * tickets;
        vm.assertEq(address(lottery).balance, whole);
        uint256 sum = lottery.owed(OWNER);
        vm.assertTrue(sum >= terms.price * tickets * terms.ownerShare / 10_000);
        for (uint256 i; i < 6; ++i) {
            sum += lottery.owed(buyer(i));
        }
        vm.assertEq(sum, whole);
        for (uint256 i; i < 7; ++i) {
            address account = i == 6 ? OWNER : buyer(i);
            uint256 due = lottery.owed(account);
            if (due == 0) continue;
            vm.prank(account);
            lottery.withdraw(account);
            vm.assertEq(account.balance, due);
        }
        vm.assertEq(address(lottery).balance, 0);
    }

    /// @dev Bisection against a walk through all purchases.
    function testFuzz_a_tickets_buyer_is_found(uint64[8] memory counts, uint256 ticket) public {
        uint256 raffleId = create(0);
        uint256 tickets;
        for (uint256 i; i < 8; ++i) {
            counts[i] = uint64(bound(counts[i], 1, 5));
            buy(raffleId, buyer(i), counts[i]);
            tickets += counts[i];
        }
        ticket = bound(ticket, 0, tickets - 1);
        uint256 owner;
        uint256 end = counts[0];
        while (end <= ticket) end += counts[++owner];
        vm.assertEq(lottery.ticketOwner(raffleId, ticket), buyer(owner));
    }

    function testFuzz_winners_are_different_tickets_and_everybody_wins_a_small_raffle(bytes32 seed) public {
        terms.winners = 64;
        terms.ownerShare = 0;
        uint256 raffleId = create(0);
        for (uint256 i; i < 5; ++i) {
            buy(raffleId, buyer(i), 1);
        }
        close(raffleId);
        lottery.draw(raffleId, abi.encode(seed));
        for (uint256 i; i < 5; ++i) {
            vm.assertEq(lottery.owed(buyer(i)), 1 ether); // each ticket won once
        }
    }

    function test_a_raffle_that_sold_nothing_returns_what_was_sponsored() public {
        uint256 raffleId = create(2 ether);
        close(raffleId);
        vm.assertEq(lottery.owed(OWNER), 2 ether);
        vm.assertTrue(lottery.raffle(raffleId).stage == Stage.Drawn);
        vm.expectRevert(abi.encodeWithSelector(IRaffles.WrongStage.selector, raffleId, Stage.Drawn));
        lottery.close(raffleId);
    }

    function test_a_winner_that_reenters_is_paid_once() public {
        Greedy greedy = new Greedy(lottery);
        uint256 raffleId = create(0);
        greedy.buy{value: 1 ether}(raffleId, 1);
        uint256 other = create(7 ether); // money of others to steal
        close(raffleId);
        lottery.draw(raffleId, abi.encode("seed"));
        greedy.take();
        vm.assertEq(greedy.received(), 0.9 ether);
        vm.assertEq(bytes32(greedy.refusal()), bytes32(Payouts.NothingOwed.selector));
        vm.assertEq(lottery.raffle(other).sponsored, 7 ether);
        vm.assertEq(address(lottery).balance, 7.1 ether);
    }

    function test_a_winner_that_takes_no_money_stops_nobody() public {
        Refusing refusing = new Refusing();
        uint256 raffleId = create(0);
        refusing.buy{value: 1 ether}(lottery, raffleId);
        buy(raffleId, buyer(0), 1);
        close(raffleId);
        lottery.draw(raffleId, abi.encode("seed"));
        vm.expectRevert(abi.encodeWithSelector(Payouts.PaymentFailed.selector, address(refusing)));
        refusing.take(lottery, address(refusing));
        vm.assertEq(lottery.owed(address(refusing)), 0.9 ether);
        refusing.take(lottery, buyer(9));
        vm.assertEq(buyer(9).balance, 0.9 ether);
        vm.prank(buyer(0));
        lottery.withdraw(buyer(0));
    }

    function test_an_abandoned_raffle_refunds_every_purchase_once() public {
        uint256 raffleId = create(2 ether);
        buy(raffleId, buyer(0), 3);
        buy(raffleId, buyer(1), 4);
        buy(raffleId, buyer(0), 5);
        close(raffleId);
        uint256 until = uint256(terms.salesEnd) + 30 + 30 days;
        vm.warp(until - 1);
        vm.expectRevert(abi.encodeWithSelector(Payouts.TooEarly.selector, until));
        lottery.abandon(raffleId);
        vm.expectRevert(abi.encodeWithSelector(IRaffles.WrongStage.selector, raffleId, Stage.Closed));
        lottery.refund(raffleId, 0);
        vm.warp(until);
        lottery.abandon(raffleId);
        for (uint256 i; i < 3; ++i) {
            lottery.refund(raffleId, i);
            vm.expectRevert(abi.encodeWithSelector(IRaffles.UnknownPurchase.selector, raffleId, i));
            lottery.refund(raffleId, i);
        }
        vm.expectRevert(abi.encodeWithSelector(IRaffles.UnknownPurchase.selector, raffleId, 3));
        lottery.refund(raffleId, 3);
        vm.assertEq(lottery.owed(buyer(0)), 8 ether);
        vm.assertEq(lottery.owed(buyer(1)), 4 ether);
        vm.assertEq(lottery.owed(OWNER), 2 ether);
        vm.assertEq(address(lottery).balance, 14 ether);
        vm.expectRevert(abi.encodeWithSelector(IRaffles.WrongStage.selector, raffleId, Stage.Abandoned));
        lottery.draw(raffleId, abi.encode("seed"));
    }

    function test_a_drawn_raffle_is_neither_abandoned_nor_refunded() public {
        uint256 raffleId = create(0);
        buy(raffleId, buyer(0), 3);
        close(raffleId);
        lottery.draw(raffleId, abi.encode("seed"));
        vm.warp(block.timestamp + 365 days);
        vm.expectRevert(abi.encodeWithSelector(IRaffles.WrongStage.selector, raffleId, Stage.Drawn));
        lottery.abandon(raffleId);
        vm.expectRevert(abi.encodeWithSelector(IRaffles.WrongStage.selector, raffleId, Stage.Drawn));
        lottery.refund(raffleId, 0);
    }
}
