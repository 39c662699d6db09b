// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {Committee} from "../../src/Committee.sol";
import {Bls12381} from "../../src/libraries/Bls12381.sol";
import {Digests} from "../../src/libraries/Digests.sol";
import {MerkleRoot} from "../../src/libraries/MerkleRoot.sol";
import {BlsVerifier} from "../../src/verifiers/BlsVerifier.sol";
import {EcdsaQuorumVerifier} from "../../src/verifiers/EcdsaQuorumVerifier.sol";
import {Report} from "../../src/types/Types.sol";
import {Bls} from "./Bls.sol";
import {FUNCTION} from "./Functions.sol";
import {Subscribed} from "./Subscribed.sol";

/// @notice A router and a committee whose members' keys the test holds. Verifier 0 is ECDSA, 1 is BLS.
abstract contract Network is Subscribed {
    bytes32 internal constant PROFILE = keccak256("profile");

    Committee internal committee;
    address[] internal operators;
    address[] internal verifiers;

    function start(uint256 n) internal {
        vm.warp(1_750_000_000);
        vm.roll(1_000);
        committee = new Committee(address(this));
        deployRouter(address(committee), address(0));
        verifiers = [address(new EcdsaQuorumVerifier()), address(new BlsVerifier())];
        for (uint256 i; i < n; ++i) {
            operators.push(address(uint160(0x1000 + i)));
            register(operators[i], signerKey(i), blsKey(i));
        }
        committee.startEpoch(operators, PROFILE, 4, verifiers);
    }

    function signerKey(uint256 member) internal pure returns (uint256) {
        return 0xa11ce000 + member;
    }

    function blsKey(uint256 member) internal pure returns (uint256) {
        return uint256(keccak256(abi.encode("bls", member))) % Bls.ORDER;
    }

    function register(address operator, uint256 signer, uint256 secret) internal {
        bytes memory key = Bls.publicKey(secret);
        bytes memory proof = possession(operator, secret);
        vm.prank(operator);
        committee.register(vm.addr(signer), keccak256(key), key, proof, "http://127.0.0.1:7000");
    }

    function possession(address operator, uint256 secret) internal view returns (bytes memory) {
        bytes32 digest = committee.possessionDigest(operator, Bls.publicKey(secret));
        return Bls.sign(secret, digest, Bls12381.POSSESSION_DST);
    }

    /// @dev A proof for verifier 0 or 1 by the members in `bitmap`.
    function prove(uint256 verifier, bytes32 digest, uint256 bitmap) internal view returns (bytes memory proof) {
        proof = abi.encodePacked(uint128(bitmap));
        bytes memory sum = new bytes(128);
        for (uint256 i; i < 128; ++i) {
            if (bitmap >> i & 1 == 0) continue;
            if (verifier == 0) {
                (bytes32 r, bytes32 vs) = vm.signCompact(signerKey(i), digest);
                proof = bytes.concat(proof, r, vs);
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
