// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {DrawSeeds} from "./DrawSeeds.sol";
import {FunctionSeeds} from "./FunctionSeeds.sol";
import {JointSeeds} from "./JointSeeds.sol";
import {LootBoxes} from "./LootBoxes.sol";
import {RaffleTerms} from "./IRaffles.sol";
import {Raffles} from "./Raffles.sol";

/// @notice Raffles and loot boxes decided by a committee's draw and a round of drand together, of whoever owns the subscription
/// that pays: for stakes at which f + 1 members might work together, or drand's operators.
contract JointLottery is Raffles, LootBoxes, JointSeeds {
    constructor(address router, bytes32 functionId, uint64 subscription, address beacon)
        FunctionSeeds(router, functionId, subscription, 0)
        DrawSeeds(beacon)
    {}

    /// @inheritdoc Raffles
    function createRaffle(RaffleTerms calldata terms) public payable override onlyPayer returns (uint256 raffleId) {
        return super.createRaffle(terms);
    }

    /// @inheritdoc LootBoxes
    function createBox(uint96 price, uint32 delay, uint32[] calldata weights)
        public
        override
        onlyPayer
        returns (uint256 boxId)
    {
        return super.createBox(price, delay, weights);
    }
}
