// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {IBeacon} from "../interfaces/IBeacon.sol";
import {Digests} from "../libraries/Digests.sol";
import {FunctionSeeds} from "./FunctionSeeds.sol";

/// @notice Seeds of a function that draws from drand: the proof is the signature of the round that the request fixed.
abstract contract RoundSeeds is FunctionSeeds {
    IBeacon public immutable beacon; // of the chain that the function's manifest names, quicknet's where it names none

    /// @notice The function draws from rounds that may be known when it is asked: sooner than the beacon takes commitments.
    error DrawTooSoon(uint256 delay);

    constructor(address beacon_) {
        beacon = IBeacon(beacon_);
        if (drawDelay < beacon.MIN_DELAY()) revert DrawTooSoon(drawDelay);
    }

    /// @inheritdoc FunctionSeeds
    function _drawnAt() internal view override returns (uint64) {
        return beacon.roundAt(block.timestamp + drawDelay);
    }

    /// @inheritdoc FunctionSeeds
    function _proven(bytes32 requestId, uint64 round, bytes calldata proof) internal view override returns (bytes32) {
        return Digests.randomness(beacon.verifyRound(round, proof), Digests.draw(address(router), requestId, 0));
    }
}
