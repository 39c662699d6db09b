// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {ChainBeacon} from "../../src/ChainBeacon.sol";
import {Bls12381} from "../../src/libraries/Bls12381.sol";
import {Bls} from "./Bls.sol";

/// @notice A chain of drand whose one key the test holds, and its beacon.
library Rounds {
    uint256 internal constant SECRET = 4_242;
    uint64 internal constant GENESIS = 1_700_000_000;
    uint32 internal constant PERIOD = 1;

    function beacon(uint32 leastDelay) internal returns (ChainBeacon) {
        return new ChainBeacon(Bls.publicKey(SECRET), GENESIS, PERIOD, leastDelay);
    }

    function signatureOf(uint64 round) internal view returns (bytes memory) {
        return signatureBy(SECRET, round);
    }

    function signatureBy(uint256 secret, uint64 round) internal view returns (bytes memory) {
        return Bls.sign(secret, sha256(abi.encodePacked(round)), Bls12381.DRAND_DST);
    }
}
