// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

/// @notice Where a game's seeds come from. A seed is fixed first, when nobody can know it, and opened later.
/// @dev The only thing a game knows of its source: a source of committee draws takes the place of `BeaconSeeds` unnoticed.
abstract contract SeedSource {
    /// @notice Fixes a seed; no two commitments are alike.
    /// @param delay seconds until it may be known, `_leastDelay` or more.
    function _fixSeed(uint32 delay) internal virtual returns (bytes32 commitment);

    /// @notice The one seed of a commitment, whoever opens it and when; reverts unless `proof` shows it.
    function _openSeed(bytes32 commitment, bytes calldata proof) internal virtual returns (bytes32 seed);

    /// @notice Shortest delay this source takes.
    function _leastDelay() internal view virtual returns (uint256);
}
