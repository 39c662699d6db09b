// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {DrawKeys} from "./DrawKeys.sol";
import {IBeacon} from "./interfaces/IBeacon.sol";
import {Bls12381} from "./libraries/Bls12381.sol";
import {Code} from "./libraries/Code.sol";
import {Drand} from "./libraries/Drand.sol";
import {RoundTickets} from "./RoundTickets.sol";

/// @notice `Beacon` for another chain of drand, named when it is deployed: for development, whose rounds somebody signs alone
/// (docs/adr/0019), or for a group of one's own. Scheme bls-unchained-g1-rfc9380.
contract ChainBeacon is RoundTickets, DrawKeys {
    /// @inheritdoc IBeacon
    /// @dev What protects a commitment depends on who signs the rounds, and how far that group is trusted.
    uint256 public immutable MIN_DELAY;

    address private immutable KEY; // kept as code
    uint256 private immutable GENESIS;
    uint256 private immutable PERIOD;

    /// @notice The key is no point of G2's subgroup, or infinity; or it is quicknet's, whose clock and shortest delay nobody is
    /// to choose: that is `Beacon`.
    error BadChainKey();
    /// @notice Time passes between two rounds.
    error NoPeriod();

    constructor(bytes memory publicKey, uint64 genesis, uint32 period, uint32 leastDelay) {
        if (!Bls12381.isKey(publicKey) || keccak256(publicKey) == keccak256(Drand.PUBLIC_KEY)) revert BadChainKey();
        if (period == 0) revert NoPeriod();
        (KEY, GENESIS, PERIOD, MIN_DELAY) = (Code.write(publicKey), genesis, period, leastDelay);
    }

    /// @inheritdoc RoundTickets
    function _groupKey() internal view override returns (bytes memory) {
        return Code.read(KEY);
    }

    /// @inheritdoc RoundTickets
    function _clock() internal view override returns (uint256 genesis, uint256 period) {
        return (GENESIS, PERIOD);
    }

    /// @inheritdoc RoundTickets
    function _leastDelay() internal view override returns (uint256) {
        return MIN_DELAY;
    }
}
