// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {Beacon} from "../src/Beacon.sol";
import {IBeacon} from "../src/interfaces/IBeacon.sol";
import {Digests} from "../src/libraries/Digests.sol";
import {Drand} from "../src/libraries/Drand.sol";
import {Quicknet} from "./support/Quicknet.sol";

contract BeaconTest is Quicknet {
    address private constant CONSUMER = address(0xc0);
    Beacon private beacon;

    function setUp() public {
        loadRounds();
        beacon = new Beacon();
        vm.chainId(31_337);
    }

    /// @dev A ticket of CONSUMER for `round`.
    function commit(uint64 round) private returns (bytes32 ticket) {
        aim(round);
        uint64 fixedRound;
        vm.prank(CONSUMER);
        (ticket, fixedRound) = beacon.commit(DELAY);
        vm.assertEq(fixedRound, round);
    }

    function test_a_ticket_is_revealed_once_by_anyone() public {
        bytes32 ticket = commit(1000);
        vm.assertEq(beacon.roundOf(ticket), 1000);
        (bool revealed, bytes32 none) = beacon.randomnessOf(ticket);
        vm.assertTrue(!revealed && none == 0);
        bytes memory signature = signatureOf(1000);
        bytes32 expected = Digests.randomness(randomnessAt(1000), ticket);
        vm.expectEmit(address(beacon));
        emit IBeacon.Revealed(ticket, 1000, expected);
        vm.prank(address(0xa11));
        vm.assertEq(beacon.reveal(ticket, signature), expected);
        bytes32 kept;
        (revealed, kept) = beacon.randomnessOf(ticket);
        vm.assertTrue(revealed && kept == expected);
        vm.expectRevert(abi.encodeWithSelector(IBeacon.UnknownTicket.selector, ticket));
        beacon.reveal(ticket, signature);
        vm.expectRevert(abi.encodeWithSelector(IBeacon.UnknownTicket.selector, ticket));
        beacon.roundOf(ticket);
    }

    function test_a_ticket_nobody_made_reveals_nothing() public {
        bytes memory signature = signatureOf(1000);
        vm.expectRevert(abi.encodeWithSelector(IBeacon.UnknownTicket.selector, bytes32("ticket")));
        beacon.reveal("ticket", signature);
        (bool revealed,) = beacon.randomnessOf("ticket");
        vm.assertTrue(!revealed);
    }

    function test_another_rounds_signature_reveals_nothing_and_leaves_the_ticket_open() public {
        bytes32 ticket = commit(1000);
        bytes memory signature = signatureOf(1001);
        vm.expectRevert(abi.encodeWithSelector(IBeacon.BadRound.selector, 1000));
        beacon.reveal(ticket, signature);
        beacon.reveal(ticket, signatureOf(1000));
    }

    function test_tickets_of_one_round_differ_in_randomness() public {
        bytes32 first = commit(1000);
        bytes32 second = commit(1000);
        vm.assertTrue(first != second);
        bytes memory signature = signatureOf(1000);
        vm.assertTrue(beacon.reveal(first, signature) != beacon.reveal(second, signature));
    }

    function test_tickets_are_the_digests_of_the_vectors() public {
        for (uint256 i; i < 4; ++i) {
            vm.chainId(vm.parseJsonUint(json, path(".tickets", i, ".chainId")));
            bytes32 ticket = Digests.ticket(
                vm.parseJsonAddress(json, path(".tickets", i, ".beacon")),
                vm.parseJsonAddress(json, path(".tickets", i, ".consumer")),
                uint64(vm.parseJsonUint(json, path(".tickets", i, ".nonce")))
            );
            vm.assertEq(ticket, vm.parseJsonBytes32(json, path(".tickets", i, ".ticket")));
            bytes32 drawn = vm.parseJsonBytes32(json, path(".tickets", i, ".drandRandomness"));
            vm.assertEq(Digests.randomness(drawn, ticket), vm.parseJsonBytes32(json, path(".tickets", i, ".randomness")));
        }
    }

    function test_a_ticket_names_chain_beacon_consumer_and_count() public {
        aim(1000);
        vm.expectEmit(address(beacon));
        emit IBeacon.Committed(Digests.ticket(address(beacon), CONSUMER, 0), CONSUMER, 1000);
        commit(1000);
        vm.assertEq(commit(1000), Digests.ticket(address(beacon), CONSUMER, 1));
        (bytes32 own,) = beacon.commit(DELAY);
        vm.assertEq(own, Digests.ticket(address(beacon), address(this), 0));
        vm.chainId(1);
        bytes32 elsewhere = commit(1000);
        vm.assertEq(elsewhere, Digests.ticket(address(beacon), CONSUMER, 2));
        vm.chainId(31_337);
        vm.assertTrue(elsewhere != Digests.ticket(address(beacon), CONSUMER, 2));
    }

    function testFuzz_a_round_is_never_published_before_its_delay_is_over(uint64 time, uint32 delay) public {
        time = uint64(bound(time, 0, 1 << 40));
        vm.warp(time);
        if (delay < 30) vm.expectRevert(abi.encodeWithSelector(IBeacon.TooSoon.selector, delay));
        (, uint64 round) = beacon.commit(delay);
        if (delay < 30) return;
        vm.assertTrue(Drand.timeOf(round) >= uint256(time) + delay);
        vm.assertTrue(round == 1 || Drand.timeOf(round - 1) < uint256(time) + delay);
    }

    function test_the_beacon_takes_no_money() public {
        (bool paid,) = address(beacon).call{value: 1}(abi.encodeCall(IBeacon.commit, (DELAY)));
        vm.assertTrue(!paid);
        (paid,) = address(beacon).call{value: 1}("");
        vm.assertTrue(!paid);
    }
}
