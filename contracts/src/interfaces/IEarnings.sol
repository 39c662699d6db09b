// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {Asset} from "../types/Billing.sol";

/// @notice What signers and payers of gas have earned; pulled, never pushed.
/// @dev A delivery adds its work to one word of (epoch, asset, signers' bitmap); `settle` shares such words out.
interface IEarnings {
    /// @notice A bitmap's pot was shared out, `share` to each of its signers.
    event Settled(uint64 indexed epoch, Asset asset, uint256 bitmap, uint256 share);
    /// @notice `account` took its earnings out.
    event EarningsWithdrawn(address indexed account, Asset asset, address to, uint256 amount);

    /// @notice There is nothing to withdraw.
    error NothingEarned(address account);
    /// @notice The bitmap names members that the epoch does not have.
    error NotSigners(uint64 epoch, uint256 bitmap);

    /// @notice Shares out what the signers of these bitmaps earned in an epoch. Anyone may call it.
    function settle(uint64 epoch, Asset asset, uint256[] calldata bitmaps) external;

    /// @notice Pays the caller's earnings out to `to`.
    function withdrawEarnings(Asset asset, address to) external returns (uint256 amount);

    /// @notice What `account` can withdraw.
    function earned(Asset asset, address account) external view returns (uint256);

    /// @notice What the signers of `bitmap` have earned together and nobody settled yet.
    function unsettled(uint64 epoch, Asset asset, uint256 bitmap) external view returns (uint256);
}
