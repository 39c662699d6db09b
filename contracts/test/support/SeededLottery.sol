// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {LootBoxes} from "../../src/consumers/LootBoxes.sol";
import {Raffles} from "../../src/consumers/Raffles.sol";

/// @notice The games on a source whose proof is the seed itself: for outcomes that no published round has.
contract SeededLottery is Raffles, LootBoxes {
    uint256 private _fixed;

    function _fixSeed(uint32) internal override returns (bytes32) {
        return bytes32(++_fixed);
    }

    function _openSeed(bytes32, bytes calldata proof) internal pure override returns (bytes32) {
        return abi.decode(proof, (bytes32));
    }

    function _takesDelay(uint32 delay) internal pure override returns (bool) {
        return delay >= 30;
    }
}
