// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {IdentityGate} from "../src/consumers/IdentityGate.sol";
import {IIdentityGate} from "../src/consumers/IIdentityGate.sol";
import {Payouts} from "../src/consumers/Payouts.sol";
import {Test} from "./support/Test.sol";

/// @notice Owes its maker what it was made with.
contract Owing is Payouts {
    constructor() payable {
        owed[msg.sender] = msg.value;
    }
}

/// @notice A call with coins to the zero address succeeds, and burns them.
contract PaidToNobodyTest is Test {
    function test_payouts_are_not_burnt() public {
        Owing owing = new Owing{value: 1 ether}();
        vm.expectRevert(abi.encodeWithSelector(Payouts.PaymentFailed.selector, address(0)));
        owing.withdraw(address(0));
        vm.assertEq(owing.owed(address(this)), 1 ether);
    }

    function test_fees_are_not_burnt() public {
        IdentityGate gate = new IdentityGate(address(1), address(this), keccak256("function"), 1 days);
        vm.deal(address(gate), 1 ether);
        vm.expectRevert(abi.encodeWithSelector(IIdentityGate.PaymentFailed.selector, address(0)));
        gate.withdrawFees(address(0));
        vm.assertEq(address(gate).balance, 1 ether);
    }
}
