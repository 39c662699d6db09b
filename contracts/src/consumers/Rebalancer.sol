// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {IERC20, SafeERC20} from "@openzeppelin/contracts/token/ERC20/utils/SafeERC20.sol";
import {ReentrancyGuardTransient} from "@openzeppelin/contracts/utils/ReentrancyGuardTransient.sol";
import {Math} from "@openzeppelin/contracts/utils/math/Math.sol";
import {BoundReceiver} from "./BoundReceiver.sol";
import {FunctionBinding} from "./FunctionBinding.sol";
import {IConstantProductPool} from "./IConstantProductPool.sol";
import {Bounds, IRebalancer, Move} from "./IRebalancer.sol";
import {Words} from "./Words.sol";

/// @notice Keeps the treasury's two tokens and trades them as reports say, within bounds (docs/consumers.md).
/// @dev Money comes by plain transfers and leaves to the treasury and, in exchange, to the two pools; nowhere else.
contract Rebalancer is IRebalancer, BoundReceiver, ReentrancyGuardTransient {
    using SafeERC20 for IERC20;
    using Words for bytes;

    uint256 private constant PRICE_SCALE = 1e36;
    uint256 private constant BASIS = 10_000;

    uint256 public constant MOVE_LENGTH = 192;
    uint32 public constant CALLBACK_GAS = 300_000; // the router's own cap
    uint256 public constant REQUEST_INTERVAL = 60; // seconds; what anyone can spend of the subscription
    uint256 public constant MAX_DEADLINE = 1 hours; // a report is about a market that was there just now

    address public immutable treasury;
    IERC20 public immutable token0;
    IERC20 public immutable token1;
    IConstantProductPool private immutable POOL0;
    IConstantProductPool private immutable POOL1;

    uint256 public referencePrice;
    uint64 public nonce;
    uint40 public movedAt;
    uint40 public requestedAt;
    Bounds private _bounds;

    constructor(
        address router,
        address owner,
        bytes32 functionId,
        address triggerOwner,
        uint256 delay,
        address treasury_,
        IConstantProductPool[2] memory pools_,
        uint256 referencePrice_
    ) FunctionBinding(router, owner, functionId, triggerOwner, delay) {
        if (treasury_ == address(0)) revert BadTreasury();
        (treasury, POOL0, POOL1) = (treasury_, pools_[0], pools_[1]);
        (token0, token1) = (pools_[0].token0(), pools_[0].token1());
        bool differ = address(pools_[0]) != address(pools_[1]);
        bool fit = address(pools_[1].token0()) == address(token0) && address(pools_[1].token1()) == address(token1);
        if (!differ || !fit) revert BadPools();
        changeReference(referencePrice_);
    }

    /// @inheritdoc IRebalancer
    function rebalance() external returns (bytes32 requestId) {
        uint256 readyAt = requestedAt + REQUEST_INTERVAL;
        if (block.timestamp < readyAt) revert RequestedRecently(readyAt);
        requestedAt = uint40(block.timestamp);
        requestId = _ask(abi.encode(address(this), nonce), CALLBACK_GAS);
        emit MoveRequested(requestId, msg.sender);
    }

    /// @inheritdoc IRebalancer
    function setBounds(Bounds calldata bounds_) external onlyOwner {
        if (bounds_.maxSlippage >= BASIS || bounds_.maxDeviation >= BASIS) revert BadBounds();
        _bounds = bounds_;
        emit BoundsChanged(bounds_);
    }

    /// @inheritdoc IRebalancer
    function setReference(uint256 price) external onlyOwner {
        changeReference(price);
    }

    /// @inheritdoc IRebalancer
    function withdraw(IERC20 token, uint256 amount) external onlyOwner nonReentrant {
        emit Withdrawn(address(token), amount);
        token.safeTransfer(treasury, amount);
    }

    /// @inheritdoc IRebalancer
    function move(Move calldata asked) external nonReentrant returns (Refusal) {
        if (msg.sender != address(this)) revert OnlySelf(msg.sender);
        bool first = asked.direction == 0;
        (IERC20 tokenIn, IERC20 tokenOut) = first ? (token0, token1) : (token1, token0);
        if (tokenIn.balanceOf(address(this)) < asked.amountIn) return Refusal.TooMuch;
        (IConstantProductPool pool, IConstantProductPool other) = asked.pool == 0 ? (POOL0, POOL1) : (POOL1, POOL0);
        uint256 quote = pool.quote(tokenIn, asked.amountIn);
        if (quote == 0 || quote < asked.minOut) return Refusal.BelowMinimum;
        if (other.quote(tokenIn, asked.amountIn) > quote) return Refusal.NotBestPool;
        Bounds memory allowed = _bounds;
        if (asked.minOut < Math.mulDiv(quote, BASIS - allowed.maxSlippage, BASIS)) return Refusal.SlippageTooWide;
        uint256 price = first ? priceOf(asked.amountIn, quote) : priceOf(quote, asked.amountIn);
        if (deviates(price, allowed.maxDeviation)) return Refusal.PriceDeviates;
        (referencePrice, movedAt) = (price, uint40(block.timestamp));
        ++nonce;
        uint256 received = trade(pool, tokenIn, tokenOut, asked);
        emit Moved(uint64(asked.nonce), address(pool), address(tokenIn), asked.amountIn, received, price);
        return Refusal.None;
    }

    /// @notice The two pools.
    function pools() external view returns (IConstantProductPool, IConstantProductPool) {
        return (POOL0, POOL1);
    }

    /// @inheritdoc IRebalancer
    function bounds() external view returns (Bounds memory) {
        return _bounds;
    }

    /// @inheritdoc BoundReceiver
    function _take(bytes32 requestId, bytes calldata output) internal override {
        Refusal refusal = Refusal.Malformed;
        if (wellFormed(output)) {
            Move memory asked = Move(
                output.word(0), output.word(1), output.word(2), output.word(3), output.word(4), output.word(5)
            );
            refusal = check(asked);
            if (refusal == Refusal.None) {
                try this.move(asked) returns (Refusal found) {
                    refusal = found;
                } catch {
                    refusal = Refusal.SwapFailed;
                }
            }
        }
        if (refusal != Refusal.None) emit MoveRefused(requestId, refusal);
    }

    /// @dev What needs no pool.
    function check(Move memory asked) private view returns (Refusal) {
        Bounds memory allowed = _bounds;
        if (asked.amountIn == 0) return Refusal.NothingToDo;
        if (asked.nonce != nonce) return Refusal.OtherNonce;
        if (block.timestamp > asked.deadline) return Refusal.Expired;
        if (asked.deadline > block.timestamp + MAX_DEADLINE) return Refusal.DeadlineTooFar;
        if (block.timestamp < uint256(movedAt) + allowed.minInterval) return Refusal.TooSoon;
        if (asked.amountIn > (asked.direction == 0 ? allowed.maxAmount0 : allowed.maxAmount1)) return Refusal.TooMuch;
        return Refusal.None;
    }

    /// @dev Whatever the pool says: no more than `amountIn` goes, no less than `minOut` comes.
    function trade(IConstantProductPool pool, IERC20 tokenIn, IERC20 tokenOut, Move calldata asked)
        private
        returns (uint256 received)
    {
        (uint256 inBefore, uint256 outBefore) = (tokenIn.balanceOf(address(this)), tokenOut.balanceOf(address(this)));
        tokenIn.forceApprove(address(pool), asked.amountIn);
        pool.swap(tokenIn, asked.amountIn, asked.minOut, address(this), asked.deadline);
        uint256 spent = inBefore - tokenIn.balanceOf(address(this));
        received = tokenOut.balanceOf(address(this)) - outBefore;
        if (spent != asked.amountIn || received < asked.minOut) revert BadSwap(spent, received);
    }

    function changeReference(uint256 price) private {
        if (price == 0) revert BadReference();
        referencePrice = price;
        emit ReferenceChanged(price);
    }

    function deviates(uint256 price, uint256 allowed) private view returns (bool) {
        uint256 low = Math.mulDiv(referencePrice, BASIS - allowed, BASIS);
        uint256 high = Math.mulDiv(referencePrice, BASIS + allowed, BASIS);
        return price < low || price > high;
    }

    function priceOf(uint256 amount0, uint256 amount1) private pure returns (uint256) {
        return Math.mulDiv(amount1, PRICE_SCALE, amount0);
    }

    function wellFormed(bytes calldata output) private pure returns (bool) {
        return output.length == MOVE_LENGTH && output.fits(0, 1) && output.fits(1, 1) && output.fits(4, 64)
            && output.fits(5, 64);
    }
}
