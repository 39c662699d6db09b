// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {IBeacon} from "../interfaces/IBeacon.sol";
import {ICommittee} from "../interfaces/ICommittee.sol";
import {FunctionSeeds} from "./FunctionSeeds.sol";

/// @notice Seeds of a function that draws from its committee: the proof is the draw's signature, by the key that the request's
/// epoch registered.
/// @dev No request is made before that key is registered, so request and key fix the one signature there is. The members make
/// it when a quorum of them says that the request is final; it verifies for ever, also when its epoch is over.
abstract contract DrawSeeds is FunctionSeeds {
    IBeacon public immutable beacon; // where the committee's keys are registered

    constructor(address beacon_) {
        beacon = IBeacon(beacon_);
    }

    /// @inheritdoc FunctionSeeds
    /// @dev The epoch that the router wrote into the request, in the same transaction.
    function _drawnAt() internal view override returns (uint64 epoch) {
        address committee = router.committee();
        epoch = ICommittee(committee).currentEpoch();
        bytes memory key = beacon.drawKey(address(router), committee, epoch);
        if (key.length == 0) revert IBeacon.NoDrawKey(address(router), committee, epoch);
    }

    /// @inheritdoc FunctionSeeds
    function _proven(bytes32 requestId, uint64 epoch, bytes calldata proof) internal view override returns (bytes32) {
        return beacon.verifyDraw(address(router), router.committee(), epoch, requestId, 0, proof);
    }
}
