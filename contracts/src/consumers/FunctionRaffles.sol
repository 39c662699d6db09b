// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {FunctionSeeds} from "./FunctionSeeds.sol";
import {RaffleTerms} from "./IRaffles.sol";
import {Raffles} from "./Raffles.sol";
import {RoundSeeds} from "./RoundSeeds.sol";

/// @notice Raffles decided by a function's draw, of whoever owns the subscription that pays for it.
contract FunctionRaffles is Raffles, RoundSeeds {
    constructor(address router, bytes32 functionId, uint64 subscription, uint32 drawDelay, address beacon)
        FunctionSeeds(router, functionId, subscription, drawDelay)
        RoundSeeds(beacon)
    {}

    /// @inheritdoc Raffles
    function createRaffle(RaffleTerms calldata terms) public payable override onlyPayer returns (uint256 raffleId) {
        return super.createRaffle(terms);
    }
}
