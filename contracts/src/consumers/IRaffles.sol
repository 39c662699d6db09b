// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

/// @notice What a raffle's owner fixes for good.
struct RaffleTerms {
    uint96 price; // of a ticket, in wei
    uint64 salesEnd; // block.timestamp from which no ticket is sold
    uint32 delay; // seconds from closing to the round that decides
    uint16 winners; // at most; fewer when fewer tickets are sold
    uint16 ownerShare; // of the sales, in hundredths of a percent
}

/// @notice Where a raffle stands.
enum Stage {
    Selling, // until salesEnd; then waiting to be closed
    Closed, // the seed is fixed
    Drawn,
    Abandoned // nobody closed or drew in time; tickets are refunded
}

/// @notice A raffle.
struct Raffle {
    address owner;
    uint96 tickets; // sold; they are numbered from 0
    Stage stage;
    uint64 seedTime; // from when the seed may be known
    RaffleTerms terms;
    uint256 sponsored; // wei that the owner added to the prizes
    bytes32 commitment; // of the seed
}

/// @notice Raffles: tickets are sold until a time fixed beforehand, then a seed nobody can know yet is fixed, and it decides.
/// @dev Every ticket has the same chance. The owner fixes everything at the start and can change, stop or cancel nothing.
/// Winners are the first places of `Randomness.sample(tickets, winners)`: different tickets, each prize the same.
interface IRaffles {
    /// @notice A raffle began.
    event RaffleCreated(uint256 indexed raffleId, address indexed owner, RaffleTerms terms, uint256 sponsored);
    /// @notice Tickets `first` to `first + count - 1` were sold.
    event TicketsBought(uint256 indexed raffleId, address indexed buyer, uint256 purchase, uint96 first, uint64 count);
    /// @notice The seed is fixed by this commitment.
    event RaffleClosed(uint256 indexed raffleId, bytes32 commitment);
    /// @notice A ticket won.
    event Won(uint256 indexed raffleId, address indexed winner, uint256 ticket, uint256 prize);
    /// @notice The raffle is over; `toOwner` is the owner's share and what does not divide.
    event RaffleDrawn(uint256 indexed raffleId, bytes32 seed, uint256 toOwner);
    /// @notice Nobody closed or drew in time; buyers get back what they paid.
    event RaffleAbandoned(uint256 indexed raffleId);
    /// @notice A purchase was refunded.
    event Refunded(uint256 indexed raffleId, address indexed buyer, uint256 purchase, uint256 amount);

    /// @notice There is no such raffle.
    error UnknownRaffle(uint256 raffleId);
    /// @notice The price is zero, sales end in the past or more than `MAX_SALES` ahead, there are no winners or more than
    /// `MAX_WINNERS`, or the share is above the whole.
    error BadTerms();
    /// @notice Sales have ended.
    error SalesOver(uint256 raffleId);
    /// @notice Sales go on until this time.
    error SalesOpen(uint256 raffleId, uint256 until);
    /// @notice The raffle is not at the stage this needs.
    error WrongStage(uint256 raffleId, Stage stage);
    /// @notice At least one ticket is bought.
    error NoTickets();
    /// @notice There is no such ticket.
    error UnknownTicketNumber(uint256 raffleId, uint256 ticket);
    /// @notice There is no such purchase, or it was refunded.
    error UnknownPurchase(uint256 raffleId, uint256 purchase);

    /// @notice Begins a raffle; what is paid is added to the prizes.
    function createRaffle(RaffleTerms calldata terms) external payable returns (uint256 raffleId);

    /// @notice Buys `count` tickets for exactly their price.
    function buy(uint256 raffleId, uint64 count) external payable returns (uint96 first);

    /// @notice Fixes the seed once sales are over. Anyone may. A raffle that sold nothing ends here.
    function close(uint256 raffleId) external;

    /// @notice Opens the seed and picks the winners. Anyone may.
    /// @param proof what the seeds' source asks for: the round's signature, 128 bytes; nothing once it is known.
    function draw(uint256 raffleId, bytes calldata proof) external;

    /// @notice Gives up a raffle that nobody drew for `PATIENCE` seconds, or nobody could close: a seed of it is not fixed then.
    /// Anyone may.
    function abandon(uint256 raffleId) external;

    /// @notice Credits an abandoned raffle's purchase to its buyer. Anyone may.
    function refund(uint256 raffleId, uint256 purchase) external;

    /// @notice The raffle; reverts if there is none.
    function raffle(uint256 raffleId) external view returns (Raffle memory);

    /// @notice Who bought a ticket.
    function ticketOwner(uint256 raffleId, uint256 ticket) external view returns (address);
}
