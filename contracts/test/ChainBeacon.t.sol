// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {Beacon} from "../src/Beacon.sol";
import {ChainBeacon} from "../src/ChainBeacon.sol";
import {IBeacon} from "../src/interfaces/IBeacon.sol";
import {Bls12381} from "../src/libraries/Bls12381.sol";
import {Digests} from "../src/libraries/Digests.sol";
import {Drand} from "../src/libraries/Drand.sol";
import {Bls} from "./support/Bls.sol";
import {Quicknet} from "./support/Quicknet.sol";
import {Rounds} from "./support/Rounds.sol";

/// @notice A beacon of another chain than quicknet.
contract ChainBeaconTest is Quicknet {
    ChainBeacon private beacon;

    function setUp() public {
        loadRounds();
        beacon = Rounds.beacon(2);
        vm.warp(1_750_000_000);
    }

    function test_a_ticket_is_revealed_by_the_named_chains_round() public {
        vm.assertEq(beacon.MIN_DELAY(), 2);
        vm.expectRevert(abi.encodeWithSelector(IBeacon.TooSoon.selector, 1));
        beacon.commit(1);
        (bytes32 ticket, uint64 round) = beacon.commit(2);
        vm.assertEq(round, 1_750_000_002 - Rounds.GENESIS + 1);
        bytes memory signature = Rounds.signatureOf(round);
        bytes32 expected = Digests.randomness(sha256(this.compress(signature)), ticket);
        vm.assertEq(beacon.reveal(ticket, signature), expected);
    }

    function test_another_keys_signature_is_refused() public {
        bytes memory signature = Rounds.signatureBy(Rounds.SECRET + 1, 7);
        vm.expectRevert(abi.encodeWithSelector(IBeacon.BadRound.selector, 7));
        beacon.verifyRound(7, signature);
    }

    function test_beacons_do_not_take_each_others_rounds() public {
        bytes memory signature = signatureOf(1000);
        vm.expectRevert(abi.encodeWithSelector(IBeacon.BadRound.selector, 1000));
        beacon.verifyRound(1000, signature);
        Beacon quicknet = new Beacon();
        quicknet.verifyRound(1000, signature);
        signature = Rounds.signatureOf(1000);
        vm.expectRevert(abi.encodeWithSelector(IBeacon.BadRound.selector, 1000));
        quicknet.verifyRound(1000, signature);
    }

    function test_a_beacon_says_which_chain_it_is_of() public {
        (bytes memory publicKey, uint256 genesis, uint256 period) = beacon.chain();
        vm.assertEq(publicKey, Bls.publicKey(Rounds.SECRET));
        vm.assertTrue(genesis == Rounds.GENESIS && period == Rounds.PERIOD);
        (publicKey, genesis, period) = new Beacon().chain();
        vm.assertEq(publicKey, vm.parseJsonBytes(json, ".quicknet.publicKeyEvm"));
        vm.assertEq(genesis, vm.parseJsonUint(json, ".quicknet.genesis"));
        vm.assertEq(period, vm.parseJsonUint(json, ".quicknet.period"));
    }

    /// @dev Under another clock quicknet's published rounds would be the future's.
    function test_quicknets_key_has_quicknets_clock() public {
        vm.expectRevert(ChainBeacon.BadChainKey.selector);
        new ChainBeacon(Drand.PUBLIC_KEY, 1_800_000_000, 3, 0);
    }

    function test_a_key_that_verifies_nothing_is_refused() public {
        bytes[4] memory wrong;
        wrong[1] = new bytes(256); // infinity
        wrong[2] = bytes.concat(Bls.publicKey(5), bytes1(0));
        wrong[3] = Bls.publicKey(5);
        wrong[3][255] ^= 0x01; // off the curve
        for (uint256 i; i < 4; ++i) {
            vm.expectRevert(ChainBeacon.BadChainKey.selector);
            new ChainBeacon(wrong[i], 1, 1, 0);
        }
    }

    function test_rounds_take_time() public {
        bytes memory key = Bls.publicKey(5);
        vm.expectRevert(ChainBeacon.NoPeriod.selector);
        new ChainBeacon(key, 1, 0, 0);
    }

    function testFuzz_the_round_at_a_time_is_the_first_that_is_not_earlier(uint64 genesis, uint32 period, uint64 at) public {
        period = uint32(bound(period, 1, type(uint32).max));
        uint256 round = new ChainBeacon(Bls.publicKey(5), genesis, period, 0).roundAt(at);
        uint256 published = genesis + (round - 1) * period;
        vm.assertTrue(published >= at);
        vm.assertTrue(round == 1 || published - period < at);
    }

    function compress(bytes calldata point) external pure returns (bytes memory) {
        return Bls12381.compress(point);
    }
}
