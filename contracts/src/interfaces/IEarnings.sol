// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {Asset} from "../types/Billing.sol";

/// @notice What signers and payers of gas have earned; pulled, never pushed.
/// @dev A delivery adds all it took to one word of (epoch, asset, transmitter, signers' bitmap); `settle` shares such words
/// out.
interface IEarnings {
    /// @notice A word was shared out: `share` to each signer, `gasCost` to the transmitter.
    event Settled(
        uint64 indexed epoch, Asset asset, address indexed transmitter, uint256 bitmap, uint256 share, uint256 gasCost
    );
    /// @notice `account` took its earnings out.
    event EarningsWithdrawn(address indexed account, Asset asset, address to, uint256 amount);

    /// @notice There is nothing to withdraw.
    error NothingEarned(address account);
    /// @notice The bitmap names members that the epoch does not have.
    error NotSigners(uint64 epoch, uint256 bitmap);

    /// @notice Shares out what deliveries of `transmitter` brought in an epoch, by their signers' bitmaps. Anyone may call it.
    function settle(uint64 epoch, Asset asset, address transmitter, uint256[] calldata bitmaps) external;

    /// @notice Pays the caller's settled earnings out to `to`.
    function withdrawEarnings(Asset asset, address to) external returns (uint256 amount);

    /// @notice What `account` can withdraw.
    function earned(Asset asset, address account) external view returns (uint256);

    /// @notice What nobody settled yet of the deliveries by `transmitter` with these signers.
    /// @return work for the signers together; one unit of it always stays.
    /// @return gasCost for the transmitter.
    function unsettled(uint64 epoch, Asset asset, address transmitter, uint256 bitmap)
        external
        view
        returns (uint256 work, uint256 gasCost);
}
