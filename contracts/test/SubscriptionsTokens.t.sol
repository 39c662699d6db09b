// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {IERC20} from "@openzeppelin/contracts/token/ERC20/IERC20.sol";
import {SafeERC20} from "@openzeppelin/contracts/token/ERC20/utils/SafeERC20.sol";
import {ReentrancyGuardTransient} from "@openzeppelin/contracts/utils/ReentrancyGuardTransient.sol";
import {ISubscriptions} from "../src/interfaces/ISubscriptions.sol";
import {Asset} from "../src/types/Billing.sol";
import {Network} from "./support/Network.sol";
import {FalseToken, FeeToken, HookToken, ITokenHook, PlainToken, SilentToken} from "./support/Tokens.sol";

/// @notice Accounts in a token, of all the kinds of tokens there are.
contract SubscriptionsTokensTest is Network, ITokenHook {
    uint256 private constant HAVE = 1_000e18;
    address private token;
    bytes private inner; // called on the router when the token's hook comes
    bytes private returned;

    function setUp() public {
        startCommittee(4, 0);
    }

    function take(address token_) private {
        token = token_;
        deployRouter(address(committee), token_);
        vm.assertEq(router.createSubscription(Asset.Token), 2);
        PlainToken(token_).mint(address(this), HAVE);
        PlainToken(token_).approve(address(router), HAVE);
    }

    function test_tokens_come_in_and_go_out() public {
        take(address(new PlainToken()));
        vm.expectEmit(address(router));
        emit ISubscriptions.SubscriptionFunded(2, address(this), 100e18);
        router.fundWithToken(2, 100e18);
        check(100e18, 100e18);
        router.withdrawBalance(2, 40e18, address(0xcafe));
        check(60e18, 60e18);
        vm.assertEq(IERC20(token).balanceOf(address(0xcafe)), 40e18);
        router.cancelSubscription(2, address(0xcafe));
        vm.assertEq(IERC20(token).balanceOf(address(0xcafe)), 100e18);
        vm.assertEq(IERC20(token).balanceOf(address(router)), 0);
    }

    function test_what_arrives_counts() public {
        take(address(new FeeToken()));
        vm.expectEmit(address(router));
        emit ISubscriptions.SubscriptionFunded(2, address(this), 99e18);
        router.fundWithToken(2, 100e18);
        check(99e18, 99e18);
    }

    function test_tokens_that_return_nothing_are_taken() public {
        take(address(new SilentToken()));
        router.fundWithToken(2, 100e18);
        check(100e18, 100e18);
        router.withdrawBalance(2, 100e18, address(0xcafe));
        check(0, 0);
    }

    function test_tokens_that_say_false_move_nothing() public {
        take(address(new FalseToken()));
        router.fundWithToken(2, 100e18);
        FalseToken(token).refuse(true);
        bytes memory failed = abi.encodeWithSelector(SafeERC20.SafeERC20FailedOperation.selector, token);
        vm.expectRevert(failed);
        router.fundWithToken(2, 1e18);
        vm.expectRevert(failed);
        router.withdrawBalance(2, 1e18, address(0xcafe));
        vm.expectRevert(failed);
        router.cancelSubscription(2, address(0xcafe));
        check(100e18, 100e18);
    }

    function test_funding_while_funding_is_refused() public {
        take(address(new HookToken()));
        HookToken(token).hook(true);
        inner = abi.encodeCall(ISubscriptions.fundWithToken, (2, 50e18));
        router.fundWithToken(2, 100e18);
        vm.assertEq(returned, abi.encodeWithSelector(ReentrancyGuardTransient.ReentrancyGuardReentrantCall.selector));
        check(100e18, 100e18);
    }

    /// @dev Taking tokens out while they come in makes less arrive, and only that counts.
    function test_withdrawing_while_funding_gains_nothing() public {
        take(address(new HookToken()));
        router.fundWithToken(2, 100e18);
        HookToken(token).hook(true);
        inner = abi.encodeCall(ISubscriptions.withdrawBalance, (2, 60e18, address(0xcafe)));
        router.fundWithToken(2, 100e18);
        vm.assertEq(IERC20(token).balanceOf(address(0xcafe)), 60e18);
        check(80e18, 140e18); // 60 are nobody's: the router holds more than it owes
    }

    function test_withdrawing_while_withdrawing_gains_nothing() public {
        take(address(new HookToken()));
        router.fundWithToken(2, 100e18);
        HookToken(token).hook(true);
        inner = abi.encodeCall(ISubscriptions.withdrawBalance, (2, 60e18, address(this)));
        router.withdrawBalance(2, 60e18, address(this));
        vm.assertEq(returned, abi.encodeWithSelector(ISubscriptions.InsufficientBalance.selector, 2, 40e18, 60e18));
        check(40e18, 40e18);
    }

    function test_each_subscription_takes_its_asset() public {
        take(address(new PlainToken()));
        vm.expectRevert(abi.encodeWithSelector(ISubscriptions.WrongAsset.selector, 1, Asset.Native));
        router.fundWithToken(1, 1);
        vm.expectRevert(abi.encodeWithSelector(ISubscriptions.WrongAsset.selector, 2, Asset.Token));
        router.fund{value: 1}(2);
        vm.expectRevert(abi.encodeWithSelector(ISubscriptions.WrongAsset.selector, 3, Asset.Token));
        router.createSubscription{value: 1}(Asset.Token);
        vm.expectRevert(abi.encodeWithSelector(ISubscriptions.UnknownSubscription.selector, 9));
        router.fundWithToken(9, 1);
        vm.expectRevert(abi.encodeWithSelector(ISubscriptions.BadAmount.selector, 0));
        router.fundWithToken(2, 0);
        PlainToken(token).mint(address(this), 1 << 96);
        PlainToken(token).approve(address(router), type(uint256).max);
        vm.expectRevert(abi.encodeWithSelector(ISubscriptions.BadAmount.selector, 1 << 96));
        router.fundWithToken(2, 1 << 96);
    }

    function test_a_router_without_a_token_takes_none() public {
        deployRouter(address(committee), address(0));
        vm.expectRevert(ISubscriptions.NoToken.selector);
        router.createSubscription(Asset.Token);
        vm.expectRevert(ISubscriptions.NoToken.selector);
        router.fundWithToken(1, 1);
    }

    function onToken(bool) external {
        bytes memory message = inner;
        if (message.length == 0) return;
        delete inner; // once
        (, returned) = address(router).call(message);
    }

    /// @dev The account's balance, and what the router holds.
    function check(uint256 balance, uint256 held) private view {
        vm.assertEq(router.subscriptionInfo(2).balance, balance);
        vm.assertEq(IERC20(token).balanceOf(address(router)), held);
    }
}
