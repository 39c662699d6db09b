// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {Digests} from "../src/libraries/Digests.sol";
import {Report} from "../src/types/Types.sol";
import {Compatible} from "./compat/Compatible.sol";
import {EmptyClient} from "./support/EmptyClient.sol";
import {EmptyConsumer} from "./support/EmptyConsumer.sol";
import {FUNCTION} from "./support/Functions.sol";

/// @notice What the way through the compatibility router costs, beside the way without: each a transaction of its own.
contract CompatGasTest is Compatible {
    // The request that benchmarks/peers.py measures Chainlink with: inline, JavaScript, a source of 26 bytes.
    bytes private constant ZERO = hex"c258200000000000000000000000000000000000000000000000000000000000000000";
    bytes private constant DATA = abi.encodePacked(
        "\x6ccodeLocation", ZERO, "\x68language", ZERO, "\x66source\x78\x1a", 'return args[0] + "ETH/USD"'
    );

    function setUp() public {
        startCompatible();
    }

    /// forge-config: default.isolate = true
    function test_gas_with_and_without() public {
        EmptyClient through = new EmptyClient(address(compat));
        EmptyConsumer direct = new EmptyConsumer(address(router));
        sponsor(address(through));
        sponsor(address(direct));
        measure(address(through), abi.encodeCall(EmptyClient.ask, (1, 1, DATA, 100_000, "don")), "through compat");
        measure(address(direct), abi.encodeCall(EmptyConsumer.ask, (1, FUNCTION, DATA, 100_000)), "without");
    }

    /// @dev The second request and delivery: the first write some words for ever.
    function measure(address consumer, bytes memory call, string memory way) private {
        for (uint256 i; i < 2; ++i) {
            vm.recordLogs();
            (bool made,) = consumer.call(call);
            vm.snapshotGasLastCall("Compat", string.concat("request, ", way));
            vm.assertTrue(made);
            bytes32 id = vm.getRecordedLogs()[0].topics[1];
            bytes memory output = bytes.concat(keccak256("a"), keccak256("b"), keccak256("c"));
            Report memory r = report(id, 0, output);
            uint64 epoch = committee.currentEpoch();
            bytes memory proof = prove(0, router.attestationDigest(epoch, Digests.leaf(r)), quorumBitmap());
            router.fulfill(epoch, 0, pack(r, output), proof);
            vm.snapshotGasLastCall("Compat", string.concat("delivery, ECDSA n=4, ", way));
        }
    }
}
