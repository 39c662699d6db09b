// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

/// @notice Where a game's seeds come from. A seed is fixed first, when nobody can know it, and opened later.
/// @dev The only thing a game knows of its source: `FunctionSeeds` takes the place of `BeaconSeeds` unnoticed.
abstract contract SeedSource {
    /// @notice Fixes a seed; no two commitments are alike.
    /// @param delay seconds until it may be known, one that `_takesDelay`.
    function _fixSeed(uint32 delay) internal virtual returns (bytes32 commitment);

    /// @notice The one seed of a commitment, whoever opens it and when; reverts unless `proof` shows it.
    function _openSeed(bytes32 commitment, bytes calldata proof) internal virtual returns (bytes32 seed);

    /// @notice Whether this source can fix a seed that is known after so many seconds.
    function _takesDelay(uint32 delay) internal view virtual returns (bool);
}
