// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {Digests} from "../libraries/Digests.sol";
import {DrawSeeds} from "./DrawSeeds.sol";
import {SeedSource} from "./SeedSource.sol";

/// @notice Seeds of a committee's draw and a round of drand together. The draw is taken until the request's deadline; the round
/// is published after it. Who withholds the draw does so without knowing either outcome: there is nothing to gain by it.
/// @dev To foresee or choose a seed takes f + 1 members and a threshold of drand's operators, all working together. A draw that
/// is withheld is done without: nothing is asked again, and nothing paid back while drand goes on.
abstract contract JointSeeds is DrawSeeds {
    struct Fixed {
        uint64 round; // not zero
        uint64 deadline; // from which no draw is taken: the request's
    }

    /// @notice What a request fixed beside its draw.
    mapping(bytes32 requestId => Fixed) public fixedBy;

    /// @notice The draw of a request is known, and no other can take its place.
    event DrawProven(bytes32 indexed requestId, bytes32 draw);

    /// @notice Draws of this request were taken until this time; a round decides without one.
    error DrawTooLate(bytes32 requestId, uint256 deadline);

    /// @notice Brings the draw in the committee's stead. Anyone may, until the request's deadline; once it is known, nothing
    /// is looked at.
    function proveDraw(bytes32 requestId, bytes calldata signature) external {
        uint256 deadline = fixedBy[requestId].deadline;
        if (deadline == 0) revert UnknownRequest(requestId);
        if (block.timestamp >= deadline) revert DrawTooLate(requestId, deadline);
        if (seedOf[requestId] == 0) emit DrawProven(requestId, super._openSeed(requestId, signature));
    }

    /// @inheritdoc SeedSource
    /// @dev The round comes `MIN_DELAY` after the last draw that is taken at the earliest, however long the router waits today.
    function _fixSeed(uint32 delay) internal override returns (bytes32 commitment) {
        commitment = super._fixSeed(delay);
        uint256 deadline = router.pending(commitment).deadline;
        uint256 time = block.timestamp + delay;
        uint256 earliest = deadline + beacon.MIN_DELAY();
        fixedBy[commitment] = Fixed(beacon.roundAt(time < earliest ? earliest : time), uint64(deadline));
    }

    /// @inheritdoc SeedSource
    /// @dev The router delivers no answer after the deadline either, so the round's publication finds the draw settled.
    function _openSeed(bytes32 commitment, bytes calldata proof) internal view override returns (bytes32 seed) {
        bytes32 drawn = seedOf[commitment];
        if (drawn == 0) drawn = Digests.draw(address(router), commitment, 0); // withheld: what a round is bound to without
        return Digests.randomness(beacon.verifyRound(fixedBy[commitment].round, proof), drawn);
    }

    /// @inheritdoc SeedSource
    function _takesDelay(uint32 delay) internal view override returns (bool) {
        return delay >= beacon.MIN_DELAY();
    }
}
