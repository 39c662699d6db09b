// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {Bls12381} from "../../src/libraries/Bls12381.sol";
import {Digests} from "../../src/libraries/Digests.sol";
import {MerkleRoot} from "../../src/libraries/MerkleRoot.sol";
import {Report} from "../../src/types/Types.sol";
import {Bls} from "./Bls.sol";
import {FUNCTION} from "./Functions.sol";
import {Members} from "./Members.sol";
import {Subscribed} from "./Subscribed.sol";

/// @notice A committee and a router that obeys it.
abstract contract Network is Members, Subscribed {
    function start(uint256 n) internal {
        startCommittee(n, 0);
        deployRouter(address(committee), address(0));
    }

    /// @dev A proof for verifier 0 or 1 by the members in `bitmap`.
    function prove(uint256 verifier, bytes32 digest, uint256 bitmap) internal view returns (bytes memory proof) {
        proof = abi.encodePacked(uint128(bitmap));
        bytes memory sum = new bytes(128);
        for (uint256 i; i < 128; ++i) {
            if (bitmap >> i & 1 == 0) continue;
            if (verifier == 0) {
                proof = bytes.concat(proof, sign(signerKey(i), digest));
            } else {
                sum = Bls.addG1(sum, Bls.sign(blsKey(i), digest, Bls12381.SIGNATURE_DST));
            }
        }
        if (verifier == 1) proof = bytes.concat(proof, sum);
    }

    function report(bytes32 requestId, uint8 status, bytes memory output) internal pure returns (Report memory) {
        return Report(requestId, FUNCTION, keccak256("transcript"), status, 437_500_000, 1, 12_345, keccak256(output));
    }

    function pack(Report memory r, bytes memory output) internal pure returns (bytes memory) {
        return abi.encodePacked(
            r.requestId, r.functionId, r.transcriptHash, r.status, r.round, r.slots, r.fuelUsed, uint32(output.length), output
        );
    }

    /// @dev Packed reports with status 0 on these requests, and their root.
    function batch(bytes32[] memory ids, bytes memory output) internal pure returns (bytes memory packed, bytes32 root) {
        bytes32[] memory leaves = new bytes32[](ids.length);
        for (uint256 i; i < ids.length; ++i) {
            Report memory r = report(ids[i], 0, output);
            packed = bytes.concat(packed, pack(r, output));
            leaves[i] = Digests.leaf(r);
        }
        root = MerkleRoot.root(leaves);
    }

    /// @dev Delivers one report signed by a bare quorum of the current epoch.
    function deliver(uint256 verifier, bytes32 requestId, uint8 status, bytes memory output) internal {
        Report memory r = report(requestId, status, output);
        uint64 epoch = committee.currentEpoch();
        bytes memory proof = prove(verifier, router.attestationDigest(epoch, Digests.leaf(r)), quorumBitmap());
        router.fulfill(epoch, verifier, pack(r, output), proof);
    }

    function deliver(bytes32[] memory ids, bytes memory output, uint64 epoch) internal {
        (bytes memory packed, bytes32 root) = batch(ids, output);
        bytes memory proof = prove(0, router.attestationDigest(epoch, root), quorumBitmap());
        router.fulfill(epoch, 0, packed, proof);
    }

    /// @dev The first q members.
    function quorumBitmap() internal view returns (uint256) {
        uint256 n = operators.length;
        return (1 << (n - (n - 1) / 3)) - 1;
    }
}
