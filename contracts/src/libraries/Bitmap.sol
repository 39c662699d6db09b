// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

/// @notice Sets of members: bit i is member i.
library Bitmap {
    /// @notice How many bits are set, for less than 256.
    /// @dev Sums of pairs, fours and bytes side by side, then all bytes at once by multiplication (Hacker's Delight, 5-1).
    function count(uint256 bitmap) internal pure returns (uint256) {
        unchecked {
            uint256 pairs = bitmap - (bitmap >> 1 & type(uint256).max / 3);
            uint256 fours = (pairs & type(uint256).max / 5) + (pairs >> 2 & type(uint256).max / 5);
            uint256 sums = fours + (fours >> 4) & type(uint256).max / 17;
            return sums * (type(uint256).max / 255) >> 248;
        }
    }
}
