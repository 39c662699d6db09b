// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {IFunctionConsumer} from "../src/interfaces/IFunctionConsumer.sol";
import {IRouter} from "../src/interfaces/IRouter.sol";
import {Digests} from "../src/libraries/Digests.sol";
import {MerkleRoot} from "../src/libraries/MerkleRoot.sol";
import {Report} from "../src/types/Types.sol";
import {FUNCTION} from "./support/Functions.sol";
import {Network} from "./support/Network.sol";

/// @notice Remembers the gas its callback began with.
contract Gauge is IFunctionConsumer {
    uint256 public gasAtStart;

    function ask(IRouter router, uint32 gasLimit) external returns (bytes32) {
        return router.request(1, FUNCTION, "", gasLimit);
    }

    function handleFulfillment(bytes32, bytes calldata, bytes calldata) external {
        gasAtStart = gasleft();
    }
}

/// @notice Deliveries so large that memory is dear.
contract MemoryTest is Network {
    uint256 private constant FAILING = 1_500;
    uint256 private constant OUTPUT = 150_000;
    uint32 private constant GAS_LIMIT = 100_000;

    Gauge private gauge;
    bytes private packed;
    bytes private proof;

    /// @dev Carries an attempt's result out of its reverted state.
    error Began(uint256 gasAtStart);

    function setUp() public {
        start(4);
        gauge = new Gauge();
        sponsor(address(gauge));
    }

    /// @dev Of all amounts of gas, the least that a delivery succeeds with must serve the last callback in full, though
    /// many failed callbacks and a long output stand before it.
    function test_the_least_gas_that_delivers_is_enough_for_the_last_callback() public {
        attest();
        (uint256 low, uint256 high) = (1_000_000, 60_000_000);
        uint256 began;
        while (high - low > 500) {
            uint256 middle = (low + high) / 2;
            uint256 seen = outcome(middle);
            if (seen == 0) low = middle;
            else (high, began) = (middle, seen);
        }
        vm.assertTrue(began > GAS_LIMIT - 1_500, vm.toString(began)); // less only what dispatch costs
    }

    function attest() private {
        bytes memory output = new bytes(OUTPUT);
        bytes memory reports = new bytes((FAILING + 1) * 115 + OUTPUT);
        bytes32[] memory leaves = new bytes32[](FAILING + 1);
        for (uint256 i; i < FAILING; ++i) {
            // Without gas a call of code fails.
            leaves[i] = place(reports, i * 115, report(gauge.ask(router, 0), 0, ""), "");
        }
        leaves[FAILING] = place(reports, FAILING * 115, report(gauge.ask(router, GAS_LIMIT), 0, output), output);
        proof = prove(0, router.attestationDigest(1, MerkleRoot.root(leaves)), 7);
        packed = reports;
    }

    function place(bytes memory reports, uint256 offset, Report memory r, bytes memory output)
        private
        pure
        returns (bytes32)
    {
        bytes memory one = pack(r, output);
        assembly ("memory-safe") {
            mcopy(add(add(reports, 32), offset), add(one, 32), mload(one))
        }
        return Digests.leaf(r);
    }

    function outcome(uint256 supplied) private returns (uint256 began) {
        try this.attempt(supplied) {
            revert("attempts revert");
        } catch (bytes memory reason) {
            assembly ("memory-safe") {
                began := mload(add(reason, 36))
            }
        }
    }

    /// @dev Delivers with so much gas and undoes it.
    function attempt(uint256 supplied) external {
        bytes memory message = abi.encodeCall(IRouter.fulfill, (1, 0, packed, proof));
        (bool delivered,) = address(router).call{gas: supplied}(message);
        revert Began(delivered ? gauge.gasAtStart() : 0);
    }
}
