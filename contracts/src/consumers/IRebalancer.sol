// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {IERC20} from "@openzeppelin/contracts/token/ERC20/IERC20.sol";

/// @notice What a report can ask for at most.
struct Bounds {
    uint128 maxAmount0; // of token0 in one move
    uint128 maxAmount1; // of token1 in one move
    uint32 minInterval; // seconds between two moves
    uint16 maxSlippage; // hundredths of a percent by which `minOut` may be below the pool's quote
    uint16 maxDeviation; // hundredths of a percent by which a move's price may differ from the reference
}

/// @notice One move, as the function writes it.
struct Move {
    uint256 pool; // 0 or 1
    uint256 direction; // 0: token0 is sold for token1; 1: the other way
    uint256 amountIn; // 0: nothing is to be done
    uint256 minOut;
    uint256 deadline; // unix seconds
    uint256 nonce; // as `nonce()` was in the block the function looked at
}

/// @notice A treasury of two tokens that trades in whichever of two pools pays more.
/// @dev Output of the function, on request and pushed alike, 192 bytes: abi.encode(uint8 pool, uint8 direction,
/// uint256 amountIn, uint256 minOut, uint64 deadline, uint64 nonce).
interface IRebalancer {
    /// @notice Why a report moved nothing.
    enum Refusal {
        None,
        Malformed,
        NothingToDo, // `amountIn` is 0
        OtherNonce, // there was a move since, or the report comes twice
        Expired,
        DeadlineTooFar, // more than `MAX_DEADLINE` ahead
        TooSoon, // `minInterval` after the last move is not over
        TooMuch, // more than the bound, or than there is
        NotBestPool, // the other pool pays more
        BelowMinimum, // the pool pays less than `minOut`
        SlippageTooWide, // `minOut` is further below the quote than the bound
        PriceDeviates, // the price is further from the reference than the bound
        SwapFailed // the pool or a token failed, took too much or paid too little
    }

    /// @notice The treasury traded.
    event Moved(
        uint64 indexed nonce, address indexed pool, address indexed tokenIn, uint256 amountIn, uint256 amountOut, uint256 price
    );
    /// @notice A report moved nothing.
    /// @param requestId zero when it was pushed.
    event MoveRefused(bytes32 indexed requestId, Refusal refusal);
    /// @notice Somebody asked for a report.
    event MoveRequested(bytes32 indexed requestId, address indexed by);
    event BoundsChanged(Bounds bounds);
    event ReferenceChanged(uint256 price);
    event Withdrawn(address indexed token, uint256 amount);

    /// @notice The pools are the same, or trade other tokens.
    error BadPools();
    /// @notice The pool took another amount than it was told to, or paid less than the least.
    error BadSwap(uint256 spent, uint256 received);
    /// @notice A bound is out of range.
    error BadBounds();
    /// @notice The price is zero.
    error BadReference();
    /// @notice The treasury's address is zero.
    error BadTreasury();
    /// @notice A report was asked for before `readyAt`.
    error RequestedRecently(uint256 readyAt);
    /// @notice Only this contract calls this function.
    error OnlySelf(address caller);

    /// @notice Runs the function; its input is abi.encode(address rebalancer, uint64 nonce). Anyone may, once in
    /// `REQUEST_INTERVAL`; the contract's subscription pays.
    function rebalance() external returns (bytes32 requestId);

    /// @notice Sets the bounds of later moves. Owner only.
    function setBounds(Bounds calldata bounds) external;

    /// @notice Sets the price that the next move's is measured by, after the market went further than the bound. Owner only.
    function setReference(uint256 price) external;

    /// @notice Sends a token to the treasury, the one address that money leaves to. Owner only.
    function withdraw(IERC20 token, uint256 amount) external;

    /// @notice Checks a move against the pools and makes it. Only this contract calls it, to undo it as a whole.
    function move(Move calldata asked) external returns (Refusal);

    /// @notice Units of token1 for one of token0, both the smallest, times 10^36: of the last move, or as the owner set it.
    function referencePrice() external view returns (uint256);

    /// @notice Moves made.
    function nonce() external view returns (uint64);

    /// @notice What a report can ask for at most.
    function bounds() external view returns (Bounds memory);
}
