// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {IERC20} from "@openzeppelin/contracts/token/ERC20/IERC20.sol";
import {ConstantProductPool} from "../../src/consumers/ConstantProductPool.sol";
import {IConstantProductPool} from "../../src/consumers/IConstantProductPool.sol";
import {Bounds} from "../../src/consumers/IRebalancer.sol";
import {Rebalancer} from "../../src/consumers/Rebalancer.sol";
import {Coin, HookedCoin} from "./Coins.sol";
import {Pushed} from "./Pushed.sol";

/// @notice Two pools at 2,000 of the second token for one of the first, and a treasury of 100 and 200,000.
abstract contract Pools is Pushed {
    address internal constant TREASURY = address(0x7245);
    address internal constant PROVIDER = address(0x9401);
    address internal constant TRADER = address(0x74ad);
    uint256 internal constant PRICE = 2_000e36;

    HookedCoin internal coin0;
    HookedCoin internal coin1;
    ConstantProductPool internal poolA;
    ConstantProductPool internal poolB;
    Rebalancer internal rebalancer;

    function open(address router, bytes32 functionId) internal {
        vm.warp(NOW);
        (coin0, coin1) = (new HookedCoin(), new HookedCoin());
        if (address(coin0) > address(coin1)) (coin0, coin1) = (coin1, coin0);
        (poolA, poolB) = (pool(1_000 ether), pool(2_000 ether));
        IConstantProductPool[2] memory both = [IConstantProductPool(poolA), IConstantProductPool(poolB)];
        rebalancer = new Rebalancer(router, OWNER, functionId, TRIGGER_OWNER, DELAY, TREASURY, both, PRICE);
        coin0.mint(address(rebalancer), 100 ether);
        coin1.mint(address(rebalancer), 200_000 ether);
        vm.prank(OWNER);
        rebalancer.setBounds(standard());
    }

    function standard() internal pure returns (Bounds memory) {
        return Bounds(10 ether, 20_000 ether, 300, 100, 300);
    }

    function pool(uint256 amount) internal returns (ConstantProductPool made) {
        made = new ConstantProductPool(IERC20(address(coin0)), IERC20(address(coin1)));
        provide(made, PROVIDER, amount, amount * 2_000);
    }

    function provide(ConstantProductPool venue, address who, uint256 amount0, uint256 amount1) internal returns (uint256) {
        give(venue, coin0, who, amount0);
        give(venue, coin1, who, amount1);
        vm.prank(who);
        return venue.addLiquidity(amount0, amount1, 0);
    }

    function give(ConstantProductPool venue, Coin coin, address who, uint256 amount) internal {
        coin.mint(who, amount);
        vm.prank(who);
        coin.approve(address(venue), type(uint256).max);
    }

    function trade(ConstantProductPool venue, Coin coin, uint256 amount) internal returns (uint256) {
        give(venue, coin, TRADER, amount);
        vm.prank(TRADER);
        return venue.swap(IERC20(address(coin)), amount, 0, TRADER, block.timestamp);
    }

    function quoted(ConstantProductPool venue, Coin coin, uint256 amount) internal view returns (uint256) {
        return venue.quote(IERC20(address(coin)), amount);
    }

    /// @dev A report of a move: pool, direction, amount, least, deadline, number.
    function order(uint8 which, uint8 direction, uint256 amount, uint256 least) internal view returns (bytes memory) {
        return abi.encode(which, direction, amount, least, uint64(block.timestamp + 60), rebalancer.nonce());
    }
}
