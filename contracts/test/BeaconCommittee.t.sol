// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {Beacon} from "../src/Beacon.sol";
import {IEpochVerifier} from "../src/interfaces/IEpochVerifier.sol";
import {Bls12381} from "../src/libraries/Bls12381.sol";
import {Digests} from "../src/libraries/Digests.sol";
import {Bls} from "./support/Bls.sol";
import {Members} from "./support/Members.sol";

/// @notice Draw keys of the committee itself: epochs that `Committee` started.
contract BeaconCommitteeTest is Members {
    address private constant ROUTER = address(0x70);
    bytes32 private constant DKG = keccak256("dkg");
    uint256 private constant GROUP = 77;
    Beacon private beacon;

    function setUp() public {
        startCommittee(7, 0);
        beacon = new Beacon();
    }

    /// @dev Signatures of the first `count` members over the epoch's draw key.
    function prove(uint64 epoch, bytes memory key, uint256 count) private view returns (bytes memory proof) {
        bytes32 digest = Digests.drawKey(ROUTER, address(committee), epoch, keccak256(key), DKG);
        proof = abi.encodePacked(uint128((1 << count) - 1));
        for (uint256 i; i < count; ++i) {
            proof = bytes.concat(proof, sign(signerKey(i), digest));
        }
    }

    function test_a_quorum_of_seven_registers_a_key_and_its_draws_verify() public {
        bytes memory key = Bls.publicKey(GROUP);
        bytes memory proof = prove(1, key, 4);
        vm.expectRevert(abi.encodeWithSelector(IEpochVerifier.QuorumNotReached.selector, 4, 5));
        beacon.registerDrawKey(ROUTER, address(committee), 1, key, DKG, 0, proof);
        beacon.registerDrawKey(ROUTER, address(committee), 1, key, DKG, 0, prove(1, key, 5));
        bytes memory signature = Bls.sign(GROUP, Digests.draw(ROUTER, "request", 0), Bls12381.DRAW_DST);
        beacon.verifyDraw(ROUTER, address(committee), 1, "request", 0, signature);
    }

    /// @dev Resharing keeps the public key: the next epoch registers it again, under its own members' signatures.
    function test_the_next_epoch_may_register_the_same_key() public {
        bytes memory key = Bls.publicKey(GROUP);
        beacon.registerDrawKey(ROUTER, address(committee), 1, key, DKG, 0, prove(1, key, 5));
        uint64 next = startEpoch(operators);
        bytes memory old = prove(1, key, 5);
        vm.expectRevert(abi.encodeWithSelector(IEpochVerifier.BadSignature.selector, 0));
        beacon.registerDrawKey(ROUTER, address(committee), next, key, DKG, 0, old);
        beacon.registerDrawKey(ROUTER, address(committee), next, key, DKG, 0, prove(next, key, 5));
        vm.assertEq(beacon.drawKey(ROUTER, address(committee), next), key);
    }
}
