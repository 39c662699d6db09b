// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {IBeacon} from "./interfaces/IBeacon.sol";
import {Bls12381} from "./libraries/Bls12381.sol";
import {Code} from "./libraries/Code.sol";
import {Digests} from "./libraries/Digests.sol";
import {Drand} from "./libraries/Drand.sol";
import {EpochVerifiers} from "./libraries/EpochVerifiers.sol";
import {Located} from "./libraries/Located.sol";

/// @notice Verified randomness: drand's quicknet, and the draws of committees. Nobody owns it, and it holds no money.
contract Beacon is IBeacon {
    /// @inheritdoc IBeacon
    /// @dev A block's producer may know every round published before its block is: on Ethereum two slots of its own in a row
    /// are 24 seconds, in which it can hold back, reorder or drop a commitment. The rest is for clocks that differ.
    uint256 public constant MIN_DELAY = 30;

    bytes32 private immutable DEPLOYER_HASH = Located.deployerHash();

    // One word a ticket: its round until it is revealed, then its randomness, a hash that is no number below 2^64 (but with
    // a probability of 2^-192). A second word would cost a reveal 17,100 gas more.
    mapping(bytes32 ticket => bytes32) private _tickets;
    mapping(address consumer => uint64) private _nonces;
    mapping(address router => mapping(address committee => mapping(uint64 epoch => address))) private _drawKeys;

    /// @inheritdoc IBeacon
    function commit(uint32 delay) external returns (bytes32 ticket, uint64 round) {
        if (delay < MIN_DELAY) revert TooSoon(delay);
        round = uint64(Drand.roundAt(block.timestamp + delay));
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
        if (!Drand.verify(round, signature)) revert BadRound(round);
        return Drand.randomness(signature);
    }

    /// @inheritdoc IBeacon
    function registerDrawKey(
        address router,
        address committee,
        uint64 epoch,
        bytes calldata publicKey,
        bytes32 dkgHash,
        uint256 verifierIndex,
        bytes calldata proof
    ) external {
        if (_drawKeys[router][committee][epoch] != address(0)) revert DrawKeyTaken(router, committee, epoch);
        if (!Bls12381.isKey(publicKey)) revert BadDrawKey();
        bytes32 digest = Digests.drawKey(router, committee, epoch, keccak256(publicKey), dkgHash);
        // The salt of a verifier's address has one byte for the index.
        if (verifierIndex > type(uint8).max) revert UnknownVerifier(committee, epoch, verifierIndex);
        address verifier = EpochVerifiers.locate(committee, DEPLOYER_HASH, epoch, verifierIndex);
        (bool exists,) = EpochVerifiers.verify(verifier, digest, proof);
        if (!exists) revert UnknownVerifier(committee, epoch, verifierIndex);
        _drawKeys[router][committee][epoch] = Code.write(publicKey);
        emit DrawKeyRegistered(router, committee, epoch, publicKey, dkgHash);
    }

    /// @inheritdoc IBeacon
    function drawKey(address router, address committee, uint64 epoch) external view returns (bytes memory) {
        address kept = _drawKeys[router][committee][epoch];
        return kept == address(0) ? bytes("") : Code.read(kept);
    }

    /// @inheritdoc IBeacon
    function verifyDraw(
        address router,
        address committee,
        uint64 epoch,
        bytes32 requestId,
        uint32 ordinal,
        bytes calldata signature
    ) external view returns (bytes32 randomness) {
        address kept = _drawKeys[router][committee][epoch];
        if (kept == address(0)) revert NoDrawKey(router, committee, epoch);
        bytes32 digest = Digests.draw(router, requestId, ordinal);
        if (!Bls12381.verify(Code.read(kept), digest, signature, Bls12381.DRAW_DST)) revert BadDraw(requestId, ordinal);
        return keccak256(Bls12381.compress(signature));
    }
}
