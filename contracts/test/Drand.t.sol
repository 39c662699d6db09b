// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {Beacon} from "../src/Beacon.sol";
import {IBeacon} from "../src/interfaces/IBeacon.sol";
import {Bls12381} from "../src/libraries/Bls12381.sol";
import {Digests} from "../src/libraries/Digests.sol";
import {Drand} from "../src/libraries/Drand.sol";
import {Bls} from "./support/Bls.sol";
import {Quicknet} from "./support/Quicknet.sol";

contract DrandTest is Quicknet {
    Beacon private beacon;

    function setUp() public {
        loadRounds();
        beacon = new Beacon();
    }

    function test_the_constants_are_quicknets() public view {
        vm.assertEq(Drand.PUBLIC_KEY, vm.parseJsonBytes(json, ".quicknet.publicKeyEvm"));
        vm.assertEq(Drand.GENESIS, vm.parseJsonUint(json, ".quicknet.genesis"));
        vm.assertEq(Drand.PERIOD, vm.parseJsonUint(json, ".quicknet.period"));
        vm.assertEq(string(Bls12381.DRAND_DST), vm.parseJsonString(json, ".quicknet.dst"));
    }

    function test_rounds_are_judged_as_the_vectors_say() public view {
        uint256 count;
        for (; vm.keyExistsJson(json, path(".rounds", count, "")); ++count) {
            uint64 round = uint64(vm.parseJsonUint(json, path(".rounds", count, ".round")));
            bytes memory signature = vm.parseJsonBytes(json, path(".rounds", count, ".signatureEvm"));
            bytes memory call = abi.encodeCall(IBeacon.verifyRound, (round, signature));
            (bool success, bytes memory returned) = address(beacon).staticcall(call);
            bool valid = same(vm.parseJsonString(json, path(".rounds", count, ".result")), "valid");
            vm.assertTrue(success == valid, path(".rounds", count, ""));
            if (!valid) {
                vm.assertEq(returned, abi.encodeWithSelector(IBeacon.BadRound.selector, round));
                continue;
            }
            vm.assertEq(abi.decode(returned, (bytes32)), vm.parseJsonBytes32(json, path(".rounds", count, ".randomness")));
            vm.assertEq(this.compress(signature), vm.parseJsonBytes(json, path(".rounds", count, ".signature")));
        }
        vm.assertEq(count, 27);
    }

    function test_times_have_the_rounds_of_the_vectors() public view {
        uint256 count;
        for (; vm.keyExistsJson(json, path(".times", count, "")); ++count) {
            uint256 round = Drand.roundAt(vm.parseJsonUint(json, path(".times", count, ".time")));
            vm.assertEq(round, vm.parseJsonUint(json, path(".times", count, ".round")));
            vm.assertEq(Drand.timeOf(round), vm.parseJsonUint(json, path(".times", count, ".at")));
        }
        vm.assertEq(count, 10);
    }

    /// @dev What a consumer can compute itself of a function's draw: the round by the beacon, and the request's draw digest.
    function test_a_functions_draw_is_what_the_beacon_and_the_digests_give() public {
        vm.chainId(vm.parseJsonUint(json, ".drawKey.chainId"));
        address router = vm.parseJsonAddress(json, ".drawKey.router");
        uint256 count;
        for (; vm.keyExistsJson(json, path(".roundDraws", count, "")); ++count) {
            uint64 round = uint64(vm.parseJsonUint(json, path(".roundDraws", count, ".round")));
            bytes32 request = vm.parseJsonBytes32(json, path(".roundDraws", count, ".requestId"));
            uint32 ordinal = uint32(vm.parseJsonUint(json, path(".roundDraws", count, ".ordinal")));
            bytes memory signature = vm.parseJsonBytes(json, path(".roundDraws", count, ".signatureEvm"));
            bytes32 value = Digests.randomness(beacon.verifyRound(round, signature), Digests.draw(router, request, ordinal));
            vm.assertEq(value, vm.parseJsonBytes32(json, path(".roundDraws", count, ".value")));
        }
        vm.assertEq(count, 3);
    }

    function testFuzz_the_round_at_a_time_is_the_first_that_is_not_earlier(uint64 time) public pure {
        uint256 round = Drand.roundAt(time);
        vm.assertTrue(Drand.timeOf(round) >= time);
        vm.assertTrue(round == 1 || Drand.timeOf(round - 1) < time);
    }

    function testFuzz_a_flipped_bit_is_refused(uint256 bit) public {
        bytes memory signature = signatureOf(1000);
        bit = bound(bit, 0, signature.length * 8 - 1);
        signature[bit / 8] ^= bytes1(uint8(1 << (bit % 8)));
        vm.expectRevert(abi.encodeWithSelector(IBeacon.BadRound.selector, 1000));
        beacon.verifyRound(1000, signature);
    }

    function testFuzz_a_round_has_no_other_rounds_signature(uint64 round) public {
        vm.assume(round != 1003);
        bytes memory signature = signatureOf(1003);
        vm.expectRevert(abi.encodeWithSelector(IBeacon.BadRound.selector, round));
        beacon.verifyRound(round, signature);
    }

    /// @dev y and -y are told apart by one flag, which the other point has the other way.
    function testFuzz_points_and_their_negatives_compress_to_one_flag_apart(uint256 secret) public view {
        secret = bound(secret, 1, Bls.ORDER - 1);
        bytes memory point = this.compress(Bls.sign(secret, "digest", Bls12381.DRAND_DST));
        bytes memory negative = this.compress(Bls.sign(Bls.ORDER - secret, "digest", Bls12381.DRAND_DST));
        vm.assertTrue(uint8(point[0]) >> 6 == 2);
        point[0] ^= 0x20;
        vm.assertEq(point, negative);
    }

    function compress(bytes calldata point) external pure returns (bytes memory) {
        return Bls12381.compress(point);
    }
}
