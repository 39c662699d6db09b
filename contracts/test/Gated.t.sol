// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {Gated} from "../src/consumers/Gated.sol";
import {GatedClaim} from "../src/consumers/GatedClaim.sol";
import {IdentityGate} from "../src/consumers/IdentityGate.sol";
import {Coin} from "./support/Coins.sol";
import {FUNCTION} from "./support/Functions.sol";
import {Network} from "./support/Network.sol";

/// @notice A pass at work, and what the callback that grants it costs.
contract GatedTest is Network {
    bytes32 private constant POLICY = keccak256("policy");
    bytes32 private constant PERSON = keccak256("person");
    address private constant ALICE = address(0xa11ce);

    IdentityGate private gate;
    GatedClaim private claims;
    Coin private coin;
    bytes32 private id;

    function setUp() public {
        start(4);
        gate = new IdentityGate(address(router), address(this), FUNCTION, DELAY);
        sponsor(address(gate));
        gate.setSubscription(SUBSCRIPTION);
        gate.openPolicy(POLICY, 90 days);
        coin = new Coin("coin");
        claims = new GatedClaim(gate, POLICY, coin, 10);
        coin.mint(address(claims), 100);
        vm.prank(ALICE);
        id = gate.request(POLICY, "sealed");
    }

    function test_a_person_claims_once_while_its_pass_lasts() public {
        expectRefusal();
        grant();
        vm.prank(ALICE);
        claims.claim();
        vm.assertEq(coin.balanceOf(ALICE), 10);
        vm.prank(ALICE);
        vm.expectRevert(abi.encodeWithSelector(GatedClaim.AlreadyClaimed.selector, PERSON));
        claims.claim();
        vm.warp(block.timestamp + 31 days);
        expectRefusal();
    }

    function test_who_revoked_is_not_verified() public {
        grant();
        vm.prank(ALICE);
        gate.revoke(POLICY);
        expectRefusal();
    }

    function test_the_dearest_callback_leaves_a_third_of_its_gas() public {
        bytes memory output = abi.encode(ALICE, POLICY, true, block.timestamp + 30 days, PERSON);
        vm.prank(address(router));
        uint256 before = gasleft();
        gate.handleFulfillment(id, output, "");
        uint256 used = before - gasleft();
        vm.assertTrue(gate.isVerified(ALICE, POLICY));
        vm.assertTrue(used < uint256(gate.CALLBACK_GAS()) * 2 / 3, vm.toString(used));
    }

    function grant() private {
        deliver(0, id, 0, abi.encode(ALICE, POLICY, true, block.timestamp + 30 days, PERSON));
    }

    function expectRefusal() private {
        vm.prank(ALICE);
        vm.expectRevert(abi.encodeWithSelector(Gated.NotVerified.selector, ALICE, POLICY));
        claims.claim();
    }
}
