// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {IERC165} from "@openzeppelin/contracts/utils/introspection/IERC165.sol";
import {CalledByRouter} from "../src/CalledByRouter.sol";
import {ReportReceiver} from "../src/ReportReceiver.sol";
import {IReceiver} from "../src/interfaces/IReceiver.sol";
import {Pushed} from "./support/Pushed.sol";

/// @notice Keeps the last report.
contract Listener is ReportReceiver {
    bytes32 private immutable FUNCTION_ID;
    address private immutable TRIGGER_OWNER;
    bytes public last;

    constructor(address router, bytes32 functionId, address triggerOwner) CalledByRouter(router) {
        (FUNCTION_ID, TRIGGER_OWNER) = (functionId, triggerOwner);
    }

    function _isExpected(bytes32 functionId, address triggerOwner) internal view override returns (bool) {
        return functionId == FUNCTION_ID && triggerOwner == TRIGGER_OWNER;
    }

    function _receive(bytes calldata report) internal override {
        last = report;
    }
}

contract ReportReceiverTest is Pushed {
    Listener private listener;

    function setUp() public {
        listener = new Listener(ROUTER, BELIEVED, TRIGGER_OWNER);
    }

    function test_an_expected_report_is_handed_on() public {
        push(address(listener), "report");
        vm.assertEq(listener.last(), "report");
    }

    function test_only_the_router_delivers() public {
        bytes memory data = metadata(BELIEVED, TRIGGER_OWNER);
        vm.expectRevert(abi.encodeWithSelector(CalledByRouter.OnlyRouter.selector, address(this)));
        listener.onReport(data, "report");
    }

    function testFuzz_reports_of_other_functions_or_trigger_owners_are_refused(bytes32 functionId, address owner) public {
        vm.assume(functionId != BELIEVED || owner != TRIGGER_OWNER);
        refuse(functionId, owner);
        if (functionId != BELIEVED) refuse(functionId, TRIGGER_OWNER);
        if (owner != TRIGGER_OWNER) refuse(BELIEVED, owner);
        vm.assertEq(listener.last(), "");
    }

    function testFuzz_metadata_has_64_bytes(uint256 length) public {
        length = bound(length, 0, 130);
        vm.assume(length != 64);
        vm.prank(ROUTER);
        vm.expectRevert(abi.encodeWithSelector(ReportReceiver.BadMetadata.selector, length));
        listener.onReport(new bytes(length), "report");
    }

    function test_it_answers_erc_165_as_keystone_asks() public view {
        vm.assertEq(bytes32(type(IReceiver).interfaceId), bytes32(bytes4(0x805f2132))); // Keystone's IReceiver
        vm.assertTrue(listener.supportsInterface(0x805f2132));
        vm.assertTrue(listener.supportsInterface(type(IERC165).interfaceId));
        vm.assertTrue(!listener.supportsInterface(0xffffffff));
    }

    function refuse(bytes32 functionId, address triggerOwner) private {
        bytes memory data = metadata(functionId, triggerOwner);
        vm.prank(ROUTER);
        vm.expectRevert(abi.encodeWithSelector(ReportReceiver.UnexpectedReport.selector, functionId, triggerOwner));
        listener.onReport(data, "report");
    }
}
