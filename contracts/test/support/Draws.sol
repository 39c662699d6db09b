// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {Beacon} from "../../src/Beacon.sol";
import {Bls12381} from "../../src/libraries/Bls12381.sol";
import {Digests} from "../../src/libraries/Digests.sol";
import {EpochVerifiers} from "../../src/libraries/EpochVerifiers.sol";
import {Member} from "../../src/types/Types.sol";
import {BlsVerifier} from "../../src/verifiers/BlsVerifier.sol";
import {EcdsaQuorumVerifier} from "../../src/verifiers/EcdsaQuorumVerifier.sol";
import {Bls} from "./Bls.sol";
import {Test} from "./Test.sol";

/// @notice A committee like any other: it deploys its epochs' verifiers, and its members' keys follow from numbers.
contract DrawCommittee {
    function deploy(uint64 epoch, uint256 index, bytes memory code) external {
        EpochVerifiers.deploy(epoch, index, code);
    }
}

/// @notice Epochs of four members, quorum three, whose group keys the test holds.
abstract contract Draws is Test {
    address internal constant ROUTER = address(0x70);
    bytes32 internal constant DKG = keccak256("dkg");

    Beacon internal beacon;
    DrawCommittee internal committee;

    /// @dev A new committee with one epoch; verifier 0 is ECDSA, 1 is BLS.
    function begin() internal returns (DrawCommittee made) {
        made = new DrawCommittee();
        beginEpoch(made, 1);
    }

    function beginEpoch(DrawCommittee made, uint64 epoch) internal {
        Member[] memory members = new Member[](4);
        for (uint256 i; i < 4; ++i) {
            members[i].signer = vm.addr(signer(epoch, i));
            members[i].publicKey = Bls.publicKey(secret(epoch, i));
        }
        made.deploy(epoch, 0, new EcdsaQuorumVerifier().epochCode(members, 3));
        made.deploy(epoch, 1, new BlsVerifier().epochCode(members, 3));
    }

    function signer(uint64 epoch, uint256 member) internal pure returns (uint256) {
        return 1 + uint256(epoch) * 1000 + member;
    }

    function secret(uint64 epoch, uint256 member) internal pure returns (uint256) {
        return uint256(keccak256(abi.encode(epoch, member))) % Bls.ORDER;
    }

    /// @dev Signatures of the epoch's first `count` members over a digest.
    function prove(uint64 epoch, bytes32 digest, uint256 count) internal pure returns (bytes memory proof) {
        proof = abi.encodePacked(uint128((1 << count) - 1));
        for (uint256 i; i < count; ++i) {
            (bytes32 r, bytes32 vs) = vm.signCompact(signer(epoch, i), digest);
            proof = bytes.concat(proof, r, vs);
        }
    }

    function proveBls(uint64 epoch, bytes32 digest) internal view returns (bytes memory) {
        bytes memory sum = new bytes(128);
        for (uint256 i; i < 3; ++i) {
            sum = Bls.addG1(sum, Bls.sign(secret(epoch, i), digest, Bls12381.SIGNATURE_DST));
        }
        return abi.encodePacked(uint128(7), sum);
    }

    function digestOf(uint64 epoch, bytes memory key) internal view returns (bytes32) {
        return Digests.drawKey(ROUTER, address(committee), epoch, keccak256(key), DKG);
    }

    /// @dev Registers the key of a group secret for an epoch, signed by its quorum.
    function registerKey(uint64 epoch, uint256 group) internal returns (bytes memory key) {
        key = Bls.publicKey(group);
        bytes memory proof = prove(epoch, digestOf(epoch, key), 3);
        beacon.registerDrawKey(ROUTER, address(committee), epoch, key, DKG, 0, proof);
    }

    function drawBy(uint256 group, bytes32 requestId, uint32 ordinal) internal view returns (bytes memory) {
        return Bls.sign(group, Digests.draw(ROUTER, requestId, ordinal), Bls12381.DRAW_DST);
    }
}
