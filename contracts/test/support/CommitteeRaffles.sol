// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {FunctionSeeds} from "../../src/consumers/FunctionSeeds.sol";
import {Raffles} from "../../src/consumers/Raffles.sol";
import {IBeacon} from "../../src/interfaces/IBeacon.sol";
import {ICommittee} from "../../src/interfaces/ICommittee.sol";

/// @notice Raffles decided by a committee's own draw: what a request fixes is its epoch, whose registered key signs.
contract CommitteeRaffles is Raffles, FunctionSeeds {
    IBeacon private immutable BEACON;

    constructor(address router, bytes32 functionId, uint64 subscription, address beacon)
        FunctionSeeds(router, functionId, subscription, 0)
    {
        BEACON = IBeacon(beacon);
    }

    function _drawnAt() internal view override returns (uint64) {
        return ICommittee(router.committee()).currentEpoch();
    }

    function _proven(bytes32 requestId, uint64 epoch, bytes calldata proof) internal view override returns (bytes32) {
        return BEACON.verifyDraw(address(router), router.committee(), epoch, requestId, 0, proof);
    }
}
