// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {IBeacon} from "../interfaces/IBeacon.sol";
import {SeedSource} from "./SeedSource.sol";

/// @notice Seeds from drand: commitments are the beacon's tickets, proofs are the rounds' signatures.
abstract contract BeaconSeeds is SeedSource {
    IBeacon public immutable beacon;

    constructor(address beacon_) {
        beacon = IBeacon(beacon_);
    }

    function _fixSeed(uint32 delay) internal override returns (bytes32 commitment) {
        (commitment,) = beacon.commit(delay);
    }

    /// @dev A stranger may have revealed the ticket at the beacon: then no proof is needed any more.
    function _openSeed(bytes32 commitment, bytes calldata proof) internal override returns (bytes32 seed) {
        bool revealed;
        (revealed, seed) = beacon.randomnessOf(commitment);
        if (!revealed) seed = beacon.reveal(commitment, proof);
    }

    function _takesDelay(uint32 delay) internal view override returns (bool) {
        return delay >= beacon.MIN_DELAY();
    }
}
