// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {BeaconSeeds} from "./BeaconSeeds.sol";
import {LootBoxes} from "./LootBoxes.sol";
import {Raffles} from "./Raffles.sol";

/// @notice Raffles and loot boxes decided by drand's quicknet, for anybody, without an owner of the whole.
contract Lottery is Raffles, LootBoxes, BeaconSeeds {
    constructor(address beacon) BeaconSeeds(beacon) {}
}
