// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {IFunctionRegistry} from "../src/interfaces/IFunctionRegistry.sol";
import {ManifestLimits} from "../src/libraries/ManifestLimits.sol";
import {Limits} from "../src/types/Billing.sol";
import {TERMS} from "./support/Functions.sol";
import {Test} from "./support/Test.sol";

contract ManifestLimitsTest is Test {
    uint256 private constant LARGEST = 2 ** 53 - 1;
    string private constant NONE = '{"capabilities":{}';

    function read(bytes calldata terms) external pure returns (Limits memory) {
        return ManifestLimits.read(terms);
    }

    function terms(string memory front, string memory fuel, string memory observations, string memory outputBytes)
        private
        pure
        returns (bytes memory)
    {
        return bytes.concat(
            bytes(front),
            bytes(string.concat(',"limits":{"fuel":', fuel, ',"memory_mib":64,"observations":', observations)),
            bytes(string.concat(',"observe_fuel":500000000,"output_bytes":', outputBytes, "}}"))
        );
    }

    function refuse(bytes memory text) private {
        vm.expectRevert(IFunctionRegistry.BadTerms.selector);
        this.read(text);
    }

    function check(bytes memory text, uint256 fuel, uint256 observations, uint256 outputBytes) private view {
        Limits memory limits = this.read(text);
        vm.assertEq(limits.fuel, fuel);
        vm.assertEq(limits.observations, observations);
        vm.assertEq(limits.outputBytes, outputBytes);
    }

    function test_the_defaults_are_read() public view {
        check(TERMS, 200_000_000, 5, 4_096);
    }

    function testFuzz_any_limits_in_range_are_read(uint64 fuel, uint16 observations, uint32 outputBytes) public view {
        uint256 spent = bound(fuel, 1, LARGEST);
        uint256 output = bound(outputBytes, 1, type(uint32).max);
        bytes memory text = terms(NONE, vm.toString(spent), vm.toString(uint256(observations)), vm.toString(output));
        check(text, spent, observations, output);
    }

    function test_the_ends_of_each_range_are_read_and_what_lies_behind_is_refused() public {
        check(terms(NONE, "9007199254740991", "65535", "4294967295"), LARGEST, 65_535, 4_294_967_295);
        check(terms(NONE, "1", "0", "1"), 1, 0, 1);
        refuse(terms(NONE, "9007199254740992", "5", "1"));
        refuse(terms(NONE, "10000000000000000", "5", "1"));
        refuse(terms(NONE, "100000000000000000000000000000000000000000000000000000000000000000000000000000000", "5", "1"));
        refuse(terms(NONE, "1", "65536", "1"));
        refuse(terms(NONE, "1", "5", "4294967296"));
        refuse(terms(NONE, "0", "5", "1"));
        refuse(terms(NONE, "1", "5", "0"));
        refuse('{"capabilities":{},"limits":{"fuel":1,"memory_mib":0,"observations":0,"observe_fuel":1,"output_bytes":1}}');
        refuse('{"capabilities":{},"limits":{"fuel":1,"memory_mib":1,"observations":0,"observe_fuel":0,"output_bytes":1}}');
    }

    function test_an_integer_has_one_spelling() public {
        string[9] memory spellings = ["", "01", "00", "-1", "+1", "1.0", "1e3", "0x1", " 1"];
        for (uint256 i; i < spellings.length; ++i) {
            refuse(terms(NONE, spellings[i], "5", "1"));
            refuse(terms(NONE, "1", spellings[i], "1"));
            refuse(terms(NONE, "1", "5", spellings[i]));
        }
    }

    function test_terms_that_are_cut_are_refused() public {
        bytes memory whole = TERMS;
        for (uint256 length; length < whole.length; ++length) {
            bytes memory front = new bytes(length);
            bytes memory back = new bytes(length);
            for (uint256 i; i < length; ++i) {
                (front[i], back[i]) = (whole[i], whole[whole.length - length + i]);
            }
            refuse(front);
            refuse(back);
        }
    }

    function testFuzz_an_edited_byte_outside_the_capabilities_is_refused_or_is_another_digit(uint256 at, uint8 change)
        public
        view
    {
        bytes memory text = TERMS;
        at = bound(at, 0, text.length - 1);
        bytes1 before = text[at];
        text[at] ^= bytes1(uint8(bound(change, 1, 255)));
        // {"capabilities":{} has 18 bytes; the two braces are the capabilities.
        if (at == 16 || at == 17) return;
        try this.read(text) {
            vm.assertTrue(isDigit(before) && isDigit(text[at]));
        } catch (bytes memory reason) {
            vm.assertEq(reason, abi.encodePacked(IFunctionRegistry.BadTerms.selector));
        }
    }

    function test_other_orders_keys_and_spaces_are_refused() public {
        refuse('{"limits":{"fuel":1,"memory_mib":1,"observations":0,"observe_fuel":1,"output_bytes":1},"capabilities":{}}');
        refuse('{"capabilities":{},"limits":{"memory_mib":1,"fuel":1,"observations":0,"observe_fuel":1,"output_bytes":1}}');
        refuse('{"capabilities":{},"limits":{"fuel":1,"memory_mib":1,"observations":0,"output_bytes":1}}');
        refuse('{"capabilities":{},"limits":{"fuel":1,"gas":1,"memory_mib":1,"observations":0,"observe_fuel":1,"output_bytes":1}}');
        refuse(bytes.concat(TERMS, " "));
        refuse(bytes.concat(" ", TERMS));
        refuse(bytes.concat(TERMS, "}"));
        refuse("");
    }

    function test_a_string_that_spells_limits_is_not_read() public view {
        // As JSON escapes it, inside a value and as a key; the real limits come after it.
        string memory fake = '{\\"fuel\\":9,\\"memory_mib\\":9,\\"observations\\":9,\\"observe_fuel\\":9,\\"output_bytes\\":9}}';
        string memory front = string.concat('{"capabilities":{"a":",\\"limits\\":', fake, '","\\"limits\\":', fake, '":"b"}');
        check(terms(front, "1", "2", "3"), 1, 2, 3);
        // An object of that name that is not the outermost's.
        front = '{"capabilities":{"a":{"b":{},"limits":{"fuel":9,"memory_mib":9,"observations":9,"observe_fuel":9,"output_bytes":9}}}';
        check(terms(front, "1", "2", "3"), 1, 2, 3);
    }

    function test_terms_that_end_inside_a_string_are_refused() public {
        // Every quote of the tail would have to be escaped.
        refuse(
            '{"capabilities":{"a":",\\"limits\\":{\\"fuel\\":1,\\"memory_mib\\":1,\\"observations\\":0,\\"observe_fuel\\":1,\\"output_bytes\\":1}}'
        );
    }

    function test_the_longest_terms_are_read_and_one_byte_more_is_refused() public {
        bytes memory tail = terms("", "1", "2", "3");
        bytes memory front = new bytes(65_536 - tail.length - 19);
        for (uint256 i; i < front.length; ++i) {
            front[i] = "a";
        }
        check(bytes.concat('{"capabilities":{"', front, '"', tail), 1, 2, 3);
        refuse(bytes.concat('{"capabilities":{"', front, 'a"', tail));
    }

    function isDigit(bytes1 character) private pure returns (bool) {
        return character >= "0" && character <= "9";
    }
}
