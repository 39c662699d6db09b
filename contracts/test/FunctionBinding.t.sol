// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {ReportReceiver} from "../src/ReportReceiver.sol";
import {DynamicNft} from "../src/consumers/DynamicNft.sol";
import {IDynamicNft} from "../src/consumers/IDynamicNft.sol";
import {IFunctionBinding} from "../src/consumers/IFunctionBinding.sol";
import {FUNCTION} from "./support/Functions.sol";
import {Network} from "./support/Network.sol";

/// @notice Whose word a consumer takes, on the match tokens; and their requests through the real router.
contract FunctionBindingTest is Network {
    bytes32 private constant OTHER = keccak256("other function");
    address private constant TRIGGER_OWNER = address(0x7719);
    address private constant NOBODY = address(0x0b0d);
    uint64 private constant MATCH = 77;

    DynamicNft private nft;

    function setUp() public {
        start(4);
        nft = new DynamicNft(address(router), address(this), FUNCTION, TRIGGER_OWNER, DELAY);
        sponsor(address(nft));
        nft.setSubscription(SUBSCRIPTION);
        nft.mint(address(0xa11ce), MATCH);
    }

    function test_a_refresh_is_asked_attested_and_shown() public {
        vm.prank(NOBODY);
        bytes32 id = nft.refresh(MATCH);
        deliver(0, id, 0, update(2));
        vm.assertEq(uint256(nft.matchInfo(MATCH).homeScore), 2);
        vm.expectRevert(
            abi.encodeWithSelector(IDynamicNft.RefreshedRecently.selector, MATCH, block.timestamp + nft.REFRESH_INTERVAL())
        );
        nft.refresh(MATCH);
        vm.warp(block.timestamp + nft.REFRESH_INTERVAL());
        nft.refresh(MATCH);
    }

    function test_a_failed_run_is_recorded_and_changes_nothing() public {
        bytes32 id = nft.refresh(MATCH);
        bytes memory failure = new bytes(10_000);
        vm.expectEmit(address(nft));
        emit IFunctionBinding.RunFailed(id, new bytes(128));
        expectDelivered(id, 1, true);
        deliver(0, id, 1, failure);
        vm.assertEq(uint256(nft.matchInfo(MATCH).sequence), 0);
        vm.warp(block.timestamp + 60);
        id = nft.refresh(MATCH);
        vm.expectEmit(address(nft));
        emit IFunctionBinding.RunFailed(id, hex"01");
        deliver(0, id, 2, hex"01");
    }

    function test_another_function_is_believed_after_the_delay_only() public {
        nft.proposeBinding(OTHER, NOBODY);
        uint256 readyAt = block.timestamp + DELAY;
        vm.warp(readyAt - 1);
        vm.expectRevert(abi.encodeWithSelector(IFunctionBinding.BindingNotReady.selector, readyAt));
        nft.applyBinding();
        report(FUNCTION, TRIGGER_OWNER, true);
        report(OTHER, NOBODY, false);
        vm.warp(readyAt);
        (uint256 announced, bytes32 functionId, address owner) = nft.proposedBinding();
        vm.assertEq(announced, readyAt);
        vm.assertEq(functionId, OTHER);
        vm.assertEq(owner, NOBODY);
        nft.applyBinding();
        report(FUNCTION, TRIGGER_OWNER, false);
        report(OTHER, TRIGGER_OWNER, false);
        report(OTHER, NOBODY, true);
        (uint32 version,,) = nft.binding();
        vm.assertEq(uint256(version), 2);
        vm.expectRevert(abi.encodeWithSelector(IFunctionBinding.BindingNotReady.selector, 0));
        nft.applyBinding();
    }

    function test_answers_to_what_was_asked_before_a_change_are_not_taken() public {
        nft.proposeBinding(OTHER, NOBODY);
        vm.warp(block.timestamp + DELAY);
        bytes32 id = nft.refresh(MATCH);
        nft.applyBinding();
        vm.expectEmit(address(nft));
        emit IFunctionBinding.AnswerSuperseded(id, 1);
        deliver(0, id, 0, update(2));
        vm.assertEq(uint256(nft.matchInfo(MATCH).sequence), 0);
    }

    function test_an_announcement_is_replaced_and_taken_back() public {
        nft.proposeBinding(OTHER, NOBODY);
        vm.warp(block.timestamp + DELAY);
        nft.proposeBinding(OTHER, TRIGGER_OWNER); // waits from the beginning
        vm.expectRevert(abi.encodeWithSelector(IFunctionBinding.BindingNotReady.selector, block.timestamp + DELAY));
        nft.applyBinding();
        nft.cancelBinding();
        vm.warp(block.timestamp + DELAY);
        vm.expectRevert(abi.encodeWithSelector(IFunctionBinding.BindingNotReady.selector, 0));
        nft.applyBinding();
        vm.expectRevert(abi.encodeWithSelector(IFunctionBinding.BindingNotReady.selector, 0));
        nft.cancelBinding();
    }

    function test_no_trigger_owner_means_no_reports() public {
        nft = new DynamicNft(address(router), address(this), FUNCTION, address(0), DELAY);
        report(FUNCTION, address(0), false);
    }

    function test_only_the_owner_governs() public {
        bytes[4] memory messages = [
            abi.encodeCall(nft.proposeBinding, (OTHER, NOBODY)),
            abi.encodeCall(nft.applyBinding, ()),
            abi.encodeCall(nft.cancelBinding, ()),
            abi.encodeCall(nft.setSubscription, (2))
        ];
        for (uint256 i; i < messages.length; ++i) {
            vm.prank(NOBODY);
            (bool done, bytes memory reason) = address(nft).call(messages[i]);
            vm.assertTrue(!done);
            vm.assertEq(reason, abi.encodeWithSignature("OwnableUnauthorizedAccount(address)", NOBODY));
        }
    }

    function test_a_binding_names_a_function_and_a_delay_worth_the_name() public {
        vm.expectRevert(IFunctionBinding.NoFunction.selector);
        nft.proposeBinding(0, NOBODY);
        vm.expectRevert(IFunctionBinding.NoFunction.selector);
        new DynamicNft(address(router), address(this), 0, NOBODY, DELAY);
        vm.expectRevert(abi.encodeWithSelector(IFunctionBinding.BadDelay.selector, 59 minutes));
        new DynamicNft(address(router), address(this), FUNCTION, NOBODY, 59 minutes);
        vm.expectRevert(abi.encodeWithSelector(IFunctionBinding.BadDelay.selector, 31 days));
        new DynamicNft(address(router), address(this), FUNCTION, NOBODY, 31 days);
    }

    function report(bytes32 functionId, address triggerOwner, bool believed) private {
        bytes memory data = abi.encodePacked(functionId, bytes10("name"), triggerOwner, bytes2(0x0001));
        vm.prank(address(router));
        if (!believed) {
            vm.expectRevert(abi.encodeWithSelector(ReportReceiver.UnexpectedReport.selector, functionId, triggerOwner));
        }
        nft.onReport(data, update(1));
    }

    function update(uint16 score) private view returns (bytes memory) {
        return abi.encode(MATCH, block.timestamp * 1000, 1, 41, score, 1, bytes32("Home"), bytes32("Away"));
    }
}
