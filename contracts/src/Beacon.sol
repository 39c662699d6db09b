// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {DrawKeys} from "./DrawKeys.sol";
import {IBeacon} from "./interfaces/IBeacon.sol";
import {Drand} from "./libraries/Drand.sol";
import {RoundTickets} from "./RoundTickets.sol";

/// @notice Verified randomness: drand's quicknet, and the draws of committees. Nobody owns it, and it holds no money.
contract Beacon is RoundTickets, DrawKeys {
    /// @inheritdoc IBeacon
    /// @dev A block's producer may know every round published before its block is: on Ethereum two slots of its own in a row
    /// are 24 seconds, in which it can hold back, reorder or drop a commitment. The rest is for clocks that differ.
    uint256 public constant MIN_DELAY = 30;

    /// @inheritdoc RoundTickets
    /// @dev In the code itself: no contract with this code has another key.
    function _groupKey() internal pure override returns (bytes memory) {
        return Drand.PUBLIC_KEY;
    }

    /// @inheritdoc RoundTickets
    function _clock() internal pure override returns (uint256 genesis, uint256 period) {
        return (Drand.GENESIS, Drand.PERIOD);
    }

    /// @inheritdoc RoundTickets
    function _leastDelay() internal pure override returns (uint256) {
        return MIN_DELAY;
    }
}
