// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {Committee} from "../src/Committee.sol";
import {ICommittee} from "../src/interfaces/ICommittee.sol";
import {Test} from "./support/Test.sol";

/// @notice A chain that has MCOPY but not EIP-2537: calls of the missing precompiles succeed and return nothing.
/// forge-config: default.evm_version = "cancun"
contract CancunTest is Test {
    function test_no_key_is_registered_where_nothing_can_check_it() public {
        Committee committee = new Committee(address(this));
        for (uint256 i; i < 16; ++i) {
            bytes memory key = bytes.concat(new bytes(255), bytes1(uint8(i + 1)));
            vm.expectRevert(ICommittee.BadPossession.selector);
            committee.register(address(1), bytes32(uint256(2)), key, new bytes(128), "x");
        }
    }
}
