// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {ICommittee} from "../src/interfaces/ICommittee.sol";
import {IEarnings} from "../src/interfaces/IEarnings.sol";
import {ISubscriptions} from "../src/interfaces/ISubscriptions.sol";
import {Digests} from "../src/libraries/Digests.sol";
import {Asset, Prices} from "../src/types/Billing.sol";
import {Report} from "../src/types/Types.sol";
import {EmptyConsumer} from "./support/EmptyConsumer.sol";
import {FUNCTION} from "./support/Functions.sol";
import {Network} from "./support/Network.sol";

/// @notice What signers and payers of gas earn.
contract EarningsTest is Network {
    uint256 private constant WORK = 12_345 * 2 * 100 gwei / 1e6 + 2_000 gwei; // of `Network.report`
    EmptyConsumer private consumer;

    function setUp() public {
        start(4);
        consumer = new EmptyConsumer(address(router));
        sponsor(address(consumer));
        sponsor(address(this));
    }

    function test_signers_share_what_they_earned_and_a_unit_stays() public {
        earn(7);
        vm.assertEq(pot(7), WORK);
        uint256 share = (WORK - 1) / 3;
        vm.expectEmit(address(router));
        emit IEarnings.Settled(1, Asset.Native, address(this), 7, share, 0);
        settle(7);
        for (uint256 member; member < 3; ++member) {
            vm.assertEq(earned(operators[member]), share);
        }
        vm.assertEq(earned(operators[3]), 0);
        vm.assertEq(pot(7), WORK - 3 * share);
        vm.assertTrue(pot(7) >= 1);
    }

    function test_settling_again_shares_nothing_more() public {
        earn(7);
        settle(7);
        uint256 share = earned(operators[0]);
        settle(7);
        uint256[] memory twice = new uint256[](2);
        (twice[0], twice[1]) = (7, 7);
        router.settle(1, Asset.Native, address(this), twice);
        vm.assertEq(earned(operators[0]), share);
    }

    function test_every_set_of_signers_has_a_pot_and_they_settle_together() public {
        earn(7);
        earn(14);
        earn(15);
        uint256[] memory all = new uint256[](4);
        (all[0], all[1], all[2], all[3]) = (7, 14, 15, 11); // nobody signed as 11
        router.settle(1, Asset.Native, address(this), all);
        uint256 third = (WORK - 1) / 3;
        uint256 quarter = (WORK - 1) / 4;
        vm.assertEq(earned(operators[0]), third + quarter);
        vm.assertEq(earned(operators[1]), 2 * third + quarter);
        vm.assertEq(earned(operators[3]), third + quarter);
    }

    function test_work_adds_up_in_a_pot_and_settles_again() public {
        earn(7);
        settle(7);
        earn(7);
        earn(7);
        settle(7);
        vm.assertEq(earned(operators[1]) * 3 + pot(7), 3 * WORK);
        vm.assertTrue(pot(7) <= 3);
    }

    /// @dev Bits that are nobody's would take shares that nobody gets.
    function testFuzz_a_bitmap_that_names_a_stranger_settles_nothing(uint256 strangers) public {
        earn(7);
        strangers = bound(strangers, 1, (1 << 252) - 1) << 4;
        vm.expectRevert(abi.encodeWithSelector(IEarnings.NotSigners.selector, 1, 7 | strangers));
        settle(7 | strangers);
        vm.assertEq(pot(7), WORK);
        vm.assertEq(pot(7 | strangers), 0);
    }

    function test_an_unknown_epoch_settles_nothing() public {
        vm.expectRevert(abi.encodeWithSelector(ICommittee.UnknownEpoch.selector, 2));
        router.settle(2, Asset.Native, address(this), new uint256[](1));
    }

    function test_an_epoch_pays_the_operators_it_began_with() public {
        earn(7);
        address[] memory turned = new address[](4);
        for (uint256 i; i < 4; ++i) {
            turned[i] = operators[3 - i];
        }
        startEpoch(turned);
        settle(7);
        vm.assertTrue(earned(operators[0]) != 0);
        vm.assertEq(earned(operators[3]), 0);
        uint256[] memory bitmaps = new uint256[](1);
        bitmaps[0] = 7;
        uint256 before = earned(operators[0]);
        router.settle(2, Asset.Native, address(this), bitmaps); // a pot of another epoch is another pot
        vm.assertEq(earned(operators[0]), before);
    }

    function test_earnings_are_paid_once_to_whom_the_earner_says() public {
        earn(7);
        settle(7);
        uint256 share = earned(operators[0]);
        vm.expectEmit(address(router));
        emit IEarnings.EarningsWithdrawn(operators[0], Asset.Native, address(0xcafe), share);
        vm.prank(operators[0]);
        vm.assertEq(router.withdrawEarnings(Asset.Native, address(0xcafe)), share);
        vm.assertEq(address(0xcafe).balance, share);
        vm.assertEq(earned(operators[0]), 0);
        vm.prank(operators[0]);
        vm.expectRevert(abi.encodeWithSelector(IEarnings.NothingEarned.selector, operators[0]));
        router.withdrawEarnings(Asset.Native, address(0xcafe));
    }

    function test_earnings_that_cannot_be_paid_are_kept() public {
        earn(7);
        settle(7);
        uint256 share = earned(operators[0]);
        vm.prank(operators[0]);
        vm.expectRevert(ISubscriptions.BadAddress.selector);
        router.withdrawEarnings(Asset.Native, address(0));
        vm.prank(operators[0]);
        vm.expectRevert(abi.encodeWithSelector(ISubscriptions.PaymentFailed.selector, address(router)));
        router.withdrawEarnings(Asset.Native, address(router));
        vm.assertEq(earned(operators[0]), share);
    }

    function test_an_asset_nothing_was_earned_in_pays_nothing() public {
        earn(7);
        settle(7);
        vm.prank(operators[0]);
        vm.expectRevert(abi.encodeWithSelector(IEarnings.NothingEarned.selector, operators[0]));
        router.withdrawEarnings(Asset.Token, operators[0]);
    }

    function test_withdrawing_again_while_being_paid_finds_nothing() public {
        vm.txGasPrice(1 gwei);
        earn(7); // this contract pays the gas
        settle(7);
        uint256 due = earned(address(this));
        vm.assertTrue(due != 0);
        uint256 before = address(this).balance;
        router.withdrawEarnings(Asset.Native, address(this));
        vm.assertEq(address(this).balance, before + due);
        vm.assertEq(inner, abi.encodeWithSelector(IEarnings.NothingEarned.selector, address(this)));
    }

    function test_gas_is_paid_to_who_delivered_even_where_work_is_free() public {
        Prices memory free = prices(false);
        (free.fuelPrice, free.slotPrice) = (0, 0);
        router.proposePrices(free);
        vm.warp(block.timestamp + DELAY);
        router.applyPrices(free);
        vm.txGasPrice(1 gwei);
        earn(7);
        (uint256 work, uint256 gasCost) = router.unsettled(1, Asset.Native, address(this), 7);
        vm.assertEq(work, 0);
        vm.assertTrue(gasCost != 0);
        settle(7);
        vm.assertEq(earned(address(this)), gasCost);
        settle(7);
        vm.assertEq(earned(address(this)), gasCost);
    }

    bytes private inner;

    receive() external payable {
        (, inner) = address(router).call(abi.encodeCall(IEarnings.withdrawEarnings, (Asset.Native, address(this))));
    }

    /// @dev One delivered report, signed by the members in `bitmap`.
    function earn(uint256 bitmap) private {
        bytes32 id = router.request(1, FUNCTION, "", 0);
        Report memory r = report(id, 0, "output");
        uint64 epoch = committee.currentEpoch();
        bytes memory proof = prove(0, router.attestationDigest(epoch, Digests.leaf(r)), bitmap);
        router.fulfill(epoch, 0, pack(r, "output"), proof);
    }

    function settle(uint256 bitmap) private {
        uint256[] memory bitmaps = new uint256[](1);
        bitmaps[0] = bitmap;
        router.settle(1, Asset.Native, address(this), bitmaps);
    }

    function pot(uint256 bitmap) private view returns (uint256) {
        (uint256 work,) = router.unsettled(1, Asset.Native, address(this), bitmap);
        return work;
    }

    function earned(address account) private view returns (uint256) {
        return router.earned(Asset.Native, account);
    }
}
