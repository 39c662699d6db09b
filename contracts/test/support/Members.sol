// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {Committee} from "../../src/Committee.sol";
import {Bls12381} from "../../src/libraries/Bls12381.sol";
import {BlsVerifier} from "../../src/verifiers/BlsVerifier.sol";
import {EcdsaQuorumVerifier} from "../../src/verifiers/EcdsaQuorumVerifier.sol";
import {Bls} from "./Bls.sol";
import {Test} from "./Test.sol";

/// @notice A committee whose members' keys the test holds. Verifier 0 is ECDSA, 1 is BLS. The test owns it.
abstract contract Members is Test {
    bytes32 internal constant PROFILE = keccak256("profile");
    uint96 internal constant MIN_STAKE = 1 ether;

    Committee internal committee;
    address[] internal operators;
    address[] internal verifiers;

    /// @dev A committee with n members in epoch 1.
    function startCommittee(uint256 n, uint256 changeDelay) internal {
        vm.warp(1_750_000_000);
        vm.roll(1_000);
        committee = new Committee(address(this), MIN_STAKE, changeDelay);
        verifiers = [address(new EcdsaQuorumVerifier()), address(new BlsVerifier())];
        for (uint256 i; i < n; ++i) {
            operators.push(address(uint160(0x1000 + i)));
            register(operators[i], signerKey(i), blsKey(i));
        }
        startEpoch(operators);
    }

    /// @dev Proposes an epoch of these operators and starts it when it is ready.
    function startEpoch(address[] memory members) internal returns (uint64) {
        committee.proposeEpoch(members, PROFILE, 4, verifiers);
        (, uint256 readyAt) = committee.proposal();
        vm.warp(readyAt);
        return committee.startEpoch(members, PROFILE, 4, verifiers);
    }

    function signerKey(uint256 member) internal pure returns (uint256) {
        return 0xa11ce000 + member;
    }

    function blsKey(uint256 member) internal pure returns (uint256) {
        return uint256(keccak256(abi.encode("bls", member))) % Bls.ORDER;
    }

    /// @dev Registers an operator with these secrets, paying `MIN_STAKE`.
    function register(address operator, uint256 signer, uint256 secret) internal {
        register(operator, signer, secret, MIN_STAKE);
    }

    function register(address operator, uint256 signer, uint256 secret, uint256 amount) internal {
        bytes memory key = Bls.publicKey(secret);
        bytes memory signerProof = proveSigner(operator, signer, key);
        bytes memory proof = possession(operator, secret);
        vm.deal(operator, operator.balance + amount);
        vm.prank(operator);
        committee.register{value: amount}(
            vm.addr(signer), signerProof, keccak256(key), key, proof, "http://127.0.0.1:7000"
        );
    }

    function proveSigner(address operator, uint256 signer, bytes memory key) internal view returns (bytes memory) {
        return sign(signer, committee.possessionDigest(operator, key));
    }

    function possession(address operator, uint256 secret) internal view returns (bytes memory) {
        bytes32 digest = committee.possessionDigest(operator, Bls.publicKey(secret));
        return Bls.sign(secret, digest, Bls12381.POSSESSION_DST);
    }

    /// @dev The compact EIP-2098 signature, 64 bytes.
    function sign(uint256 key, bytes32 digest) internal pure returns (bytes memory) {
        (bytes32 r, bytes32 vs) = vm.signCompact(key, digest);
        return bytes.concat(r, vs);
    }
}
