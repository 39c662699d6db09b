// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {ChainBeacon} from "../../src/ChainBeacon.sol";
import {ILootBoxes} from "../../src/consumers/ILootBoxes.sol";
import {IRaffles, RaffleTerms} from "../../src/consumers/IRaffles.sol";
import {Bls12381} from "../../src/libraries/Bls12381.sol";
import {Digests} from "../../src/libraries/Digests.sol";
import {Bls} from "./Bls.sol";
import {Network} from "./Network.sol";
import {Rounds} from "./Rounds.sol";

/// @notice A network whose committee registered a key of draws, of which the test holds the secret; games on it.
abstract contract Drawing is Network {
    uint256 internal constant GROUP = 77;
    uint32 internal constant LEAST_DELAY = 30;
    bytes32 internal constant ANSWER = keccak256("what the function answered");
    address internal constant PLAYER = address(0xb0b);

    ChainBeacon internal beacon;
    RaffleTerms internal terms;

    function startDrawing() internal {
        start(4);
        beacon = Rounds.beacon(LEAST_DELAY);
        registerKey(GROUP);
        terms = RaffleTerms(0.01 ether, uint64(time()) + 1 days, 0, 3, 1_000);
        vm.deal(PLAYER, 1_000 ether);
    }

    /// @dev For the current epoch, signed by its quorum.
    function registerKey(uint256 group) internal {
        uint64 epoch = committee.currentEpoch();
        bytes memory key = Bls.publicKey(group);
        bytes32 digest = Digests.drawKey(address(router), address(committee), epoch, keccak256(key), "dkg");
        bytes memory signed = prove(0, digest, quorumBitmap());
        beacon.registerDrawKey(address(router), address(committee), epoch, key, "dkg", 0, signed);
    }

    function drawOf(bytes32 requestId) internal view returns (bytes memory) {
        return drawBy(GROUP, requestId, 0);
    }

    function drawBy(uint256 group, bytes32 requestId, uint32 ordinal) internal view returns (bytes memory) {
        return Bls.sign(group, Digests.draw(address(router), requestId, ordinal), Bls12381.DRAW_DST);
    }

    /// @dev What the function's first draw is, computed apart.
    function valueOf(bytes32 requestId) internal view returns (bytes32) {
        return keccak256(this.compress(drawOf(requestId)));
    }

    function compress(bytes calldata point) external pure returns (bytes memory) {
        return Bls12381.compress(point);
    }

    /// @dev A raffle of 8,200 tickets, 10 * (i + 1) of them buyer i's, whose sale is over.
    function sell(IRaffles raffles) internal returns (uint256 raffleId) {
        terms.salesEnd = uint64(time()) + 1 days;
        raffleId = raffles.createRaffle{value: 5 ether}(terms);
        for (uint256 i; i < 40; ++i) {
            uint64 count = uint64(10 * (i + 1));
            address buyer = address(uint160(0xb000 + i));
            vm.deal(buyer, terms.price * count);
            vm.prank(buyer);
            raffles.buy{value: terms.price * count}(raffleId, count);
        }
        vm.warp(terms.salesEnd);
    }

    /// @dev Such a raffle closed by a stranger, and its request.
    function close(IRaffles raffles) internal returns (uint256 raffleId, bytes32 requestId) {
        raffleId = sell(raffles);
        vm.prank(address(0xbad));
        raffles.close(raffleId);
        requestId = raffles.raffle(raffleId).commitment;
    }

    /// @dev A kind of box with items of weights 1, 0, 9 and 90.
    function createBox(ILootBoxes boxes, uint32 delay) internal returns (uint256) {
        uint32[] memory weights = new uint32[](4);
        (weights[0], weights[2], weights[3]) = (1, 9, 90);
        return boxes.createBox(1 ether, delay, weights);
    }

    function open(ILootBoxes boxes, uint256 boxId, uint32 count) internal returns (bytes32) {
        vm.prank(PLAYER);
        return boxes.open{value: count * 1 ether}(boxId, count);
    }

    /// @dev The request's deadline has passed and nobody answered.
    function expire(bytes32 requestId) internal {
        vm.warp(router.pending(requestId).deadline);
        router.expire(requestId);
    }
}
