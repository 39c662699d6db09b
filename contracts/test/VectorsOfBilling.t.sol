// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {Billing} from "../src/libraries/Billing.sol";
import {Charge, Limits, Prices} from "../src/types/Billing.sol";
import {PriceSlot, packPrices} from "../src/types/PriceSlot.sol";
import {Test} from "./support/Test.sol";

/// @notice Quotes and charges as fixtures/vectors/billing.json has them; executor/model/billing.py reads the same file.
contract VectorsOfBillingTest is Test {
    string private json;

    function test_quotes_and_charges_are_the_vectors() public {
        json = vm.readFile("../fixtures/vectors/billing.json");
        uint256 count;
        for (; vm.keyExistsJson(json, key(count, "")); ++count) {
            Prices memory prices = pricesAt(count);
            PriceSlot packed = packPrices(prices);
            vm.assertEq(keccak256(abi.encode(packed.unpack(prices.tokenRate))), keccak256(abi.encode(prices)));
            uint256 rate = number(count, ".asset") == 1 ? prices.tokenRate : 0;
            vm.assertEq(quote(count, packed, rate), number(count, ".request.maxCost"), key(count, ""));
            Charge memory taken = charge(count, packed, rate);
            vm.assertEq(taken.work, number(count, ".charge.work"), key(count, ""));
            vm.assertEq(taken.gasCost, number(count, ".charge.gasCost"), key(count, ""));
            vm.assertEq(taken.refund, number(count, ".charge.refund"), key(count, ""));
        }
        vm.assertEq(count, 40);
    }

    function quote(uint256 row, PriceSlot prices, uint256 rate) private view returns (uint256 cost) {
        Limits memory limits = Limits({
            fuel: uint64(number(row, ".request.limits.fuel")),
            observations: uint16(number(row, ".request.limits.observations")),
            outputBytes: uint32(number(row, ".request.limits.outputBytes"))
        });
        uint256 callbackGas = number(row, ".request.callbackGasLimit");
        cost = Billing.maxCost(prices, limits, callbackGas, number(row, ".request.baseFee"));
        if (rate != 0) cost = Billing.toToken(cost, rate);
    }

    function charge(uint256 row, PriceSlot prices, uint256 rate) private view returns (Charge memory) {
        uint256 gasPrice = Billing.gasPrice(
            prices, number(row, ".delivery.paid"), number(row, ".delivery.baseFee")
        );
        vm.assertEq(gasPrice, number(row, ".delivery.gasPrice"), key(row, ""));
        return Billing.charge(
            prices,
            rate,
            number(row, ".delivery.held"),
            number(row, ".delivery.fuelUsed"),
            number(row, ".delivery.slots"),
            number(row, ".delivery.gasUsed"),
            gasPrice
        );
    }

    function pricesAt(uint256 row) private view returns (Prices memory) {
        return Prices({
            fuelPrice: uint64(number(row, ".prices.fuelPrice")),
            slotPrice: uint64(number(row, ".prices.slotPrice")),
            deliveryGas: uint32(number(row, ".prices.deliveryGas")),
            maxTip: uint32(number(row, ".prices.maxTip")),
            headroom: uint16(number(row, ".prices.headroom")),
            premium: uint16(number(row, ".prices.premium")),
            tokenRate: uint128(number(row, ".prices.tokenRate"))
        });
    }

    function number(uint256 row, string memory name) private view returns (uint256) {
        return vm.parseJsonUint(json, key(row, name));
    }

    function key(uint256 row, string memory name) private pure returns (string memory) {
        return string.concat(".tests[", vm.toString(row), "]", name);
    }
}
