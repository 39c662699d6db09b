// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {IERC20} from "@openzeppelin/contracts/token/ERC20/IERC20.sol";
import {PriceRules} from "../src/consumers/AttestedPrice.sol";
import {CollateralGuard} from "../src/consumers/CollateralGuard.sol";
import {ConstantProductPool} from "../src/consumers/ConstantProductPool.sol";
import {DynamicNft} from "../src/consumers/DynamicNft.sol";
import {ICollateralGuard} from "../src/consumers/ICollateralGuard.sol";
import {IConstantProductPool} from "../src/consumers/IConstantProductPool.sol";
import {IRebalancer, Bounds} from "../src/consumers/IRebalancer.sol";
import {Terms} from "../src/consumers/LendingMath.sol";
import {Rebalancer} from "../src/consumers/Rebalancer.sol";
import {IRouter} from "../src/interfaces/IRouter.sol";
import {Trigger} from "../src/interfaces/ITriggers.sol";
import {Digests} from "../src/libraries/Digests.sol";
import {Origin, Report} from "../src/types/Types.sol";
import {Coin} from "./support/Coins.sol";
import {FUNCTION} from "./support/Functions.sol";
import {Network} from "./support/Network.sol";
import {Vm} from "./support/Test.sol";
import {Triggered} from "./support/Triggered.sol";

/// @notice The consumers behind the real router: asked for and signed by a quorum, and pushed by a trigger.
contract ConsumersNetworkTest is Network, Triggered {
    uint64 private constant MATCH = 77;
    uint256 private constant PRICE = 2_000e36;

    Coin private coin0 = new Coin("first");
    Coin private coin1 = new Coin("second");
    IERC20 private token0;
    IERC20 private token1;

    function setUp() public {
        start(4);
        deployTriggers();
        if (address(coin0) > address(coin1)) (coin0, coin1) = (coin1, coin0);
        (token0, token1) = (IERC20(address(coin0)), IERC20(address(coin1)));
    }

    function test_a_match_is_pushed_by_a_trigger_of_the_owner_and_of_nobody_else() public {
        DynamicNft nft = new DynamicNft(address(router), address(this), FUNCTION, address(this), DELAY);
        nft.mint(ALICE, MATCH);
        bytes memory output =
            abi.encode(MATCH, block.timestamp * 1000, 1, 41, 2, 1, bytes32("Home"), bytes32("Away"));
        sponsor(EVE);
        bytes32 stranger = register(EVE, address(nft), 200_000);
        expectPushed(stranger, "a", output, false);
        vm.assertEq(uint256(nft.matchInfo(MATCH).minute), 0);
        bytes32 registration = register(address(this), address(nft), 200_000);
        expectPushed(registration, "a", output, true);
        vm.assertEq(uint256(nft.matchInfo(MATCH).minute), 41);
    }

    function test_positions_are_liquidated_on_request_and_by_a_trigger() public {
        CollateralGuard market = openMarket();
        market.setSubscription(SUBSCRIPTION);
        sponsor(address(market));
        bytes32 id = market.check();
        deliver(0, id, 0, abi.encode(PRICE, block.timestamp, new address[](0)));
        market.deposit(1 ether);
        market.borrow(1_500 ether);
        vm.expectRevert(abi.encodeWithSelector(ICollateralGuard.CheckedRecently.selector, block.timestamp + 60));
        market.check();
        vm.warp(block.timestamp + 60);
        address[] memory accounts = new address[](1);
        accounts[0] = address(this);
        bytes32 registration = register(address(this), address(market), 300_000);
        expectPushed(registration, "tick", abi.encode(PRICE * 91 / 100, block.timestamp, accounts), true);
        vm.assertTrue(market.holding(address(this)).debt < 751 ether);
        vm.assertTrue(market.holding(address(this)).collateral < 1 ether);
    }

    function test_a_treasury_trades_on_request_and_by_a_trigger() public {
        IConstantProductPool[2] memory pools = [openPool(1_000 ether), openPool(2_000 ether)];
        Rebalancer rebalancer = new Rebalancer(
            address(router), address(this), FUNCTION, address(this), DELAY, ALICE, pools, PRICE
        );
        rebalancer.setBounds(Bounds(10 ether, 20_000 ether, 60, 100, 300));
        coin0.mint(address(rebalancer), 100 ether);
        rebalancer.setSubscription(SUBSCRIPTION);
        sponsor(address(rebalancer));
        bytes32 id = rebalancer.rebalance();
        deliver(0, id, 0, abi.encode(1, 0, 10 ether, pools[1].quote(token0, 10 ether), block.timestamp, 0));
        vm.assertEq(uint256(rebalancer.nonce()), 1);
        vm.expectRevert(abi.encodeWithSelector(IRebalancer.RequestedRecently.selector, block.timestamp + 60));
        rebalancer.rebalance();
        vm.warp(block.timestamp + 60);
        bytes32 registration = register(address(this), address(rebalancer), 300_000);
        bytes memory output = abi.encode(0, 0, 5 ether, pools[0].quote(token0, 5 ether), block.timestamp, 1);
        expectPushed(registration, "tick", output, true);
        vm.assertEq(coin0.balanceOf(address(rebalancer)), 85 ether);
    }

    function openMarket() private returns (CollateralGuard market) {
        market = new CollateralGuard(
            address(router),
            address(this),
            FUNCTION,
            address(this),
            DELAY,
            CollateralGuard.Tokens(token0, token1),
            Terms(0, 7_500, 8_000, 500, 5_000, 9_500, 1 ether),
            PriceRules(uint192(PRICE), 600, 30, 1_000)
        );
        fill(address(market));
        market.supply(100_000 ether);
        market.fundReserve(10_000 ether);
    }

    function openPool(uint256 amount) private returns (IConstantProductPool pool) {
        pool = new ConstantProductPool(token0, token1);
        fill(address(pool));
        pool.addLiquidity(amount, amount * 2_000, 0);
    }

    function fill(address spender) private {
        coin0.mint(address(this), 10_000_000 ether);
        coin1.mint(address(this), 10_000_000 ether);
        coin0.approve(spender, type(uint256).max);
        coin1.approve(spender, type(uint256).max);
    }

    function register(address owner, address receiver, uint32 gasLimit) private returns (bytes32) {
        Trigger memory made = cron();
        (made.receiver, made.callbackGasLimit) = (receiver, gasLimit);
        vm.prank(owner);
        return triggers.register(made);
    }

    /// @dev Signs and pushes what a trigger caused, and expects whether its receiver takes it.
    function expectPushed(bytes32 registration, bytes memory cause, bytes memory output, bool taken) private {
        Origin[] memory origins = new Origin[](1);
        origins[0] = Origin(registration, keccak256(cause));
        bytes32 id = Digests.triggered(address(router), registration, FUNCTION, 1, origins[0].eventHash);
        Report memory r = report(id, 0, output);
        bytes memory proof = prove(0, router.attestationDigest(1, Digests.leaf(r)), quorumBitmap());
        vm.recordLogs();
        router.push(1, 0, pack(r, output), proof, origins);
        bool found;
        Vm.Log[] memory logs = vm.getRecordedLogs();
        for (uint256 i; i < logs.length; ++i) {
            if (logs[i].topics[0] != IRouter.Pushed.selector) continue;
            (, bool success) = abi.decode(logs[i].data, (uint8, bool));
            vm.assertEq(success, taken);
            found = true;
        }
        vm.assertTrue(found);
    }
}
