// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {ICommittee} from "../src/interfaces/ICommittee.sol";
import {Bls12381} from "../src/libraries/Bls12381.sol";
import {Bls} from "./support/Bls.sol";
import {Members} from "./support/Members.sol";

/// @notice What registration refuses; every attack on keys is mounted with the precompiles.
contract CommitteeKeysTest is Members {
    address private constant NEWCOMER = address(0xbeef);
    uint256 private constant SIGNER = 0xa11ce009; // the newcomer's, key 9
    bytes32 private constant BASE_POINT = bytes32(uint256(9) << 248);

    function setUp() public {
        startCommittee(4, 0);
    }

    function test_an_operator_may_keep_its_own_keys() public {
        register(operators[0], signerKey(50), blsKey(0));
        vm.assertEq(committee.member(operators[0]).publicKey, Bls.publicKey(blsKey(0)));
        register(operators[0], signerKey(50), blsKey(50));
        register(operators[0], signerKey(0), blsKey(0)); // and come back to former ones
        vm.assertEq(committee.member(operators[0]).signer, vm.addr(signerKey(0)));
    }

    function test_a_former_key_is_nobody_elses() public {
        register(operators[0], signerKey(50), blsKey(50));
        bytes memory key = Bls.publicKey(blsKey(0));
        bytes memory taken = abi.encodeWithSelector(ICommittee.PublicKeyTaken.selector, operators[0]);
        refuse(key, possession(NEWCOMER, blsKey(0)), taken);
        bytes memory proof = proveSigner(NEWCOMER, signerKey(0), key);
        refuseSigner(vm.addr(signerKey(0)), proof, abi.encodeWithSelector(ICommittee.SignerTaken.selector, operators[0]));
    }

    function test_another_operators_signer_is_refused_even_with_its_consent() public {
        bytes memory proof = proveSigner(NEWCOMER, signerKey(2), Bls.publicKey(blsKey(9)));
        refuseSigner(vm.addr(signerKey(2)), proof, abi.encodeWithSelector(ICommittee.SignerTaken.selector, operators[2]));
    }

    function test_nobody_registers_a_signer_without_its_signature() public {
        bytes memory key = Bls.publicKey(blsKey(9));
        bytes memory bad = abi.encodePacked(ICommittee.BadSignerProof.selector);
        address victim = vm.addr(SIGNER);
        refuseSigner(victim, proveSigner(NEWCOMER, SIGNER + 1, key), bad); // signed by another key
        refuseSigner(victim, proveSigner(address(0xcafe), SIGNER, key), bad); // the victim's own registration, replayed
        refuseSigner(victim, proveSigner(NEWCOMER, SIGNER, Bls.publicKey(blsKey(10))), bad); // over another BLS key
        refuseSigner(victim, "", bad);
        refuseSigner(victim, new bytes(64), bad);
        refuseSigner(victim, bytes.concat(proveSigner(NEWCOMER, SIGNER, key), hex"00"), bad);
        refuseSigner(address(0), new bytes(64), abi.encodePacked(ICommittee.BadSigner.selector)); // recovers to zero
    }

    function test_proofs_from_another_chain_or_committee_are_refused() public {
        bytes memory key = Bls.publicKey(blsKey(9));
        bytes memory proof = possession(NEWCOMER, blsKey(9));
        bytes memory signerProof = proveSigner(NEWCOMER, SIGNER, key);
        vm.chainId(block.chainid + 1);
        refuseSigner(vm.addr(SIGNER), signerProof, abi.encodePacked(ICommittee.BadSignerProof.selector));
        refuse(key, proof, abi.encodePacked(ICommittee.BadPossession.selector));
    }

    function test_a_signer_proof_with_a_high_s_is_refused() public {
        bytes32 digest = committee.possessionDigest(NEWCOMER, Bls.publicKey(blsKey(9)));
        (bytes32 r,) = vm.signCompact(SIGNER, digest);
        bytes32 high = 0x7fffffffffffffffffffffffffffffff5d576e7357a4501ddfe92f46681b20a1;
        bytes memory bad = abi.encodePacked(ICommittee.BadSignerProof.selector);
        refuseSigner(vm.addr(SIGNER), bytes.concat(r, high), bad);
        refuseSigner(vm.addr(SIGNER), bytes.concat(r, high | bytes32(uint256(1) << 255)), bad);
    }

    function test_a_proof_of_possession_of_another_operator_is_refused() public {
        bytes memory proof = possession(address(0xcafe), blsKey(9));
        refuse(Bls.publicKey(blsKey(9)), proof, abi.encodePacked(ICommittee.BadPossession.selector));
    }

    function test_a_signature_under_the_signing_tag_is_no_proof_of_possession() public {
        bytes memory key = Bls.publicKey(blsKey(9));
        bytes32 digest = committee.possessionDigest(NEWCOMER, key);
        bytes memory proof = Bls.sign(blsKey(9), digest, Bls12381.SIGNATURE_DST);
        refuse(key, proof, abi.encodePacked(ICommittee.BadPossession.selector));
    }

    function test_a_rogue_key_has_no_proof_of_possession() public {
        // pk = x G2 - pk(0): with it, x alone signs for the attacker and member 0 together.
        uint256 x = 12345;
        bytes memory key = Bls.addG2(Bls.publicKey(x), Bls.publicKey(Bls.ORDER - blsKey(0)));
        bytes memory sum = Bls.addG2(key, Bls.publicKey(blsKey(0)));
        vm.assertEq(sum, Bls.publicKey(x)); // the attack works if the key gets in
        bytes32 digest = committee.possessionDigest(NEWCOMER, key);
        bytes memory forged = Bls.sign(x, digest, Bls12381.POSSESSION_DST);
        refuse(key, forged, abi.encodePacked(ICommittee.BadPossession.selector));
    }

    function test_another_operators_key_is_refused() public {
        bytes memory expected = abi.encodeWithSelector(ICommittee.PublicKeyTaken.selector, operators[0]);
        refuse(Bls.publicKey(blsKey(0)), possession(NEWCOMER, blsKey(0)), expected);
    }

    function test_a_refused_registration_claims_no_key_and_keeps_no_coin() public {
        bytes memory key = Bls.publicKey(blsKey(9));
        vm.deal(NEWCOMER, 1 ether);
        bytes memory signerProof = proveSigner(NEWCOMER, SIGNER, key);
        vm.prank(NEWCOMER);
        vm.expectRevert(ICommittee.BadPossession.selector);
        committee.register{value: 1 ether}(vm.addr(SIGNER), signerProof, BASE_POINT, key, new bytes(128), "x");
        vm.assertEq(NEWCOMER.balance, 1 ether);
        register(address(0xcafe), SIGNER, blsKey(9));
    }

    function test_infinity_is_no_key_and_no_proof() public {
        bytes memory expected = abi.encodePacked(ICommittee.BadPossession.selector);
        refuse(new bytes(256), new bytes(128), expected); // the pairing alone would accept it
        refuse(Bls.publicKey(blsKey(9)), new bytes(128), expected);
    }

    function test_points_off_the_curve_or_outside_the_subgroup_are_refused() public {
        bytes memory expected = abi.encodePacked(ICommittee.BadPossession.selector);
        bytes memory key = Bls.publicKey(blsKey(9));
        bytes memory proof = possession(NEWCOMER, blsKey(9));
        bytes memory broken = bytes.concat(key);
        broken[255] ^= 0x01;
        refuse(broken, possessionOver(broken), expected);
        // (0, 2) is on y² = x³ + 4 and has order 3: on the curve, outside the subgroup.
        bytes memory small = new bytes(128);
        small[127] = 0x02;
        bytes memory mixed = Bls.addG1(proof, small); // G1ADD takes it; the pairing must not
        refuse(key, mixed, expected);
        refuse(key, small, expected);
        refuse(outsideG2(), proof, expected);
    }

    function test_wrong_lengths_are_refused() public {
        bytes memory key = Bls.publicKey(blsKey(9));
        bytes memory proof = possession(NEWCOMER, blsKey(9));
        bytes memory longer = bytes.concat(key, hex"00");
        refuse(longer, proof, abi.encodePacked(ICommittee.BadPublicKey.selector));
        refuse("", proof, abi.encodePacked(ICommittee.BadPublicKey.selector));
        refuse(key, bytes.concat(proof, hex"00"), abi.encodePacked(ICommittee.BadPossession.selector));
        refuse(key, "", abi.encodePacked(ICommittee.BadPossession.selector));
    }

    function test_an_endpoint_has_1_to_256_bytes() public {
        refuseFields(BASE_POINT, "", abi.encodeWithSelector(ICommittee.BadEndpoint.selector, 0));
        refuseFields(BASE_POINT, new string(257), abi.encodeWithSelector(ICommittee.BadEndpoint.selector, 257));
    }

    function test_encryption_keys_of_low_order_are_refused() public {
        bytes32[7] memory low = [
            bytes32(0),
            bytes32(uint256(1) << 248),
            bytes32(0xe0eb7a7c3b41b8ae1656e3faf19fc46ada098deb9c32b1fd866205165f49b800),
            bytes32(0x5f9c95bca3508c24b1d0b1559c83ef5b04445cc4581c8e86d8224eddd09f1157),
            bytes32(0xecffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f),
            bytes32(0xedffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f),
            bytes32(0xeeffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f)
        ];
        for (uint256 i; i < 14; ++i) {
            bytes32 refused = low[i / 2] | bytes32(i % 2 << 7); // X25519 ignores the top bit
            refuseFields(refused, "x", abi.encodePacked(ICommittee.BadEncryptionKey.selector));
        }
        bytes memory key = Bls.publicKey(blsKey(9));
        bytes memory proof = possession(NEWCOMER, blsKey(9));
        bytes memory signerProof = proveSigner(NEWCOMER, SIGNER, key);
        vm.prank(NEWCOMER);
        committee.register(vm.addr(SIGNER), signerProof, BASE_POINT, key, proof, new string(256));
    }

    /// @dev Refused although the signer's proof is right.
    function refuse(bytes memory key, bytes memory proof, bytes memory expected) private {
        bytes memory signerProof = proveSigner(NEWCOMER, SIGNER, key);
        vm.prank(NEWCOMER);
        vm.expectRevert(expected);
        committee.register(vm.addr(SIGNER), signerProof, BASE_POINT, key, proof, "x");
    }

    /// @dev Refused although key 9 and its proof are right.
    function refuseSigner(address signer, bytes memory signerProof, bytes memory expected) private {
        bytes memory key = Bls.publicKey(blsKey(9));
        bytes memory proof = possession(NEWCOMER, blsKey(9));
        vm.prank(NEWCOMER);
        vm.expectRevert(expected);
        committee.register(signer, signerProof, BASE_POINT, key, proof, "x");
    }

    function refuseFields(bytes32 encryptionKey, string memory endpoint, bytes memory expected) private {
        bytes memory key = Bls.publicKey(blsKey(9));
        bytes memory proof = possession(NEWCOMER, blsKey(9));
        bytes memory signerProof = proveSigner(NEWCOMER, SIGNER, key);
        vm.prank(NEWCOMER);
        vm.expectRevert(expected);
        committee.register(vm.addr(SIGNER), signerProof, encryptionKey, key, proof, endpoint);
    }

    function possessionOver(bytes memory key) private view returns (bytes memory) {
        return Bls.sign(blsKey(9), committee.possessionDigest(NEWCOMER, key), Bls12381.POSSESSION_DST);
    }

    /// @dev MAP_FP2_TO_G2 clears the cofactor, so a point outside is found by hand: x = 2, see tests/contracts.
    function outsideG2() private view returns (bytes memory) {
        return vm.parseJsonBytes(vm.readFile("../fixtures/vectors/attestation.json"), ".outsideG2");
    }
}
