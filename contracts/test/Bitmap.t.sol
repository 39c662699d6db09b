// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {Bitmap} from "../src/libraries/Bitmap.sol";
import {Test} from "./support/Test.sol";

contract BitmapTest is Test {
    function testFuzz_every_bit_is_counted_once(uint256 bitmap) public pure {
        bitmap &= type(uint256).max >> 1;
        uint256 plain;
        for (uint256 i; i < 256; ++i) {
            plain += bitmap >> i & 1;
        }
        vm.assertEq(Bitmap.count(bitmap), plain);
    }

    function test_the_least_and_the_most() public pure {
        vm.assertEq(Bitmap.count(0), 0);
        vm.assertEq(Bitmap.count(type(uint256).max >> 1), 255);
    }
}
