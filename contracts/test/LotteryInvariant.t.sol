// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {Opening} from "../src/consumers/ILootBoxes.sol";
import {Raffle, RaffleTerms, Stage} from "../src/consumers/IRaffles.sol";
import {SeededLottery} from "./support/SeededLottery.sol";
import {Test} from "./support/Test.sol";

/// @notice Five accounts that create, buy, close, draw, give up, claim and withdraw in any order.
contract Players is Test {
    uint256 public constant ACCOUNTS = 5;
    SeededLottery public immutable LOTTERY;
    uint256 public raffles;
    uint256 public boxes;
    bytes32[] public openings;
    mapping(uint256 raffleId => uint256) public purchases;
    mapping(uint256 raffleId => mapping(uint256 purchase => bool)) public refunded;
    mapping(uint256 raffleId => mapping(uint256 purchase => uint256)) public paid;
    uint256 public paidIn;
    uint256 public paidOut;

    constructor(SeededLottery lottery) {
        LOTTERY = lottery;
    }

    function account(uint256 seed) public pure returns (address) {
        return address(uint160(0xb000 + seed % ACCOUNTS));
    }

    function wait(uint256 time) external {
        vm.warp(block.timestamp + time % 20 days);
    }

    function createRaffle(uint256 who, uint96 price, uint16 winners, uint16 share, uint96 sponsored) external {
        uint64 end = uint64(block.timestamp + 1 days);
        RaffleTerms memory terms =
            RaffleTerms(uint96(bound(price, 1, 1e18)), end, 30, uint16(bound(winners, 1, 8)), uint16(bound(share, 0, 10_000)));
        sponsored %= 1e20;
        vm.deal(account(who), sponsored);
        vm.prank(account(who));
        raffles = LOTTERY.createRaffle{value: sponsored}(terms);
        paidIn += sponsored;
    }

    function buy(uint256 who, uint256 raffleId, uint64 count) external {
        if (raffles == 0) return;
        raffleId = bound(raffleId, 1, raffles);
        Raffle memory raffle = LOTTERY.raffle(raffleId);
        if (block.timestamp >= raffle.terms.salesEnd) return;
        count = uint64(bound(count, 1, 1000));
        uint256 price = uint256(raffle.terms.price) * count;
        vm.deal(account(who), price);
        vm.prank(account(who));
        LOTTERY.buy{value: price}(raffleId, count);
        paid[raffleId][purchases[raffleId]++] = price;
        paidIn += price;
    }

    function finish(uint256 raffleId, bytes32 seed) external {
        if (raffles == 0) return;
        raffleId = bound(raffleId, 1, raffles);
        Raffle memory raffle = LOTTERY.raffle(raffleId);
        bool late = block.timestamp >= raffle.terms.salesEnd + 30 days;
        if (raffle.stage == Stage.Selling && late && uint256(seed) % 2 == 0) LOTTERY.abandon(raffleId);
        else if (raffle.stage == Stage.Selling && block.timestamp >= raffle.terms.salesEnd) LOTTERY.close(raffleId);
        else if (raffle.stage == Stage.Closed && block.timestamp >= raffle.seedTime + 30 days) LOTTERY.abandon(raffleId);
        else if (raffle.stage == Stage.Closed) LOTTERY.draw(raffleId, abi.encode(seed));
    }

    /// @dev Closes without drawing, so that some raffles are given up.
    function close(uint256 raffleId) external {
        if (raffles == 0) return;
        raffleId = bound(raffleId, 1, raffles);
        Raffle memory raffle = LOTTERY.raffle(raffleId);
        if (raffle.stage == Stage.Selling && block.timestamp >= raffle.terms.salesEnd) LOTTERY.close(raffleId);
    }

    function refund(uint256 raffleId, uint256 purchase) external {
        if (raffles == 0) return;
        raffleId = bound(raffleId, 1, raffles);
        if (purchases[raffleId] == 0 || LOTTERY.raffle(raffleId).stage != Stage.Abandoned) return;
        purchase %= purchases[raffleId];
        if (refunded[raffleId][purchase]) return;
        refunded[raffleId][purchase] = true;
        LOTTERY.refund(raffleId, purchase);
    }

    function open(uint256 who, uint32 count, uint96 price, uint32 weight) external {
        uint32[] memory weights = new uint32[](2);
        (weights[0], weights[1]) = (1, weight);
        price %= 1e18;
        vm.prank(account(uint256(weight)));
        boxes = LOTTERY.createBox(price, 30, weights);
        count = uint32(bound(count, 1, 5));
        vm.deal(account(who), uint256(price) * count);
        vm.prank(account(who));
        openings.push(LOTTERY.open{value: uint256(price) * count}(boxes, count));
        paidIn += uint256(price) * count;
    }

    function claim(uint256 which, bytes32 seed) external {
        if (openings.length == 0) return;
        which %= openings.length;
        Opening memory opening = LOTTERY.openingOf(openings[which]);
        if (block.timestamp >= opening.seedTime + 30 days) LOTTERY.abandonOpening(openings[which]);
        else LOTTERY.claim(openings[which], abi.encode(seed));
        openings[which] = openings[openings.length - 1];
        openings.pop();
    }

    function withdraw(uint256 who) external {
        if (LOTTERY.owed(account(who)) == 0) return;
        vm.prank(account(who));
        paidOut += LOTTERY.withdraw(account(who));
    }

    /// @dev What must be there: what is owed, and what raffles and openings still hold.
    function liabilities() external view returns (uint256 sum) {
        for (uint256 i; i < ACCOUNTS; ++i) {
            sum += LOTTERY.owed(account(i));
        }
        for (uint256 id = 1; id <= raffles; ++id) {
            Raffle memory raffle = LOTTERY.raffle(id);
            if (raffle.stage == Stage.Selling || raffle.stage == Stage.Closed) {
                sum += raffle.sponsored + uint256(raffle.terms.price) * raffle.tickets;
            } else if (raffle.stage == Stage.Abandoned) {
                for (uint256 i; i < purchases[id]; ++i) {
                    if (!refunded[id][i]) sum += paid[id][i];
                }
            }
        }
        for (uint256 i; i < openings.length; ++i) {
            Opening memory opening = LOTTERY.openingOf(openings[i]);
            sum += uint256(LOTTERY.box(opening.boxId).price) * opening.count;
        }
    }
}

/// forge-config: default.invariant.runs = 16
/// forge-config: default.invariant.depth = 150
/// forge-config: dev.invariant.runs = 16
/// forge-config: dev.invariant.depth = 150
contract LotteryInvariantTest is Test {
    SeededLottery private lottery;
    Players private players;

    function setUp() public {
        vm.warp(1_750_000_000);
        lottery = new SeededLottery();
        players = new Players(lottery);
    }

    /// @dev By which forge knows whom to call.
    function targetContracts() external view returns (address[] memory targets) {
        targets = new address[](1);
        targets[0] = address(players);
    }

    /// @dev The lottery holds exactly what it owes and keeps for games that go on: nothing is lost, nothing made.
    function invariant_the_lottery_holds_exactly_what_it_owes() external view {
        vm.assertEq(address(lottery).balance, players.liabilities());
        vm.assertEq(address(lottery).balance, players.paidIn() - players.paidOut());
    }
}
