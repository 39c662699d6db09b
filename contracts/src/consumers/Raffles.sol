// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {Arrays} from "@openzeppelin/contracts/utils/Arrays.sol";
import {Randomness} from "../libraries/Randomness.sol";
import {IRaffles, Raffle, RaffleTerms, Stage} from "./IRaffles.sol";
import {Payouts} from "./Payouts.sol";
import {SeedSource} from "./SeedSource.sol";

/// @notice Raffles with thousands of tickets: a purchase is one word, and a winner is found among them by bisection.
abstract contract Raffles is IRaffles, SeedSource, Payouts {
    using Arrays for uint256[];
    using Randomness for Randomness.Stream;

    uint256 public constant MAX_WINNERS = 64; // each may cost a draw 22,100 for a first credit and 2,100 a step of the search
    uint256 public constant MAX_SALES = 365 days; // tickets' money waits no longer for its raffle to close
    uint256 private constant WHOLE = 10_000;

    uint256 private _count;
    mapping(uint256 raffleId => Raffle) private _raffles;
    // number after the purchase's last ticket 96 | buyer 160 bits; ascending, as the numbers are
    mapping(uint256 raffleId => uint256[]) private _purchases;

    /// @inheritdoc IRaffles
    function createRaffle(RaffleTerms calldata terms) public payable virtual returns (uint256 raffleId) {
        if (terms.price == 0 || terms.ownerShare > WHOLE) revert BadTerms();
        if (terms.winners == 0 || terms.winners > MAX_WINNERS) revert BadTerms();
        if (terms.salesEnd <= block.timestamp || terms.salesEnd > block.timestamp + MAX_SALES) revert BadTerms();
        if (!_takesDelay(terms.delay) || terms.delay > MAX_DELAY) revert BadDelay(terms.delay);
        raffleId = ++_count;
        Raffle storage made = _raffles[raffleId];
        (made.owner, made.terms, made.sponsored) = (msg.sender, terms, msg.value);
        emit RaffleCreated(raffleId, msg.sender, terms, msg.value);
    }

    /// @inheritdoc IRaffles
    function buy(uint256 raffleId, uint64 count) external payable returns (uint96 first) {
        Raffle storage open = found(raffleId);
        if (block.timestamp >= open.terms.salesEnd) revert SalesOver(raffleId);
        if (count == 0) revert NoTickets();
        uint256 price = uint256(open.terms.price) * count;
        if (msg.value != price) revert WrongPayment(msg.value, price);
        first = open.tickets;
        uint96 end = first + count;
        open.tickets = end;
        uint256[] storage purchases = _purchases[raffleId];
        emit TicketsBought(raffleId, msg.sender, purchases.length, first, count);
        purchases.push(uint256(end) << 160 | uint160(msg.sender));
    }

    /// @inheritdoc IRaffles
    function close(uint256 raffleId) external {
        Raffle storage sold = found(raffleId, Stage.Selling);
        if (block.timestamp < sold.terms.salesEnd) revert SalesOpen(raffleId, sold.terms.salesEnd);
        if (sold.tickets == 0) {
            sold.stage = Stage.Drawn;
            owed[sold.owner] += sold.sponsored;
            emit RaffleDrawn(raffleId, 0, sold.sponsored);
            return;
        }
        sold.stage = Stage.Closed;
        sold.seedTime = uint64(block.timestamp + sold.terms.delay);
        sold.commitment = _fixSeed(sold.terms.delay);
        emit RaffleClosed(raffleId, sold.commitment);
    }

    /// @inheritdoc IRaffles
    function draw(uint256 raffleId, bytes calldata proof) external {
        Raffle storage closed = found(raffleId, Stage.Closed);
        closed.stage = Stage.Drawn;
        bytes32 seed = _openSeed(closed.commitment, proof);
        (uint256 tickets, uint256 winners) = (closed.tickets, closed.terms.winners);
        if (winners > tickets) winners = tickets;
        uint256 sales = closed.terms.price * tickets;
        uint256 prize = (closed.sponsored + sales - sales * closed.terms.ownerShare / WHOLE) / winners;
        uint256[] memory chosen = Randomness.Stream(seed, 0).sample(tickets, winners);
        for (uint256 i; i < winners; ++i) {
            address winner = buyerOf(raffleId, chosen[i]);
            owed[winner] += prize;
            emit Won(raffleId, winner, chosen[i], prize);
        }
        uint256 rest = closed.sponsored + sales - prize * winners;
        owed[closed.owner] += rest;
        emit RaffleDrawn(raffleId, seed, rest);
    }

    /// @inheritdoc IRaffles
    function abandon(uint256 raffleId) external {
        Raffle storage stuck = found(raffleId);
        if (stuck.stage != Stage.Selling && stuck.stage != Stage.Closed) revert WrongStage(raffleId, stuck.stage);
        uint256 until = (stuck.stage == Stage.Closed ? stuck.seedTime : stuck.terms.salesEnd) + PATIENCE;
        if (block.timestamp < until) revert TooEarly(until);
        stuck.stage = Stage.Abandoned;
        owed[stuck.owner] += stuck.sponsored;
        emit RaffleAbandoned(raffleId);
    }

    /// @inheritdoc IRaffles
    function refund(uint256 raffleId, uint256 purchase) external {
        Raffle storage abandoned = found(raffleId, Stage.Abandoned);
        uint256[] storage purchases = _purchases[raffleId];
        uint256 bought = purchase < purchases.length ? purchases[purchase] : 0;
        address buyer = address(uint160(bought));
        if (buyer == address(0)) revert UnknownPurchase(raffleId, purchase);
        uint256 first = purchase == 0 ? 0 : purchases[purchase - 1] >> 160;
        uint256 amount = abandoned.terms.price * ((bought >> 160) - first);
        purchases[purchase] = bought >> 160 << 160; // nobody's; the numbers stay
        owed[buyer] += amount;
        emit Refunded(raffleId, buyer, purchase, amount);
    }

    /// @inheritdoc IRaffles
    function raffle(uint256 raffleId) external view returns (Raffle memory) {
        return found(raffleId);
    }

    /// @inheritdoc IRaffles
    function ticketOwner(uint256 raffleId, uint256 ticket) external view returns (address) {
        if (ticket >= found(raffleId).tickets) revert UnknownTicketNumber(raffleId, ticket);
        return buyerOf(raffleId, ticket);
    }

    /// @dev The first purchase that ends behind the ticket. A word is above (ticket, all ones) when its number is.
    function buyerOf(uint256 raffleId, uint256 ticket) private view returns (address) {
        uint256[] storage purchases = _purchases[raffleId];
        return address(uint160(purchases[purchases.upperBound(ticket << 160 | type(uint160).max)]));
    }

    function found(uint256 raffleId, Stage stage) private view returns (Raffle storage stored) {
        stored = found(raffleId);
        if (stored.stage != stage) revert WrongStage(raffleId, stored.stage);
    }

    function found(uint256 raffleId) private view returns (Raffle storage stored) {
        stored = _raffles[raffleId];
        if (stored.owner == address(0)) revert UnknownRaffle(raffleId);
    }
}
