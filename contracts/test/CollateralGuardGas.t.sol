// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {ICollateralGuard} from "../src/consumers/ICollateralGuard.sol";
import {IReceiver} from "../src/interfaces/IReceiver.sol";
import {Coin} from "./support/Coins.sol";
import {Market} from "./support/Market.sol";

/// @notice 200 accounts that a report will find unhealthy. They borrow in setUp, so that the callback finds every slot cold
/// and unchanged, as in a transaction of its own.
abstract contract Crowd is Market {
    uint256 internal constant COUNT = 200;
    uint256 internal constant FALLEN = PRICE * 91 / 100;

    function gather() internal {
        open(ROUTER, new Coin("gold"), new Coin("dollar"));
        tell(PRICE);
        for (uint256 i; i < COUNT; ++i) {
            borrow(account(i), ONE, 1_500 * UNIT);
        }
        pass(INTERVAL);
    }

    function list(uint256 price, uint256 count) internal view returns (bytes memory) {
        address[] memory accounts = new address[](count);
        for (uint256 i; i < count; ++i) {
            accounts[i] = account(i);
        }
        return report(price, accounts);
    }

    function account(uint256 i) internal pure returns (address) {
        return address(uint160(0x10_0000 + i));
    }

    function liquidated() internal view returns (uint256 found) {
        for (uint256 i; i < COUNT; ++i) {
            if (collateralOf(account(i)) < ONE) ++found;
        }
    }

    function most() internal view returns (uint256) {
        return uint256(market.CALLBACK_GAS()) * 9 / 10;
    }
}

contract CollateralGuardGasTest is Crowd {
    function setUp() public {
        gather();
    }

    function test_the_longest_list_of_liquidations_fits_the_callback() public {
        uint256 count = market.MAX_ACCOUNTS();
        bytes memory output = list(FALLEN, count);
        uint256 used = gasOf(address(market), output);
        vm.assertEq(liquidated(), count);
        vm.assertTrue(used < most(), vm.toString(used));
        checkBacked();
    }

    function test_more_accounts_than_fit_are_left_for_the_next_report() public {
        bytes memory output = list(FALLEN, COUNT);
        uint256 count = market.MAX_ACCOUNTS();
        vm.expectEmit(address(market));
        emit ICollateralGuard.ReportTaken(0, COUNT, count);
        push(address(market), output);
        vm.assertEq(liquidated(), count);
    }

    /// @dev The copy of a long list from calldata is the router's cost; the callback reads only what it handles.
    function test_a_long_list_costs_the_callback_no_more() public {
        bytes memory output = list(FALLEN, COUNT);
        uint256 used = gasOf(address(market), output);
        vm.assertTrue(used < most() + 8_000, vm.toString(used)); // the test's own call data
    }

    /// @dev Whatever gas a trigger gives: the price is taken, and as many accounts as fit.
    function testFuzz_with_little_gas_the_price_is_taken_and_fewer_accounts(uint256 supplied) public {
        bytes memory output = list(FALLEN, market.MAX_ACCOUNTS());
        supplied = bound(supplied, 80_000, 300_000);
        bytes memory data = metadata(BELIEVED, TRIGGER_OWNER);
        vm.prank(ROUTER);
        IReceiver(address(market)).onReport{gas: supplied}(data, output);
        vm.assertEq(uint256(market.price().value), FALLEN);
        vm.assertTrue(supplied < 120_000 || liquidated() != 0);
        checkBacked();
    }
}

contract CollateralGuardBadDebtGasTest is Crowd {
    function setUp() public {
        gather();
        while (market.price().value > PRICE / 2) tell(market.price().value * 91 / 100);
        pass(INTERVAL);
    }

    function test_accounts_that_end_with_bad_debt_fit_too() public {
        uint256 count = market.MAX_ACCOUNTS();
        bytes memory output = list(market.price().value, count);
        uint256 used = gasOf(address(market), output);
        vm.assertEq(debtOf(account(count - 1)), 0);
        vm.assertEq(collateralOf(account(count - 1)), 0);
        vm.assertTrue(used < most(), vm.toString(used));
        checkBacked();
    }
}
