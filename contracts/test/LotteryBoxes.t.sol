// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {Beacon} from "../src/Beacon.sol";
import {Box, ILootBoxes, Opening} from "../src/consumers/ILootBoxes.sol";
import {Lottery} from "../src/consumers/Lottery.sol";
import {Payouts} from "../src/consumers/Payouts.sol";
import {IBeacon} from "../src/interfaces/IBeacon.sol";
import {Drand} from "../src/libraries/Drand.sol";
import {Randomness} from "../src/libraries/Randomness.sol";
import {Quicknet} from "./support/Quicknet.sol";
import {SeededLottery} from "./support/SeededLottery.sol";

contract LotteryBoxesTest is Quicknet {
    using Randomness for Randomness.Stream;

    address private constant OWNER = address(0x01);
    address private constant PLAYER = address(0xb0);
    Beacon private beacon;
    Lottery private lottery;

    function setUp() public {
        loadRounds();
        beacon = new Beacon();
        lottery = new Lottery(address(beacon));
        aim(FIRST);
        vm.deal(PLAYER, 100 ether);
    }

    /// @dev Items of weights 1, 0, 9 and 90.
    function createBox(ILootBoxes boxes) private returns (uint256) {
        uint32[] memory weights = new uint32[](4);
        (weights[0], weights[2], weights[3]) = (1, 9, 90);
        vm.prank(OWNER);
        return boxes.createBox(1 ether, DELAY, weights);
    }

    function open(ILootBoxes boxes, uint256 boxId, uint32 count) private returns (bytes32) {
        vm.prank(PLAYER);
        return boxes.open{value: count * 1 ether}(boxId, count);
    }

    function test_boxes_hold_what_a_published_round_says() public {
        uint256 boxId = createBox(lottery);
        bytes32 opening = open(lottery, boxId, 5);
        Opening memory opened = lottery.openingOf(opening);
        vm.assertEq(opened.player, PLAYER);
        vm.assertEq(opened.seedTime, Drand.timeOf(FIRST));
        vm.assertEq(beacon.roundOf(opening), FIRST);
        vm.prank(address(0xa11));
        uint256[] memory items = lottery.claim(opening, signatureOf(FIRST));
        (, bytes32 seed) = beacon.randomnessOf(opening);
        Randomness.Stream memory stream = Randomness.Stream(seed, 0);
        vm.assertEq(items.length, 5);
        uint256[4] memory counts;
        for (uint256 i; i < 5; ++i) {
            uint256 roll = stream.below(100);
            uint256 item = roll < 1 ? 0 : roll < 10 ? 2 : 3;
            vm.assertEq(items[i], item);
            ++counts[item];
        }
        for (uint256 i; i < 4; ++i) {
            vm.assertEq(lottery.itemsOf(boxId, PLAYER, i), counts[i]);
        }
        vm.assertEq(lottery.owed(OWNER), 5 ether);
    }

    function test_an_opening_is_claimed_once_and_only_by_its_round() public {
        bytes32 opening = open(lottery, createBox(lottery), 1);
        bytes memory signature = signatureOf(FIRST + 1);
        vm.expectRevert(abi.encodeWithSelector(IBeacon.BadRound.selector, FIRST));
        lottery.claim(opening, signature);
        signature = signatureOf(FIRST);
        lottery.claim(opening, signature);
        vm.expectRevert(abi.encodeWithSelector(ILootBoxes.UnknownOpening.selector, opening));
        lottery.claim(opening, signature);
        vm.assertEq(lottery.owed(OWNER), 1 ether);
    }

    function test_an_opening_revealed_at_the_beacon_is_claimed_without_proof() public {
        bytes32 opening = open(lottery, createBox(lottery), 1);
        beacon.reveal(opening, signatureOf(FIRST));
        lottery.claim(opening, "");
        vm.assertEq(lottery.owed(OWNER), 1 ether);
    }

    /// @dev A ticket that somebody else made at the beacon is no opening.
    function test_a_foreign_ticket_is_no_opening() public {
        createBox(lottery);
        (bytes32 ticket,) = beacon.commit(DELAY);
        bytes memory signature = signatureOf(FIRST);
        vm.expectRevert(abi.encodeWithSelector(ILootBoxes.UnknownOpening.selector, ticket));
        lottery.claim(ticket, signature);
    }

    /// @dev Each of the 100 rolls, by hand: items have exactly their weight of them, and the item of weight zero none.
    function testFuzz_an_item_comes_as_its_weight_says(bytes32 seed) public {
        SeededLottery seeded = new SeededLottery();
        uint256 boxId = createBox(seeded);
        uint256[] memory items = seeded.claim(open(seeded, boxId, 3), abi.encode(seed));
        Randomness.Stream memory stream = Randomness.Stream(seed, 0);
        for (uint256 i; i < 3; ++i) {
            uint256 roll = stream.below(100);
            vm.assertEq(items[i], roll < 1 ? 0 : roll < 10 ? 2 : 3);
        }
    }

    function test_every_box_pays_exactly_and_not_too_many_at_once() public {
        uint256 boxId = createBox(lottery);
        vm.expectRevert(abi.encodeWithSelector(Payouts.WrongPayment.selector, 1 ether, 2 ether));
        lottery.open{value: 1 ether}(boxId, 2);
        vm.expectRevert(abi.encodeWithSelector(ILootBoxes.BadCount.selector, 0));
        lottery.open(boxId, 0);
        vm.expectRevert(abi.encodeWithSelector(ILootBoxes.BadCount.selector, 51));
        lottery.open{value: 51 ether}(boxId, 51);
        vm.expectRevert(abi.encodeWithSelector(ILootBoxes.UnknownBox.selector, boxId + 1));
        lottery.open{value: 1 ether}(boxId + 1, 1);
    }

    function test_kinds_without_a_chance_are_refused() public {
        vm.expectRevert(ILootBoxes.BadWeights.selector);
        lottery.createBox(1 ether, DELAY, new uint32[](0));
        vm.expectRevert(ILootBoxes.BadWeights.selector);
        lottery.createBox(1 ether, DELAY, new uint32[](3));
        vm.expectRevert(ILootBoxes.BadWeights.selector);
        lottery.createBox(1 ether, DELAY, new uint32[](257));
        uint32[] memory weights = new uint32[](1);
        weights[0] = 1;
        vm.expectRevert(abi.encodeWithSelector(Payouts.BadDelay.selector, 29));
        lottery.createBox(1 ether, 29, weights);
        vm.expectRevert(abi.encodeWithSelector(Payouts.BadDelay.selector, 7 days + 1));
        lottery.createBox(1 ether, 7 days + 1, weights);
        uint256 boxId = lottery.createBox(1 ether, 7 days, weights);
        Box memory made = lottery.box(boxId);
        vm.assertEq(abi.encode(made), abi.encode(Box(address(this), 1 ether, 7 days, 1)));
    }

    /// @dev Until then the owner can claim, and is paid only for that; so a player who waits gains nothing.
    function test_an_opening_nobody_claims_is_paid_back_late_and_once() public {
        bytes32 opening = open(lottery, createBox(lottery), 4);
        uint256 until = Drand.timeOf(FIRST) + 30 days;
        vm.warp(until - 1);
        vm.expectRevert(abi.encodeWithSelector(Payouts.TooEarly.selector, until));
        lottery.abandonOpening(opening);
        vm.warp(until);
        lottery.abandonOpening(opening);
        vm.assertEq(lottery.owed(PLAYER), 4 ether);
        vm.assertEq(lottery.owed(OWNER), 0);
        vm.expectRevert(abi.encodeWithSelector(ILootBoxes.UnknownOpening.selector, opening));
        lottery.abandonOpening(opening);
        bytes memory signature = signatureOf(FIRST);
        vm.expectRevert(abi.encodeWithSelector(ILootBoxes.UnknownOpening.selector, opening));
        lottery.claim(opening, signature);
    }
}
