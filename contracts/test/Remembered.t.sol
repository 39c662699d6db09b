// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {IBlsEpochVerifier} from "../src/interfaces/IBlsEpochVerifier.sol";
import {IEpochVerifier} from "../src/interfaces/IEpochVerifier.sol";
import {Bls12381} from "../src/libraries/Bls12381.sol";
import {Bls} from "./support/Bls.sol";
import {Network} from "./support/Network.sol";

/// @notice Sums of keys that a BLS verifier keeps.
contract RememberedTest is Network {
    bytes32 private constant DIGEST = keccak256("digest");
    uint256 private constant KEPT = 1 << 127;
    IBlsEpochVerifier private bls;

    function setUp() public {
        start(7);
        bls = IBlsEpochVerifier(committee.epochVerifier(1, 1));
    }

    function testFuzz_a_kept_sum_accepts_what_adding_up_accepts(uint256 bitmap) public {
        bitmap = bound(bitmap, 0, 127);
        vm.assume(popcount(bitmap) >= 5);
        vm.assertEq(bls.remember(bitmap), bls.sumOf(bitmap));
        bytes memory proof = prove(1, DIGEST, bitmap);
        vm.assertEq(bls.verify(DIGEST, proof), bitmap);
        vm.assertEq(bls.verify(DIGEST, kept(proof)), bitmap); // without the mark
    }

    function testFuzz_a_kept_sum_is_its_own_signers_only(uint256 signed, uint256 claimed) public {
        (signed, claimed) = (bound(signed, 0, 127), bound(claimed, 0, 127));
        vm.assume(popcount(signed) >= 5 && popcount(claimed) >= 5 && signed != claimed);
        bls.remember(signed);
        bls.remember(claimed);
        bytes memory proof = prove(1, DIGEST, signed);
        for (uint256 i; i < 16; ++i) {
            proof[i] = bytes16(uint128(claimed | KEPT))[i];
        }
        vm.expectRevert(IEpochVerifier.BadAggregate.selector);
        bls.verify(DIGEST, proof);
    }

    function testFuzz_no_sum_is_kept_of_less_than_a_quorum_or_of_strangers(uint256 bitmap) public {
        bitmap = bound(bitmap, 0, type(uint128).max);
        uint256 count = popcount(bitmap);
        if (bitmap >> 7 != 0) {
            vm.expectRevert(abi.encodeWithSelector(IEpochVerifier.SignerOutOfRange.selector, bitmap, 7));
            bls.remember(bitmap);
        }
        bitmap &= 127;
        count = popcount(bitmap);
        vm.assume(count < 5);
        vm.expectRevert(abi.encodeWithSelector(IEpochVerifier.QuorumNotReached.selector, count, 5));
        bls.remember(bitmap);
    }

    function test_a_proof_that_names_a_sum_nobody_kept_is_refused() public {
        bytes memory proof = kept(prove(1, DIGEST, 31));
        vm.expectRevert(abi.encodeWithSelector(IBlsEpochVerifier.NotRemembered.selector, 31));
        bls.verify(DIGEST, proof);
        bls.remember(62);
        vm.expectRevert(abi.encodeWithSelector(IBlsEpochVerifier.NotRemembered.selector, 31));
        bls.verify(DIGEST, proof);
    }

    function test_a_sum_is_kept_once_and_holds_the_key_the_signers_add_up_to() public {
        address sum = bls.remember(31);
        bytes memory code = sum.code;
        vm.assertEq(code.length, 193);
        vm.assertEq(bls.remember(31), sum);
        vm.assertEq(sum.code, code);
        bytes memory key = Bls.publicKey(blsKey(0));
        for (uint256 i = 1; i < 5; ++i) {
            key = Bls.addG2(key, Bls.publicKey(blsKey(i)));
        }
        for (uint256 i; i < 192; ++i) {
            vm.assertTrue(code[1 + i] == key[i / 48 * 64 + 16 + i % 48]);
        }
        (bool ran,) = sum.call("");
        vm.assertTrue(ran); // a STOP
    }

    function test_a_kept_sum_costs_the_same_whoever_is_silent() public {
        bls.remember(31);
        bls.remember(127);
        uint256 few = gasOf(kept(prove(1, DIGEST, 31)));
        uint256 all = gasOf(kept(prove(1, DIGEST, 127)));
        vm.assertTrue(few < all + 200 && all < few + 200);
        vm.assertTrue(few < gasOf(prove(1, DIGEST, 31)));
    }

    function gasOf(bytes memory proof) private view returns (uint256 used) {
        used = gasleft();
        bls.verify(DIGEST, proof);
        used -= gasleft();
    }

    function kept(bytes memory proof) private pure returns (bytes memory marked) {
        marked = bytes.concat(proof);
        marked[0] |= 0x80;
    }

    function popcount(uint256 bitmap) private pure returns (uint256 count) {
        for (; bitmap != 0; bitmap >>= 1) {
            count += bitmap & 1;
        }
    }
}
