// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {Drand} from "../../src/libraries/Drand.sol";
import {Test} from "./Test.sol";

/// @notice drand's own rounds, as fixtures/vectors/randomness.json has them: rows 0 to 9 are rounds 1000 to 1009.
abstract contract Quicknet is Test {
    uint64 internal constant FIRST = 1000;
    uint32 internal constant DELAY = 30;

    string internal json;

    function loadRounds() internal {
        json = vm.readFile("../fixtures/vectors/randomness.json");
    }

    /// @dev quicknet's signature over a round from 1000 to 1009.
    function signatureOf(uint64 round) internal view returns (bytes memory) {
        return vm.parseJsonBytes(json, path(".rounds", round - FIRST, ".signatureEvm"));
    }

    function randomnessAt(uint64 round) internal view returns (bytes32) {
        return vm.parseJsonBytes32(json, path(".rounds", round - FIRST, ".randomness"));
    }

    /// @dev Sets the clock so that a commitment with DELAY gets `round`.
    function aim(uint64 round) internal {
        vm.warp(Drand.timeOf(round) - DELAY);
    }

    function path(string memory section, uint256 row, string memory name) internal pure returns (string memory) {
        return string.concat(section, "[", vm.toString(row), "]", name);
    }

    function same(string memory left, string memory right) internal pure returns (bool) {
        return keccak256(bytes(left)) == keccak256(bytes(right));
    }
}
