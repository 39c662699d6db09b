// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {IBeacon} from "./interfaces/IBeacon.sol";
import {Bls12381} from "./libraries/Bls12381.sol";
import {Code} from "./libraries/Code.sol";
import {Digests} from "./libraries/Digests.sol";
import {EpochVerifiers} from "./libraries/EpochVerifiers.sol";
import {Located} from "./libraries/Located.sol";

/// @notice The keys of committees' own draws, registered by their quorums, and draws verified under them.
abstract contract DrawKeys is IBeacon {
    bytes32 private immutable DEPLOYER_HASH = Located.deployerHash();

    mapping(address router => mapping(address committee => mapping(uint64 epoch => address))) private _drawKeys;

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
