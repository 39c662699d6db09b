// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {Test} from "../support/Test.sol";
import {Checks} from "./Checks.sol";

/// @notice Router and committee under everything that everyone may do, in any order.
/// @dev No action may revert (`fail_on_revert`): what must fail is tried inside, where its error is compared.
contract RouterInvariantsTest is Test {
    struct FuzzSelector {
        address addr;
        bytes4[] selectors;
    }

    uint256 private constant STEPS = 3_000;

    Checks private world;

    function setUp() public {
        world = new Checks();
        world.setUp();
    }

    /// @dev forge calls these and nothing else.
    function targetSelectors() public view returns (FuzzSelector[] memory targets) {
        targets = new FuzzSelector[](1);
        targets[0] = FuzzSelector(address(world), actions());
    }

    function targetContracts() public view returns (address[] memory targets) {
        targets = new address[](1);
        targets[0] = address(world);
    }

    /// @dev Who calls the handler is nobody to the contracts. forge gives senders it chooses coins, the router among them.
    function targetSenders() public pure returns (address[] memory senders) {
        senders = new address[](1);
        senders[0] = address(0x5e4de6);
    }

    function invariant_the_router_holds_exactly_what_it_owes() public view {
        world.checkHoldings();
    }

    function invariant_balances_move_by_events_of_those_entitled_alone() public view {
        world.checkAccounts();
    }

    function invariant_a_request_closes_once_and_reservations_are_those_of_open_ones() public view {
        world.checkRequests();
    }

    function invariant_epochs_keep_their_quorum() public view {
        world.checkEpochs();
    }

    function invariant_stake_is_conserved() public view {
        world.checkStake();
    }

    /// @dev forge calls it once at the end of each run.
    function afterInvariant() public {
        vm.assertTrue(world.reached("actions") > 0); // forge shrinks a failing run to what is needed: it did something
        world.windUp();
    }

    /// @dev One long run with a fixed seed, so that no action and no outcome of one is only thought to be tried.
    function test_the_actions_reach_every_outcome() public {
        bytes4[] memory selectors = actions();
        for (uint256 i; i < STEPS; ++i) {
            uint256 seed = uint256(keccak256(abi.encode("step", i)));
            (bool done, bytes memory returned) =
                address(world).call(abi.encodeWithSelector(selectors[seed % selectors.length], seed));
            vm.assertTrue(done, string(returned));
            if (i % 50 == 0) checkAll();
        }
        checkAll();
        string[30] memory outcomes = [
            "requested", "requested for tokens", "delivered", "delivered in vain", "delivered a trap", "charged all",
            "callback failed", "expired", "skipped: closed", "skipped: expired", "skipped: other epoch", "repeated",
            "delivery by ecdsa", "delivery by bls", "refused", "re-entered", "settled", "earnings withdrawn", "funded",
            "funded with tokens", "transferred", "consumer changed", "balance withdrawn", "cancelled", "paused",
            "prices changed", "rate changed", "epoch changed", "slashed", "slashed funds withdrawn"
        ];
        for (uint256 i; i < outcomes.length; ++i) {
            vm.assertTrue(world.reached(outcomes[i]) > 0, outcomes[i]);
        }
        vm.assertTrue(world.reached("stake withdrawn") > 0 && world.reached("epoch without some") > 0);
        world.windUp();
    }

    function checkAll() private view {
        world.checkHoldings();
        world.checkAccounts();
        world.checkRequests();
        world.checkEpochs();
        world.checkStake();
    }

    function actions() private view returns (bytes4[] memory selectors) {
        bytes4[26] memory all = [
            world.ask.selector, world.ask.selector, world.ask.selector, world.ask.selector, world.ask.selector,
            world.deliver.selector, world.deliver.selector, world.deliver.selector, world.tell.selector, world.tell.selector,
            world.repeat.selector, world.expire.selector, world.pass.selector, world.createAccount.selector,
            world.fund.selector, world.takeBalance.selector, world.cancelAccount.selector, world.changeConsumers.selector,
            world.handOver.selector, world.meddle.selector, world.settle.selector, world.takeEarnings.selector,
            world.pause.selector, world.setLimits.selector, world.changePrices.selector, world.changeRate.selector
        ];
        bytes4[5] memory ofCommittee = [
            world.changeEpoch.selector, world.stake.selector, world.exit.selector, world.slash.selector,
            world.takeSlashed.selector
        ];
        selectors = new bytes4[](all.length + ofCommittee.length);
        for (uint256 i; i < selectors.length; ++i) {
            selectors[i] = i < all.length ? all[i] : ofCommittee[i - all.length];
        }
    }
}
