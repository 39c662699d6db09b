// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {Beacon} from "../src/Beacon.sol";
import {Bls} from "./support/Bls.sol";
import {Draws} from "./support/Draws.sol";
import {Quicknet} from "./support/Quicknet.sol";

/// @notice What the beacon's calls cost, without the transaction's own 21,000 and calldata (contracts/snapshots/Beacon.json).
contract BeaconGasTest is Quicknet, Draws {
    function setUp() public {
        loadRounds();
        beacon = new Beacon();
        committee = begin();
        aim(FIRST);
        beacon.commit(DELAY); // the consumer's count is not its first
    }

    function test_gas_of_tickets() public {
        bytes memory signature = signatureOf(FIRST);
        (bytes32 ticket,) = beacon.commit(DELAY);
        vm.snapshotGasLastCall("Beacon", "commit");
        beacon.verifyRound(FIRST, signature);
        vm.snapshotGasLastCall("Beacon", "verifyRound");
        beacon.reveal(ticket, signature);
        vm.snapshotGasLastCall("Beacon", "reveal");
    }

    function test_gas_of_draws() public {
        bytes memory key = Bls.publicKey(77);
        bytes memory proof = prove(1, digestOf(1, key), 3);
        beacon.registerDrawKey(ROUTER, address(committee), 1, key, DKG, 0, proof);
        vm.snapshotGasLastCall("Beacon", "registerDrawKey n=4");
        bytes memory signature = drawBy(77, "request", 0);
        beacon.verifyDraw(ROUTER, address(committee), 1, "request", 0, signature);
        vm.snapshotGasLastCall("Beacon", "verifyDraw");
    }
}
