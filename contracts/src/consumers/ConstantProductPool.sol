// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {ERC20} from "@openzeppelin/contracts/token/ERC20/ERC20.sol";
import {IERC20, SafeERC20} from "@openzeppelin/contracts/token/ERC20/utils/SafeERC20.sol";
import {ReentrancyGuardTransient} from "@openzeppelin/contracts/utils/ReentrancyGuardTransient.sol";
import {Math} from "@openzeppelin/contracts/utils/math/Math.sol";
import {IConstantProductPool} from "./IConstantProductPool.sol";

/// @notice A minimal pool for what `Rebalancer` moves between. Roundings favour the pool.
contract ConstantProductPool is IConstantProductPool, ERC20, ReentrancyGuardTransient {
    using Math for uint256;
    using SafeERC20 for IERC20;

    uint256 private constant BASIS = 10_000;
    uint256 private constant FEE = 30; // hundredths of a percent, as Uniswap v2

    // Shares nobody has, so that the first provider cannot make a share too dear for the next (Uniswap v2).
    uint256 private constant LOCKED_SHARES = 1_000;
    address private constant NOBODY = address(0xdead); // OpenZeppelin's ERC-20 mints nothing to the zero address

    /// @inheritdoc IConstantProductPool
    IERC20 public immutable token0;
    /// @inheritdoc IConstantProductPool
    IERC20 public immutable token1;

    uint256 private _reserve0;
    uint256 private _reserve1;

    constructor(IERC20 token0_, IERC20 token1_) ERC20("Pool share", "POOL") {
        if (address(token0_) >= address(token1_)) revert BadTokens();
        (token0, token1) = (token0_, token1_);
    }

    /// @inheritdoc IConstantProductPool
    function swap(IERC20 tokenIn, uint256 amountIn, uint256 minOut, address to, uint256 deadline)
        external
        nonReentrant
        returns (uint256 amountOut)
    {
        if (block.timestamp > deadline) revert Expired(deadline);
        amountIn = pull(tokenIn, amountIn);
        amountOut = quote(tokenIn, amountIn);
        if (amountOut == 0) revert NoAmount();
        if (amountOut < minOut) revert TooLittleOut(amountOut, minOut);
        bool first = address(tokenIn) == address(token0);
        if (first) (_reserve0, _reserve1) = (_reserve0 + amountIn, _reserve1 - amountOut);
        else (_reserve0, _reserve1) = (_reserve0 - amountOut, _reserve1 + amountIn);
        emit Swapped(msg.sender, to, address(tokenIn), amountIn, amountOut);
        (first ? token1 : token0).safeTransfer(to, amountOut);
    }

    /// @inheritdoc IConstantProductPool
    function addLiquidity(uint256 most0, uint256 most1, uint256 minShares) external nonReentrant returns (uint256 shares) {
        uint256 supply = totalSupply();
        if (supply != 0) {
            // As much as both amounts allow; each rounded up, but never above what was allowed.
            shares = most0.mulDiv(supply, _reserve0).min(most1.mulDiv(supply, _reserve1));
            most0 = shares.mulDiv(_reserve0, supply, Math.Rounding.Ceil);
            most1 = shares.mulDiv(_reserve1, supply, Math.Rounding.Ceil);
        }
        uint256 amount0 = pull(token0, most0);
        uint256 amount1 = pull(token1, most1);
        if (supply == 0) {
            shares = Math.sqrt(amount0 * amount1);
            if (shares <= LOCKED_SHARES) revert NoAmount();
            shares -= LOCKED_SHARES;
            _mint(NOBODY, LOCKED_SHARES);
        } else {
            // A token that keeps a fee brings less.
            shares = amount0.mulDiv(supply, _reserve0).min(amount1.mulDiv(supply, _reserve1));
        }
        if (shares == 0) revert NoAmount();
        if (shares < minShares) revert TooLittleOut(shares, minShares);
        (_reserve0, _reserve1) = (_reserve0 + amount0, _reserve1 + amount1);
        _mint(msg.sender, shares);
        emit LiquidityAdded(msg.sender, amount0, amount1, shares);
    }

    /// @inheritdoc IConstantProductPool
    function removeLiquidity(uint256 shares, uint256 min0, uint256 min1)
        external
        nonReentrant
        returns (uint256 amount0, uint256 amount1)
    {
        (amount0, amount1) = (shares.mulDiv(_reserve0, totalSupply()), shares.mulDiv(_reserve1, totalSupply()));
        if (amount0 == 0 || amount1 == 0) revert NoAmount();
        if (amount0 < min0) revert TooLittleOut(amount0, min0);
        if (amount1 < min1) revert TooLittleOut(amount1, min1);
        _burn(msg.sender, shares);
        (_reserve0, _reserve1) = (_reserve0 - amount0, _reserve1 - amount1);
        emit LiquidityRemoved(msg.sender, amount0, amount1, shares);
        token0.safeTransfer(msg.sender, amount0);
        token1.safeTransfer(msg.sender, amount1);
    }

    /// @inheritdoc IConstantProductPool
    function reserves() external view returns (uint256 reserve0, uint256 reserve1) {
        return (_reserve0, _reserve1);
    }

    /// @inheritdoc IConstantProductPool
    function quote(IERC20 tokenIn, uint256 amountIn) public view returns (uint256 amountOut) {
        bool first = address(tokenIn) == address(token0);
        if (!first && address(tokenIn) != address(token1)) revert UnknownToken(address(tokenIn));
        (uint256 reserveIn, uint256 reserveOut) =
            first ? (_reserve0, _reserve1) : (_reserve1, _reserve0);
        uint256 counted = amountIn * (BASIS - FEE);
        return counted == 0 ? 0 : reserveOut.mulDiv(counted, reserveIn * BASIS + counted);
    }

    function pull(IERC20 token, uint256 amount) private returns (uint256 received) {
        uint256 before = token.balanceOf(address(this));
        token.safeTransferFrom(msg.sender, address(this), amount);
        received = token.balanceOf(address(this)) - before;
    }
}
