// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {Beacon} from "../src/Beacon.sol";
import {IBeacon} from "../src/interfaces/IBeacon.sol";
import {Bls12381} from "../src/libraries/Bls12381.sol";
import {Digests} from "../src/libraries/Digests.sol";
import {Bls} from "./support/Bls.sol";
import {Draws} from "./support/Draws.sol";

contract BeaconDrawsTest is Draws {
    uint256 private constant GROUP = 77;
    bytes32 private constant REQUEST = keccak256("request");

    function setUp() public {
        beacon = new Beacon();
        committee = begin();
        registerKey(1, GROUP);
    }

    function refuse(bytes32 requestId, uint32 ordinal, bytes memory signature) private {
        vm.expectRevert(abi.encodeWithSelector(IBeacon.BadDraw.selector, requestId, ordinal));
        beacon.verifyDraw(ROUTER, address(committee), 1, requestId, ordinal, signature);
    }

    function testFuzz_a_draw_is_the_hash_of_its_one_signature(bytes32 requestId, uint32 ordinal, uint256 group) public {
        group = bound(group, 1, Bls.ORDER - 1);
        committee = begin();
        registerKey(1, group);
        bytes memory signature = drawBy(group, requestId, ordinal);
        bytes32 randomness = beacon.verifyDraw(ROUTER, address(committee), 1, requestId, ordinal, signature);
        vm.assertEq(randomness, keccak256(this.compress(signature)));
    }

    function test_draws_are_judged_as_the_vectors_say() public {
        string memory json = vm.readFile("../fixtures/vectors/randomness.json");
        vm.chainId(vm.parseJsonUint(json, ".drawKey.chainId"));
        vm.assertEq(string(Bls12381.DRAW_DST), vm.parseJsonString(json, ".drawKey.dst"));
        address router = vm.parseJsonAddress(json, ".drawKey.router");
        bytes memory key = vm.parseJsonBytes(json, ".drawKey.publicKeyEvm");
        bytes32 digest = Digests.drawKey(router, address(committee), 1, keccak256(key), DKG);
        beacon.registerDrawKey(router, address(committee), 1, key, DKG, 0, prove(1, digest, 3));
        uint256 count;
        for (; vm.keyExistsJson(json, string.concat(".draws[", vm.toString(count), "]")); ++count) {
            judge(json, string.concat(".draws[", vm.toString(count), "]"), router);
        }
        vm.assertEq(count, 8);
    }

    function judge(string memory json, string memory row, address router) private view {
        bytes32 requestId = vm.parseJsonBytes32(json, string.concat(row, ".requestId"));
        uint32 ordinal = uint32(vm.parseJsonUint(json, string.concat(row, ".ordinal")));
        bytes memory signature = vm.parseJsonBytes(json, string.concat(row, ".signatureEvm"));
        vm.assertEq(Digests.draw(router, requestId, ordinal), vm.parseJsonBytes32(json, string.concat(row, ".digest")));
        (bool success, bytes memory returned) = address(beacon).staticcall(
            abi.encodeCall(IBeacon.verifyDraw, (router, address(committee), 1, requestId, ordinal, signature))
        );
        string memory result = vm.parseJsonString(json, string.concat(row, ".result"));
        vm.assertTrue(success == (keccak256(bytes(result)) == keccak256("valid")), row);
        bytes memory expected = abi.encodeWithSelector(IBeacon.BadDraw.selector, requestId, ordinal);
        if (success) expected = abi.encode(vm.parseJsonBytes32(json, string.concat(row, ".randomness")));
        vm.assertEq(returned, expected);
    }

    function test_a_draw_of_another_request_ordinal_or_chain_is_refused() public {
        bytes memory signature = drawBy(GROUP, REQUEST, 3);
        beacon.verifyDraw(ROUTER, address(committee), 1, REQUEST, 3, signature);
        refuse("another", 3, signature);
        refuse(REQUEST, 4, signature);
        vm.chainId(1);
        refuse(REQUEST, 3, signature);
    }

    /// @dev One group key for two routers, as a careless committee might have it: a draw of the one is none of the other.
    function test_a_draw_of_another_router_is_refused() public {
        address other = address(0x71);
        bytes memory key = Bls.publicKey(GROUP);
        bytes32 digest = Digests.drawKey(other, address(committee), 1, keccak256(key), DKG);
        beacon.registerDrawKey(other, address(committee), 1, key, DKG, 0, prove(1, digest, 3));
        bytes memory signature = drawBy(GROUP, REQUEST, 0);
        beacon.verifyDraw(ROUTER, address(committee), 1, REQUEST, 0, signature);
        vm.expectRevert(abi.encodeWithSelector(IBeacon.BadDraw.selector, REQUEST, 0));
        beacon.verifyDraw(other, address(committee), 1, REQUEST, 0, signature);
    }

    function test_a_draw_by_another_epochs_key_is_refused() public {
        beginEpoch(committee, 2);
        registerKey(2, 78);
        bytes memory signature = drawBy(78, REQUEST, 0);
        beacon.verifyDraw(ROUTER, address(committee), 2, REQUEST, 0, signature);
        refuse(REQUEST, 0, signature);
    }

    function test_an_epoch_without_a_key_has_no_draws() public {
        bytes memory signature = drawBy(GROUP, REQUEST, 0);
        vm.expectRevert(abi.encodeWithSelector(IBeacon.NoDrawKey.selector, ROUTER, address(committee), 2));
        beacon.verifyDraw(ROUTER, address(committee), 2, REQUEST, 0, signature);
    }

    /// @dev A member's vote key as the group key, the worst choice there is: its signatures for other ends are still no draws.
    function test_a_vote_a_possession_proof_and_a_drand_round_are_no_draws() public {
        bytes32 digest = Digests.draw(ROUTER, REQUEST, 0);
        refuse(REQUEST, 0, Bls.sign(GROUP, digest, Bls12381.SIGNATURE_DST));
        refuse(REQUEST, 0, Bls.sign(GROUP, digest, Bls12381.POSSESSION_DST));
        refuse(REQUEST, 0, Bls.sign(GROUP, digest, Bls12381.DRAND_DST));
    }

    function test_a_draw_has_no_second_spelling() public {
        bytes memory signature = drawBy(GROUP, REQUEST, 0);
        bytes memory small = new bytes(128);
        small[127] = 0x02; // (0, 2): on the curve, order 3
        refuse(REQUEST, 0, Bls.addG1(signature, small));
        refuse(REQUEST, 0, new bytes(128));
        refuse(REQUEST, 0, bytes.concat(signature, hex"00"));
        refuse(REQUEST, 0, drawBy(Bls.ORDER - GROUP, REQUEST, 0));
        signature[0] = 0x01; // padding that is not zero
        refuse(REQUEST, 0, signature);
    }

    function compress(bytes calldata point) external pure returns (bytes memory) {
        return Bls12381.compress(point);
    }
}
