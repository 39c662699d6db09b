// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {IBeacon} from "./interfaces/IBeacon.sol";
import {Digests} from "./libraries/Digests.sol";
import {Drand} from "./libraries/Drand.sol";

/// @notice The rounds of one chain of drand, and tickets that fix one before it is published.
abstract contract RoundTickets is IBeacon {
    // One word a ticket: its round until it is revealed, then its randomness, a hash that is no number below 2^64 (but with
    // a probability of 2^-192). A second word would cost a reveal 17,100 gas more.
    mapping(bytes32 ticket => bytes32) private _tickets;
    mapping(address consumer => uint64) private _nonces;

    /// @inheritdoc IBeacon
    function commit(uint32 delay) external returns (bytes32 ticket, uint64 round) {
        if (delay < _leastDelay()) revert TooSoon(delay);
        round = roundAt(block.timestamp + delay);
        ticket = Digests.ticket(address(this), msg.sender, _nonces[msg.sender]++);
        _tickets[ticket] = bytes32(uint256(round));
        emit Committed(ticket, msg.sender, round);
    }

    /// @inheritdoc IBeacon
    function reveal(bytes32 ticket, bytes calldata signature) external returns (bytes32 randomness) {
        uint64 round = roundOf(ticket);
        randomness = Digests.randomness(verifyRound(round, signature), ticket);
        _tickets[ticket] = randomness;
        emit Revealed(ticket, round, randomness);
    }

    /// @inheritdoc IBeacon
    function randomnessOf(bytes32 ticket) external view returns (bool revealed, bytes32 randomness) {
        bytes32 kept = _tickets[ticket];
        return uint256(kept) > type(uint64).max ? (true, kept) : (false, bytes32(0));
    }

    /// @inheritdoc IBeacon
    function roundOf(bytes32 ticket) public view returns (uint64 round) {
        uint256 kept = uint256(_tickets[ticket]);
        if (kept == 0 || kept > type(uint64).max) revert UnknownTicket(ticket);
        return uint64(kept);
    }

    /// @inheritdoc IBeacon
    function verifyRound(uint64 round, bytes calldata signature) public view returns (bytes32 randomness) {
        if (!Drand.verify(_groupKey(), round, signature)) revert BadRound(round);
        return Drand.randomness(signature);
    }

    /// @inheritdoc IBeacon
    function roundAt(uint256 time) public view returns (uint64 round) {
        (uint256 genesis, uint256 period) = _clock();
        return uint64(Drand.roundAt(time, genesis, period));
    }

    /// @inheritdoc IBeacon
    function chain() external view returns (bytes memory publicKey, uint256 genesis, uint256 period) {
        (genesis, period) = _clock();
        return (_groupKey(), genesis, period);
    }

    /// @notice The group's key, 256 bytes.
    function _groupKey() internal view virtual returns (bytes memory);

    /// @notice When round 1 was published, and the seconds between rounds, not zero.
    function _clock() internal view virtual returns (uint256 genesis, uint256 period);

    /// @notice Seconds that a round is fixed ahead at least.
    function _leastDelay() internal view virtual returns (uint256);
}
