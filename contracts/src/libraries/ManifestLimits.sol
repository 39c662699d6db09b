// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {IFunctionRegistry} from "../interfaces/IFunctionRegistry.sol";
import {Limits} from "../types/Billing.sol";

/// @notice Reads the limits out of a manifest's canonical JSON (docs/wire.md §1, `manifest`), from its end:
///
///     {"capabilities":…,"limits":{"fuel":N,"memory_mib":N,"observations":N,"observe_fuel":N,"output_bytes":N}}
///
/// N is an integer as RFC 8785 writes it, at most 2^53 - 1; only `observations` may be zero, as in a manifest.
///
/// @dev What is read is what nodes obey. A node runs a function only if its terms are canonical JSON of a manifest, and
/// terms with another byte make another function id. So take terms that are valid JSON and end as above, and go backwards:
/// the last byte closes the object that the first opens, so it is in no string. Going back from a place outside strings,
/// the next quote ends a string, and in the text above every quote follows a comma, a brace or a letter, never a
/// backslash: none is escaped, each begins or ends a string, in turn. Hence the whole text is JSON and none of it stands
/// inside a string; a string that contains this text has its quotes escaped, and does not match. The braces in it pair
/// up, so `"limits"` is a key of the outermost object, where canonical JSON has each key once. Terms that are not valid
/// JSON may read as anything: they only make a function that no node runs.
library ManifestLimits {
    uint256 internal constant MAX_LENGTH = 65_536; // MAX_MANIFEST_BYTES of executor/model/manifest.py
    uint256 private constant MAX_INTEGER = 2 ** 53 - 1; // RFC 8785 §3.2.2.3
    uint256 private constant MAX_DIGITS = 16; // of 2^53 - 1

    string private constant FRONT = '{"capabilities":';

    /// @notice The limits that `terms` end with; reverts with `BadTerms` for anything else.
    function read(bytes calldata terms) internal pure returns (Limits memory limits) {
        if (terms.length > MAX_LENGTH) revert IFunctionRegistry.BadTerms();
        uint256 outputBytes;
        uint256 observeFuel;
        uint256 observations;
        uint256 memoryMib;
        uint256 fuel;
        uint256 end = before(terms, terms.length, "}}");
        (outputBytes, end) = field(terms, end, ',"output_bytes":');
        (observeFuel, end) = field(terms, end, ',"observe_fuel":');
        (observations, end) = field(terms, end, ',"observations":');
        (memoryMib, end) = field(terms, end, ',"memory_mib":');
        (fuel, end) = field(terms, end, ',"limits":{"fuel":');
        before(terms, end < bytes(FRONT).length ? end : bytes(FRONT).length, FRONT);
        if (
            outputBytes == 0 || observeFuel == 0 || memoryMib == 0 || fuel == 0 || outputBytes > type(uint32).max
                || observations > type(uint16).max
        ) revert IFunctionRegistry.BadTerms();
        return Limits(uint64(fuel), uint16(observations), uint32(outputBytes));
    }

    /// @dev The integer that ends at `end`, and where the `key` before it begins.
    function field(bytes calldata terms, uint256 end, string memory key) private pure returns (uint256 value, uint256 start) {
        (value, start) = integer(terms, end);
        start = before(terms, start, key);
    }

    /// @dev Where `text`, which ends at `end`, begins.
    function before(bytes calldata terms, uint256 end, string memory text) private pure returns (uint256 start) {
        uint256 length = bytes(text).length;
        if (end < length) revert IFunctionRegistry.BadTerms();
        start = end - length;
        if (keccak256(terms[start:end]) != keccak256(bytes(text))) revert IFunctionRegistry.BadTerms();
    }

    /// @dev The integer whose last digit stands before `end`, and where it begins.
    function integer(bytes calldata terms, uint256 end) private pure returns (uint256 value, uint256 start) {
        start = end;
        uint256 scale = 1;
        uint256 digit;
        while (start != 0 && isDigit(terms[start - 1])) {
            if (end - start == MAX_DIGITS) revert IFunctionRegistry.BadTerms();
            digit = uint8(terms[--start]) - uint8(bytes1("0"));
            value += digit * scale;
            scale *= 10;
        }
        // No digit, a leading zero, or too large. `digit` is the first one.
        if (start == end || (digit == 0 && end - start > 1) || value > MAX_INTEGER) revert IFunctionRegistry.BadTerms();
    }

    function isDigit(bytes1 character) private pure returns (bool) {
        return character >= "0" && character <= "9";
    }
}
