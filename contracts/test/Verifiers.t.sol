// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {IEpochVerifier} from "../src/interfaces/IEpochVerifier.sol";
import {Bls12381} from "../src/libraries/Bls12381.sol";
import {Bls} from "./support/Bls.sol";
import {Network} from "./support/Network.sol";

contract VerifiersTest is Network {
    uint256 private constant N = 0xfffffffffffffffffffffffffffffffebaaedce6af48a03bbfd25e8cd0364141;
    bytes32 private constant DIGEST = keccak256("digest");
    IEpochVerifier private ecdsa;
    IEpochVerifier private bls;

    function setUp() public {
        start(7);
        ecdsa = IEpochVerifier(committee.epochVerifier(1, 0));
        bls = IEpochVerifier(committee.epochVerifier(1, 1));
    }

    /// @dev P1: a proof is valid exactly when its bitmap names a quorum of members, whoever and however many they are.
    function testFuzz_every_quorum_is_accepted_and_nothing_smaller(uint256 bitmap) public {
        bitmap = bound(bitmap, 0, 127);
        uint256 count;
        for (uint256 i; i < 7; ++i) {
            count += bitmap >> i & 1;
        }
        for (uint256 i; i < 2; ++i) {
            bytes memory proof = prove(i, DIGEST, bitmap);
            if (count < 5) vm.expectRevert(abi.encodeWithSelector(IEpochVerifier.QuorumNotReached.selector, count, 5));
            uint256 signers = (i == 0 ? ecdsa : bls).verify(DIGEST, proof);
            if (count >= 5) vm.assertEq(signers, bitmap);
        }
    }

    function testFuzz_a_signature_over_another_digest_is_refused(bytes32 other, uint256 verifier) public {
        vm.assume(other != DIGEST);
        verifier = bound(verifier, 0, 1);
        bytes memory proof = prove(verifier, other, 31);
        vm.expectRevert(
            verifier == 0
                ? abi.encodeWithSelector(IEpochVerifier.BadSignature.selector, 0)
                : abi.encodePacked(IEpochVerifier.BadAggregate.selector)
        );
        (verifier == 0 ? ecdsa : bls).verify(DIGEST, proof);
    }

    function testFuzz_a_flipped_bit_is_refused(uint256 bit, uint256 verifier) public view {
        verifier = bound(verifier, 0, 1);
        bytes memory proof = prove(verifier, DIGEST, 31);
        bit = bound(bit, 0, proof.length * 8 - 1);
        proof[bit / 8] ^= bytes1(uint8(1 << (bit % 8)));
        (bool accepted,) = address(verifier == 0 ? ecdsa : bls).staticcall(
            abi.encodeCall(IEpochVerifier.verify, (DIGEST, proof))
        );
        vm.assertTrue(!accepted);
    }

    function testFuzz_another_length_is_refused(uint256 length, uint256 verifier) public {
        verifier = bound(verifier, 0, 1);
        bytes memory proof = prove(verifier, DIGEST, 31);
        length = bound(length, 0, proof.length + 64);
        vm.assume(length != proof.length);
        bytes memory other = new bytes(length);
        for (uint256 i; i < length && i < proof.length; ++i) {
            other[i] = proof[i];
        }
        vm.expectRevert(abi.encodeWithSelector(IEpochVerifier.BadProofLength.selector, length));
        (verifier == 0 ? ecdsa : bls).verify(DIGEST, other);
    }

    function testFuzz_bits_at_or_above_n_are_refused(uint256 bit) public {
        bit = bound(bit, 7, 126); // 127 of a BLS proof is no member: Remembered.t.sol
        uint256 bitmap = 31 | 1 << bit;
        bytes memory expected = abi.encodeWithSelector(IEpochVerifier.SignerOutOfRange.selector, bitmap, 7);
        bytes memory proof = prove(0, DIGEST, bitmap);
        vm.expectRevert(expected);
        ecdsa.verify(DIGEST, proof);
        proof = prove(1, DIGEST, bitmap);
        vm.expectRevert(expected);
        bls.verify(DIGEST, proof);
    }

    function test_a_malleated_signature_is_refused() public {
        bytes memory proof = prove(0, DIGEST, 31);
        (bytes32 r, bytes32 vs) = vm.signCompact(signerKey(0), DIGEST);
        uint256 s = uint256(vs) & (type(uint256).max >> 1);
        // (r, N - s) with the other parity recovers the same address; N - s has its top bit set for every low s,
        // so in the compact form it is read as another parity and a small s.
        (r, vs) = (r, bytes32(N - s));
        assembly {
            mstore(add(proof, 80), vs)
        }
        vm.expectRevert(abi.encodeWithSelector(IEpochVerifier.BadSignature.selector, 0));
        ecdsa.verify(DIGEST, proof);
    }

    function test_an_s_above_half_the_order_is_refused() public {
        bytes memory proof = prove(0, DIGEST, 31);
        uint256 s = 0x7fffffffffffffffffffffffffffffff5d576e7357a4501ddfe92f46681b20a1;
        assembly {
            mstore(add(proof, 80), s)
        }
        vm.expectRevert(abi.encodeWithSelector(IEpochVerifier.BadSignature.selector, 0));
        ecdsa.verify(DIGEST, proof);
    }

    function test_garbage_that_recovers_nothing_is_refused() public {
        bytes memory proof = abi.encodePacked(uint128(31), new bytes(320));
        vm.expectRevert(abi.encodeWithSelector(IEpochVerifier.BadSignature.selector, 0));
        ecdsa.verify(DIGEST, proof);
    }

    function test_signatures_out_of_member_order_are_refused() public {
        (bytes32 r0, bytes32 vs0) = vm.signCompact(signerKey(0), DIGEST);
        (bytes32 r1, bytes32 vs1) = vm.signCompact(signerKey(1), DIGEST);
        bytes memory rest = prove(0, DIGEST, 28);
        bytes memory tail = new bytes(192);
        for (uint256 i; i < 192; ++i) {
            tail[i] = rest[16 + i];
        }
        bytes memory swapped = abi.encodePacked(uint128(31), r1, vs1, r0, vs0, tail);
        vm.expectRevert(abi.encodeWithSelector(IEpochVerifier.BadSignature.selector, 0));
        ecdsa.verify(DIGEST, swapped);
    }

    function test_one_member_signing_in_all_places_is_refused() public {
        (bytes32 r, bytes32 vs) = vm.signCompact(signerKey(0), DIGEST);
        bytes memory proof = abi.encodePacked(uint128(31), r, vs, r, vs, r, vs, r, vs, r, vs);
        vm.expectRevert(abi.encodeWithSelector(IEpochVerifier.BadSignature.selector, 1));
        ecdsa.verify(DIGEST, proof);
    }

    function test_an_aggregate_of_one_key_repeated_is_refused() public {
        bytes memory signature = Bls.sign(mulmod(5, blsKey(0), Bls.ORDER), DIGEST, Bls12381.SIGNATURE_DST);
        vm.expectRevert(IEpochVerifier.BadAggregate.selector);
        bls.verify(DIGEST, bytes.concat(bytes16(uint128(31)), signature));
    }

    function test_infinite_and_foreign_aggregates_are_refused() public {
        vm.expectRevert(IEpochVerifier.BadAggregate.selector);
        bls.verify(DIGEST, abi.encodePacked(uint128(31), new bytes(128)));
        bytes memory small = new bytes(128);
        small[127] = 0x02; // (0, 2): on the curve, order 3
        bytes memory proof = prove(1, DIGEST, 31);
        bytes memory signature = new bytes(128);
        for (uint256 i; i < 128; ++i) {
            signature[i] = proof[16 + i];
        }
        signature = Bls.addG1(signature, small); // fits the equation but for the subgroup
        vm.expectRevert(IEpochVerifier.BadAggregate.selector);
        bls.verify(DIGEST, bytes.concat(bytes16(uint128(31)), signature));
        vm.expectRevert(IEpochVerifier.BadAggregate.selector);
        bls.verify(DIGEST, bytes.concat(bytes16(uint128(31)), new bytes(127), hex"01")); // off the curve
    }

    function test_a_possession_proof_is_no_vote() public {
        bytes memory sum = new bytes(128);
        for (uint256 i; i < 5; ++i) {
            sum = Bls.addG1(sum, Bls.sign(blsKey(i), DIGEST, Bls12381.POSSESSION_DST));
        }
        vm.expectRevert(IEpochVerifier.BadAggregate.selector);
        bls.verify(DIGEST, bytes.concat(bytes16(uint128(31)), sum));
    }
}
