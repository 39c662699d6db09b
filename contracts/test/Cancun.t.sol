// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {Committee} from "../src/Committee.sol";
import {ICommittee} from "../src/interfaces/ICommittee.sol";
import {Test} from "./support/Test.sol";

/// @notice A chain that has MCOPY but not EIP-2537: calls of the missing precompiles succeed and return nothing.
/// forge-config: default.evm_version = "cancun"
contract CancunTest is Test {
    function test_no_key_is_registered_where_nothing_can_check_it() public {
        Committee committee = new Committee(address(this), 0, 0);
        for (uint256 i; i < 16; ++i) {
            bytes memory key = bytes.concat(new bytes(255), bytes1(uint8(i + 1)));
            (bytes32 r, bytes32 vs) = vm.signCompact(1, committee.possessionDigest(address(this), key));
            vm.expectRevert(ICommittee.BadPossession.selector);
            committee.register(vm.addr(1), bytes.concat(r, vs), bytes32(uint256(2)), key, new bytes(128), "x");
        }
    }
}
