// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {Randomness} from "../src/libraries/Randomness.sol";
import {Quicknet} from "./support/Quicknet.sol";

contract RandomnessTest is Quicknet {
    using Randomness for Randomness.Stream;

    function setUp() public {
        loadRounds();
    }

    function test_streams_are_the_vectors() public view {
        uint256 rows;
        for (; vm.keyExistsJson(json, path(".streams", rows, "")); ++rows) {
            Randomness.Stream memory stream;
            stream.seed = vm.parseJsonBytes32(json, path(".streams", rows, ".seed"));
            uint256 count;
            for (; vm.keyExistsJson(json, path(path(".streams", rows, ".numbers"), count, "")); ++count) {
                string memory key = path(path(".streams", rows, ".numbers"), count, "");
                uint256 number = stream.below(vm.parseJsonUint(json, string.concat(key, ".n")));
                vm.assertEq(number, vm.parseJsonUint(json, string.concat(key, ".number")));
            }
            vm.assertEq(count, 19);
            vm.assertTrue(stream.used > count); // words were refused
        }
        vm.assertEq(rows, 3);
    }

    function test_samples_are_the_vectors() public view {
        uint256 rows;
        for (; vm.keyExistsJson(json, path(".samples", rows, "")); ++rows) {
            Randomness.Stream memory stream;
            stream.seed = vm.parseJsonBytes32(json, path(".samples", rows, ".seed"));
            uint256 n = vm.parseJsonUint(json, path(".samples", rows, ".n"));
            uint256 count = vm.parseJsonUint(json, path(".samples", rows, ".k"));
            uint256[] memory chosen = stream.sample(n, count);
            for (uint256 i; i < count; ++i) {
                string memory key = path(path(".samples", rows, ".chosen"), i, "");
                vm.assertEq(chosen[i], vm.parseJsonUint(json, key));
            }
        }
        vm.assertEq(rows, 8);
    }

    /// @dev The same code over words of one byte, every word and every n: what is accepted is a multiple of n, so each number
    /// has equally many words; and as many as fit, so that refusing is rare.
    function test_every_number_has_equally_many_words() public pure {
        for (uint256 n = 1; n <= 256; ++n) {
            uint256 words = Randomness.accepted(n, 255) + 1;
            vm.assertEq(words % n, 0);
            vm.assertTrue(words <= 256 && 256 - words < n);
            uint256[] memory hits = new uint256[](n);
            for (uint256 word; word < words; ++word) {
                ++hits[word % n];
            }
            for (uint256 i; i < n; ++i) {
                vm.assertEq(hits[i], words / n);
            }
        }
    }

    /// @dev Of 2^256 words the accepted are `top + 1`: n divides it, and less than n are refused.
    function testFuzz_words_of_full_size_are_cut_at_a_multiple_of_n(uint256 n) public pure {
        vm.assume(n != 0);
        uint256 top = Randomness.accepted(n, type(uint256).max);
        vm.assertEq((top % n + 1) % n, 0);
        vm.assertTrue(type(uint256).max - top < n);
    }

    function test_a_power_of_two_refuses_no_word() public pure {
        for (uint256 bits; bits < 256; ++bits) {
            vm.assertEq(Randomness.accepted(1 << bits, type(uint256).max), type(uint256).max);
        }
    }

    /// @dev The sparse list against a whole one.
    function testFuzz_a_sample_is_what_swapping_a_list_gives(bytes32 seed, uint256 n, uint256 count) public pure {
        n = bound(n, 1, 60);
        count = bound(count, 0, n);
        Randomness.Stream memory stream = Randomness.Stream(seed, 0);
        uint256[] memory list = new uint256[](n);
        for (uint256 i; i < n; ++i) {
            list[i] = i;
        }
        for (uint256 i; i < count; ++i) {
            uint256 j = i + stream.below(n - i);
            (list[i], list[j]) = (list[j], list[i]);
        }
        uint256[] memory chosen = Randomness.Stream(seed, 0).sample(n, count);
        for (uint256 i; i < count; ++i) {
            vm.assertEq(chosen[i], list[i]);
        }
    }

    function testFuzz_a_sample_has_no_number_twice_and_none_out_of_range(bytes32 seed, uint256 n, uint256 count)
        public
        pure
    {
        n = bound(n, 1, type(uint128).max);
        count = bound(count, 0, n < 40 ? n : 40);
        uint256[] memory chosen = Randomness.Stream(seed, 0).sample(n, count);
        for (uint256 i; i < count; ++i) {
            vm.assertTrue(chosen[i] < n);
            for (uint256 j; j < i; ++j) {
                vm.assertTrue(chosen[i] != chosen[j]);
            }
        }
    }

    function test_nothing_is_below_zero_and_a_sample_fits() public {
        vm.expectRevert(Randomness.EmptyRange.selector);
        this.below(0);
        vm.expectRevert(abi.encodeWithSelector(Randomness.SampleTooLarge.selector, 4, 3));
        this.sample(3, 4);
    }

    function below(uint256 n) external pure returns (uint256) {
        return Randomness.Stream("seed", 0).below(n);
    }

    function sample(uint256 n, uint256 count) external pure returns (uint256[] memory) {
        return Randomness.Stream("seed", 0).sample(n, count);
    }
}
