// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {IERC20} from "@openzeppelin/contracts/token/ERC20/IERC20.sol";

/// @notice Two tokens that trade against each other; what it holds of one times what it holds of the other never falls
/// but by those who take their own liquidity out.
interface IConstantProductPool is IERC20 {
    event LiquidityAdded(address indexed provider, uint256 amount0, uint256 amount1, uint256 shares);
    event LiquidityRemoved(address indexed provider, uint256 amount0, uint256 amount1, uint256 shares);
    event Swapped(address indexed sender, address indexed to, address tokenIn, uint256 amountIn, uint256 amountOut);

    /// @notice The tokens are the same, or not in ascending order.
    error BadTokens();
    /// @notice The pool does not trade this token.
    error UnknownToken(address token);
    /// @notice The deadline has passed.
    error Expired(uint256 deadline);
    /// @notice Less than the least that was asked for.
    error TooLittleOut(uint256 amount, uint256 minimum);
    /// @notice Nothing would come out.
    error NoAmount();

    /// @notice The token with the lower address.
    function token0() external view returns (IERC20);

    /// @notice The other token.
    function token1() external view returns (IERC20);

    /// @notice What the pool trades with; what was sent to it without a call is not in it.
    function reserves() external view returns (uint256 reserve0, uint256 reserve1);

    /// @notice What `swap` would pay for this much, the fee taken.
    function quote(IERC20 tokenIn, uint256 amountIn) external view returns (uint256 amountOut);

    /// @notice Takes `amountIn` from the caller and pays `to`; what arrives counts.
    function swap(IERC20 tokenIn, uint256 amountIn, uint256 minOut, address to, uint256 deadline)
        external
        returns (uint256 amountOut);

    /// @notice Adds at most these amounts in the pool's proportion; the caller gets shares.
    function addLiquidity(uint256 most0, uint256 most1, uint256 minShares) external returns (uint256 shares);

    /// @notice Burns shares for their part of both tokens.
    function removeLiquidity(uint256 shares, uint256 min0, uint256 min1)
        external
        returns (uint256 amount0, uint256 amount1);
}
