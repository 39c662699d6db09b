// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {ISubscriptions} from "../interfaces/ISubscriptions.sol";
import {FunctionSeeds} from "./FunctionSeeds.sol";
import {RaffleTerms} from "./IRaffles.sol";
import {Raffles} from "./Raffles.sol";
import {RoundSeeds} from "./RoundSeeds.sol";

/// @notice Raffles decided by a function's draw, of whoever owns the subscription that pays for it.
contract FunctionRaffles is Raffles, RoundSeeds {
    /// @notice Only the subscription's owner begins raffles: each costs a request.
    error NotPayer(address caller);

    constructor(address router, bytes32 functionId, uint64 subscription, uint32 drawDelay, address beacon)
        FunctionSeeds(router, functionId, subscription, drawDelay)
        RoundSeeds(beacon)
    {}

    /// @inheritdoc Raffles
    function createRaffle(RaffleTerms calldata terms) public payable override returns (uint256 raffleId) {
        if (ISubscriptions(address(router)).subscriptionInfo(subscription).owner != msg.sender) revert NotPayer(msg.sender);
        return super.createRaffle(terms);
    }
}
