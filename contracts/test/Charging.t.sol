// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {IRouter} from "../src/interfaces/IRouter.sol";
import {Billing} from "../src/libraries/Billing.sol";
import {PackedReports} from "../src/libraries/PackedReports.sol";
import {Asset, Charge, Subscription} from "../src/types/Billing.sol";
import {PriceSlot, packPrices} from "../src/types/PriceSlot.sol";
import {Charged} from "./support/Charged.sol";
import {Recorder} from "./support/Consumers.sol";
import {EmptyConsumer} from "./support/EmptyConsumer.sol";
import {FUNCTION} from "./support/Functions.sol";

/// @notice What a delivery charges: the formula, its caps, and what goes back.
contract ChargingTest is Charged {
    uint256 private constant BASE_FEE = 10 gwei;
    uint32 private constant GAS_LIMIT = 200_000;
    Recorder private consumer;
    EmptyConsumer private empty;
    PriceSlot private packed;

    function setUp() public {
        start(4);
        consumer = new Recorder(address(router));
        empty = new EmptyConsumer(address(router));
        sponsor(address(consumer));
        packed = packPrices(prices(false));
        vm.fee(BASE_FEE);
        vm.txGasPrice(BASE_FEE);
    }

    /// @dev Whatever ran, at whatever price: the work is the formula's, the gas a whole number of gas at the price that
    /// counts, and every wei is accounted for.
    function testFuzz_a_charge_is_the_formula(uint64 fuelUsed, uint16 slots, uint256 baseFee, uint256 paid) public {
        fuelUsed = uint64(bound(fuelUsed, 0, 200_000_000));
        slots = uint16(bound(slots, 0, 5));
        bytes32 id = consumer.ask("", GAS_LIMIT);
        uint256 held = router.pending(id).reserved;
        baseFee = bound(baseFee, 1, 2 * BASE_FEE);
        paid = bound(paid, baseFee, 10 * BASE_FEE);
        vm.fee(baseFee);
        vm.txGasPrice(paid);
        Charge memory taken = charge(ran(id, fuelUsed, slots, OUTPUT), OUTPUT);
        vm.assertEq(uint256(taken.work) + taken.gasCost + taken.refund, held);
        vm.assertEq(taken.work, Billing.work(packed, fuelUsed, slots));
        uint256 price = paid < baseFee + 3 gwei ? paid : baseFee + 3 gwei;
        uint256 gasUsed = gasOf(taken, price);
        vm.assertEq(taken.gasCost, Billing.gasCost(packed, gasUsed, price));
        vm.assertTrue(gasUsed > 21_000 && gasUsed < 250_000 + GAS_LIMIT);
        check(FUNDS - taken.work - taken.gasCost, 0);
        (uint256 work, uint256 gasCost) = router.unsettled(1, Asset.Native, address(this), quorumBitmap());
        vm.assertEq(work, taken.work);
        vm.assertEq(gasCost, taken.gasCost);
    }

    /// @dev A payer of gas that bids high, or whose builder gives the tip back, gets the base fee and the largest tip.
    function test_a_gas_price_beyond_the_largest_tip_is_not_charged() public {
        bytes32 id = consumer.ask("", GAS_LIMIT);
        uint256 state = vm.snapshotState();
        vm.txGasPrice(BASE_FEE + 3 gwei);
        Charge memory usual = charge(id);
        vm.revertToState(state);
        vm.txGasPrice(1_000 * BASE_FEE);
        vm.assertEq(charge(id).gasCost, usual.gasCost);
        vm.revertToState(state);
        vm.txGasPrice(BASE_FEE + 3 gwei - 1);
        vm.assertTrue(charge(id).gasCost < usual.gasCost);
    }

    function test_a_charge_ends_at_what_was_held_and_the_signers_come_first() public {
        bytes32 id = consumer.ask("", GAS_LIMIT);
        uint256 held = router.pending(id).reserved;
        vm.fee(100 * BASE_FEE);
        vm.txGasPrice(100 * BASE_FEE);
        Charge memory taken = charge(ran(id, 200_000_000, 5, OUTPUT), OUTPUT);
        uint256 work = Billing.work(packed, 200_000_000, 5);
        vm.assertEq(taken.work, work);
        vm.assertEq(taken.gasCost, held - work);
        vm.assertEq(taken.refund, 0);
        check(FUNDS - held, 0);
    }

    /// @dev Members that all lie about fuel take what was held and no more.
    function testFuzz_a_charge_never_exceeds_the_reservation(uint64 fuelUsed, uint16 slots, uint256 baseFee) public {
        bytes32 id = consumer.ask("", GAS_LIMIT);
        bytes32 other = consumer.ask("", GAS_LIMIT);
        uint256 held = router.pending(id).reserved;
        vm.fee(bound(baseFee, 1, 1 ether));
        vm.txGasPrice(type(uint64).max);
        Charge memory taken = charge(ran(id, fuelUsed, slots, OUTPUT), OUTPUT);
        vm.assertTrue(taken.work <= held);
        vm.assertEq(uint256(taken.work) + taken.gasCost + taken.refund, held);
        check(FUNDS - 2 * held + taken.refund, held); // the other request's part is untouched
        vm.assertEq(router.pending(other).reserved, held);
    }

    function test_a_trap_is_charged_all_its_fuel_and_fits_the_quote() public {
        bytes32 id = consumer.ask("", GAS_LIMIT);
        Charge memory taken = charge(ran(id, 200_000_000, 5, OUTPUT), OUTPUT);
        vm.assertEq(taken.work, 200 * 6 * 100 gwei + 5 * 2_000 gwei);
        vm.assertTrue(taken.refund != 0);
    }

    function test_a_timeout_gives_everything_back() public {
        bytes32 id = consumer.ask("", GAS_LIMIT);
        uint256 held = router.pending(id).reserved;
        check(FUNDS - held, held);
        vm.warp(block.timestamp + 300);
        vm.expectEmit(address(router));
        emit IRouter.Expired(id, address(consumer), held);
        router.expire(id);
        check(FUNDS, 0);
    }

    function test_a_late_delivery_charges_nobody() public {
        bytes32 id = consumer.ask("", GAS_LIMIT);
        uint256 held = router.pending(id).reserved;
        vm.warp(block.timestamp + 300);
        vm.expectEmit(address(router));
        emit IRouter.Skipped(id, IRouter.SkipReason.Expired);
        deliver(0, id, 0, OUTPUT);
        check(FUNDS - held, held);
        router.expire(id);
        deliver(0, id, 0, OUTPUT);
        check(FUNDS, 0);
        vm.assertEq(consumer.calls(), 0);
        (uint256 work, uint256 gasCost) = router.unsettled(1, Asset.Native, address(this), quorumBitmap());
        vm.assertEq(work + gasCost, 0);
    }

    /// @dev EIP-7623: a transaction pays for its data at least 10 gas a zero byte and 40 for others. A delivery's own gas
    /// would be less for a long output that its consumer ignores.
    function test_a_long_output_bears_at_least_what_its_data_costs() public {
        sponsor(address(empty));
        uint256 dense = gasOfOutput(4_000, 4_000);
        vm.assertTrue(dense > 21_000 + 40 * (4_000 + 115) && dense < 30_000 + 40 * (4_000 + 115 + 208));
        vm.assertEq(dense - gasOfOutput(4_000, 3_001), 30 * 999);
        uint256 sparse = gasOfOutput(4_000, 0);
        vm.assertTrue(sparse > 21_000 + 16 * 4_000 && sparse < dense - 40_000);
        vm.assertTrue(gasOfOutput(256, 256) < 100_000); // no floor: 16 gas a byte
    }

    function testFuzz_bytes_that_are_not_zero_are_counted(bytes calldata data, uint8 sparse) public view {
        bytes memory thinned = data;
        uint256 expected;
        for (uint256 i; i < thinned.length; ++i) {
            if (sparse != 0 && i % sparse == 0) thinned[i] = 0;
            if (thinned[i] != 0) ++expected;
        }
        vm.assertEq(this.count(thinned), expected);
    }

    function count(bytes calldata data) external pure returns (uint256) {
        return PackedReports.countNonZero(data);
    }

    function gasOfOutput(uint256 length, uint256 dense) private returns (uint256) {
        bytes memory output = new bytes(length);
        for (uint256 i; i < dense; ++i) {
            output[i] = bytes1(uint8(i % 255 + 1));
        }
        vm.prank(address(empty));
        bytes32 id = router.request(1, FUNCTION, "", GAS_LIMIT);
        return gasOf(charge(ran(id, 0, 0, output), output), BASE_FEE);
    }

    function check(uint256 balance, uint256 reserved) private view {
        Subscription memory info = router.subscriptionInfo(1);
        vm.assertEq(info.balance, balance);
        vm.assertEq(info.reserved, reserved);
    }
}
