// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {Beacon} from "../src/Beacon.sol";
import {IBeacon} from "../src/interfaces/IBeacon.sol";
import {IEpochVerifier} from "../src/interfaces/IEpochVerifier.sol";
import {Digests} from "../src/libraries/Digests.sol";
import {Bls} from "./support/Bls.sol";
import {DrawCommittee, Draws} from "./support/Draws.sol";

contract BeaconDrawKeysTest is Draws {
    uint256 private constant GROUP = 77;

    function setUp() public {
        beacon = new Beacon();
        committee = begin();
    }

    /// @dev Registers with a proof over `signed`, and expects `reason`.
    function refuse(bytes memory reason, uint64 epoch, bytes memory key, uint256 index, bytes memory proof) private {
        vm.expectRevert(reason);
        beacon.registerDrawKey(ROUTER, address(committee), epoch, key, DKG, index, proof);
        vm.assertEq(beacon.drawKey(ROUTER, address(committee), epoch), "");
    }

    function test_a_quorum_registers_its_epochs_key_once() public {
        bytes memory key = Bls.publicKey(GROUP);
        vm.expectEmit(address(beacon));
        emit IBeacon.DrawKeyRegistered(ROUTER, address(committee), 1, key, DKG);
        registerKey(1, GROUP);
        vm.assertEq(beacon.drawKey(ROUTER, address(committee), 1), key);
        bytes memory other = Bls.publicKey(78);
        bytes memory proof = prove(1, digestOf(1, other), 3);
        vm.expectRevert(abi.encodeWithSelector(IBeacon.DrawKeyTaken.selector, ROUTER, address(committee), 1));
        beacon.registerDrawKey(ROUTER, address(committee), 1, other, DKG, 0, proof);
        vm.assertEq(beacon.drawKey(ROUTER, address(committee), 1), key);
    }

    function test_the_epochs_bls_verifier_serves_as_well() public {
        bytes memory key = Bls.publicKey(GROUP);
        beacon.registerDrawKey(ROUTER, address(committee), 1, key, DKG, 1, proveBls(1, digestOf(1, key)));
        vm.assertEq(beacon.drawKey(ROUTER, address(committee), 1), key);
    }

    function test_fewer_than_a_quorum_register_nothing() public {
        bytes memory key = Bls.publicKey(GROUP);
        bytes memory reason = abi.encodeWithSelector(IEpochVerifier.QuorumNotReached.selector, 2, 3);
        refuse(reason, 1, key, 0, prove(1, digestOf(1, key), 2));
    }

    function test_the_signatures_bind_router_committee_epoch_key_and_transcript() public {
        bytes memory key = Bls.publicKey(GROUP);
        bytes32 hash = keccak256(key);
        address place = address(committee);
        bytes32[5] memory others = [
            Digests.drawKey(address(0x71), place, 1, hash, DKG),
            Digests.drawKey(ROUTER, address(this), 1, hash, DKG),
            Digests.drawKey(ROUTER, place, 2, hash, DKG),
            Digests.drawKey(ROUTER, place, 1, keccak256("key"), DKG),
            Digests.drawKey(ROUTER, place, 1, hash, keccak256("another transcript"))
        ];
        bytes memory reason = abi.encodeWithSelector(IEpochVerifier.BadSignature.selector, 0);
        for (uint256 i; i < others.length; ++i) {
            refuse(reason, 1, key, 0, prove(1, others[i], 3));
        }
        bytes memory proof = prove(1, digestOf(1, key), 3);
        vm.chainId(1);
        refuse(reason, 1, key, 0, proof);
    }

    function test_an_attestation_registers_no_key() public {
        bytes memory key = Bls.publicKey(GROUP);
        bytes32 root = keccak256(abi.encode(keccak256(key), DKG));
        bytes32 digest = Digests.attestation(Digests.domainSeparator(ROUTER), address(committee), 1, root);
        refuse(abi.encodeWithSelector(IEpochVerifier.BadSignature.selector, 0), 1, key, 0, prove(1, digest, 3));
    }

    /// @dev Members of another epoch of the same committee are strangers to this one.
    function test_another_epochs_members_register_nothing() public {
        beginEpoch(committee, 2);
        bytes memory key = Bls.publicKey(GROUP);
        refuse(abi.encodeWithSelector(IEpochVerifier.BadSignature.selector, 0), 1, key, 0, prove(2, digestOf(1, key), 3));
    }

    /// @dev Verifiers are found by (epoch << 8 | index): index 256 of epoch 2 would be index 0 of epoch 3.
    function test_an_index_never_reaches_into_another_epoch() public {
        beginEpoch(committee, 3);
        bytes memory key = Bls.publicKey(GROUP);
        bytes memory reason =
            abi.encodeWithSelector(IBeacon.UnknownVerifier.selector, address(committee), uint64(2), uint256(256));
        refuse(reason, 2, key, 256, prove(3, digestOf(2, key), 3));
    }

    function test_an_epoch_or_verifier_that_is_none_registers_nothing() public {
        bytes memory key = Bls.publicKey(GROUP);
        bytes memory proof = prove(1, digestOf(1, key), 3);
        refuse(abi.encodeWithSelector(IBeacon.UnknownVerifier.selector, address(committee), 1, 2), 1, key, 2, proof);
        refuse(abi.encodeWithSelector(IBeacon.UnknownVerifier.selector, address(committee), 9, 0), 9, key, 0, proof);
    }

    /// @dev Whoever deploys a committee of its own registers keys for that committee, and no other.
    function test_a_strangers_committee_registers_under_its_own_address_only() public {
        DrawCommittee good = committee;
        committee = begin(); // with members, and keys, of the attacker's choice
        registerKey(1, 666);
        vm.assertEq(beacon.drawKey(ROUTER, address(good), 1), "");
        bytes memory forged = drawBy(666, "request", 0);
        vm.expectRevert(abi.encodeWithSelector(IBeacon.NoDrawKey.selector, ROUTER, address(good), 1));
        beacon.verifyDraw(ROUTER, address(good), 1, "request", 0, forged);
    }

    function test_what_is_no_key_is_refused_though_a_quorum_signs_it() public {
        bytes memory outside = vm.parseJsonBytes(
            vm.readFile("../fixtures/vectors/attestation.json"), ".outsideG2"
        ); // on the curve, outside the subgroup
        bytes memory spelt = Bls.publicKey(GROUP);
        spelt[0] = 0x01; // padding that is not zero
        bytes memory off = Bls.publicKey(GROUP);
        off[255] ^= 0x01;
        bytes[6] memory keys =
            [new bytes(256), outside, spelt, off, new bytes(255), bytes.concat(Bls.publicKey(GROUP), hex"00")];
        for (uint256 i; i < keys.length; ++i) {
            refuse(abi.encodePacked(IBeacon.BadDrawKey.selector), 1, keys[i], 0, prove(1, digestOf(1, keys[i]), 3));
        }
    }

    function test_digests_of_draw_keys_are_the_vectors() public {
        string memory json = vm.readFile("../fixtures/vectors/randomness.json");
        for (uint256 i; i < 3; ++i) {
            string memory row = string.concat(".drawKeys[", vm.toString(i), "]");
            vm.chainId(vm.parseJsonUint(json, string.concat(row, ".chainId")));
            bytes32 digest = Digests.drawKey(
                vm.parseJsonAddress(json, string.concat(row, ".router")),
                vm.parseJsonAddress(json, string.concat(row, ".committee")),
                uint64(vm.parseJsonUint(json, string.concat(row, ".epoch"))),
                keccak256(vm.parseJsonBytes(json, string.concat(row, ".publicKeyEvm"))),
                vm.parseJsonBytes32(json, string.concat(row, ".dkgHash"))
            );
            vm.assertEq(digest, vm.parseJsonBytes32(json, string.concat(row, ".digest")));
        }
    }
}
