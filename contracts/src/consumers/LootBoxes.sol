// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {Arrays} from "@openzeppelin/contracts/utils/Arrays.sol";
import {Randomness} from "../libraries/Randomness.sol";
import {Box, ILootBoxes, Opening} from "./ILootBoxes.sol";
import {Payouts} from "./Payouts.sol";
import {SeedSource} from "./SeedSource.sol";

/// @notice Loot boxes with items of given weights.
abstract contract LootBoxes is ILootBoxes, SeedSource, Payouts {
    using Arrays for uint256[];
    using Randomness for Randomness.Stream;

    uint256 public constant MAX_ITEMS = 256; // found in eight steps
    uint256 public constant MAX_BOXES = 50; // each may cost a claim 22,100 for a first item of its kind

    uint256 private _count;
    mapping(uint256 boxId => Box) private _boxes;
    mapping(uint256 boxId => uint256[]) private _cumulative; // weight of an item and all before it
    mapping(bytes32 opening => Opening) private _openings;
    /// @inheritdoc ILootBoxes
    mapping(uint256 boxId => mapping(address player => mapping(uint256 item => uint256))) public itemsOf;

    /// @inheritdoc ILootBoxes
    function createBox(uint96 price, uint32 delay, uint32[] calldata weights) public virtual returns (uint256 boxId) {
        if (!_takesDelay(delay) || delay > MAX_DELAY) revert BadDelay(delay);
        if (weights.length > MAX_ITEMS) revert BadWeights();
        boxId = ++_count;
        uint256 sum;
        for (uint256 i; i < weights.length; ++i) {
            sum += weights[i];
            _cumulative[boxId].push(sum);
        }
        if (sum == 0) revert BadWeights();
        _boxes[boxId] = Box(msg.sender, price, delay, sum);
        emit BoxCreated(boxId, msg.sender, price, delay, weights);
    }

    /// @inheritdoc ILootBoxes
    function open(uint256 boxId, uint32 count) external payable returns (bytes32 opening) {
        Box memory kind = box(boxId);
        if (count == 0 || count > MAX_BOXES) revert BadCount(count);
        uint256 price = uint256(kind.price) * count;
        if (msg.value != price) revert WrongPayment(msg.value, price);
        opening = _fixSeed(kind.delay);
        _openings[opening] = Opening(msg.sender, uint64(block.timestamp + kind.delay), count, boxId);
        emit BoxesOpened(opening, boxId, msg.sender, count);
    }

    /// @inheritdoc ILootBoxes
    function claim(bytes32 opening, bytes calldata proof) external returns (uint256[] memory items) {
        Opening memory opened = openingOf(opening);
        delete _openings[opening];
        bytes32 seed = _openSeed(opening, proof);
        Box memory kind = _boxes[opened.boxId];
        owed[kind.owner] += uint256(kind.price) * opened.count;
        items = new uint256[](opened.count);
        Randomness.Stream memory stream = Randomness.Stream(seed, 0);
        for (uint256 i; i < items.length; ++i) {
            items[i] = _cumulative[opened.boxId].upperBound(stream.below(kind.weights));
            ++itemsOf[opened.boxId][opened.player][items[i]];
        }
        emit BoxesClaimed(opening, opened.player, seed, items);
    }

    /// @inheritdoc ILootBoxes
    function abandonOpening(bytes32 opening) external {
        Opening memory opened = openingOf(opening);
        uint256 until = opened.seedTime + PATIENCE;
        if (block.timestamp < until) revert TooEarly(until);
        delete _openings[opening];
        uint256 amount = uint256(_boxes[opened.boxId].price) * opened.count;
        owed[opened.player] += amount;
        emit OpeningAbandoned(opening, opened.player, amount);
    }

    /// @inheritdoc ILootBoxes
    function box(uint256 boxId) public view returns (Box memory found) {
        found = _boxes[boxId];
        if (found.owner == address(0)) revert UnknownBox(boxId);
    }

    /// @inheritdoc ILootBoxes
    function openingOf(bytes32 opening) public view returns (Opening memory found) {
        found = _openings[opening];
        if (found.player == address(0)) revert UnknownOpening(opening);
    }
}
