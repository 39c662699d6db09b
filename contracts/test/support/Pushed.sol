// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {IReceiver} from "../../src/interfaces/IReceiver.sol";
import {Test} from "./Test.sol";

/// @notice Reports of triggers as the router hands them over; the test is the router.
abstract contract Pushed is Test {
    address internal constant ROUTER = address(0x40173);
    address internal constant OWNER = address(0x0111);
    address internal constant TRIGGER_OWNER = address(0x7719);
    bytes32 internal constant BELIEVED = keccak256("believed");
    uint256 internal constant DELAY = 2 days;
    uint256 internal constant NOW = 1_750_000_000;

    function metadata(bytes32 functionId, address triggerOwner) internal pure returns (bytes memory) {
        return abi.encodePacked(functionId, bytes10("name"), triggerOwner, bytes2(0x0001));
    }

    function push(address receiver, bytes memory report) internal {
        bytes memory data = metadata(BELIEVED, TRIGGER_OWNER);
        vm.prank(ROUTER);
        IReceiver(receiver).onReport(data, report);
    }

    /// @dev Gas of a callback with the call itself, everything warm and cold as a transaction finds it.
    function gasOf(address receiver, bytes memory report) internal returns (uint256 used) {
        bytes memory data = metadata(BELIEVED, TRIGGER_OWNER);
        vm.prank(ROUTER);
        uint256 before = gasleft();
        IReceiver(receiver).onReport(data, report);
        used = before - gasleft();
    }
}
