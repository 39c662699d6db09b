// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {Base64} from "@openzeppelin/contracts/utils/Base64.sol";
import {Match, Status} from "../src/consumers/IDynamicNft.sol";
import {MatchMetadata} from "../src/consumers/MatchMetadata.sol";
import {SafeText} from "../src/consumers/SafeText.sol";
import {Test} from "./support/Test.sol";

/// @notice Team names come from outside: whatever their bytes, metadata is JSON and the picture is SVG.
contract DynamicNftTextTest is Test {
    string private constant JSON = "data:application/json;base64,";
    string private constant SVG = "data:image/svg+xml;base64,";

    function test_metadata_says_what_the_match_is() public pure {
        string memory json = metadata("Malm\xc3\xb6 FF", "AIK");
        vm.assertEq(vm.parseJsonString(json, ".name"), unicode"Malmö FF v AIK #3");
        vm.assertEq(vm.parseJsonString(json, ".attributes[0].value"), unicode"Malmö FF");
        vm.assertEq(vm.parseJsonString(json, ".attributes[1].value"), "AIK");
        vm.assertEq(vm.parseJsonString(json, ".attributes[2].value"), "Live");
        vm.assertEq(vm.parseJsonUint(json, ".attributes[3].value"), 41);
        vm.assertEq(vm.parseJsonUint(json, ".attributes[4].value"), 2);
        vm.assertEq(vm.parseJsonUint(json, ".attributes[5].value"), 1);
        vm.assertEq(vm.parseJsonUint(json, ".attributes[6].value"), 1_750_000_000);
        string memory svg = picture(json);
        vm.assertTrue(contains(svg, unicode">Malmö FF</text>"));
        vm.assertTrue(contains(svg, ">2 : 1</text>"));
    }

    function test_a_match_without_a_report_has_metadata_too() public pure {
        vm.assertEq(vm.parseJsonString(metadata(0, 0), ".name"), "to be known v to be known #3");
    }

    function test_a_name_cannot_add_to_json_or_svg() public pure {
        string memory json = metadata('","image":"evil', "</text><script>x()</script>");
        vm.assertEq(vm.parseJsonString(json, ".attributes[0].value"), '","image":"evil');
        string memory svg = picture(json);
        vm.assertTrue(!contains(svg, "<script>"));
        vm.assertTrue(contains(svg, "&lt;/text&gt;&lt;script&gt;x()&lt;/script&gt;"));
        vm.assertEq(SafeText.escapeXml("<&>\"'"), "&lt;&amp;&gt;&quot;&#39;");
    }

    function testFuzz_any_names_give_metadata_that_parses(bytes32 home, bytes32 away) public pure {
        string memory json = metadata(home, away);
        if (home[0] != 0) vm.assertEq(vm.parseJsonString(json, ".attributes[0].value"), SafeText.clean(home));
        string memory svg = picture(json);
        vm.assertEq(count(svg, "<"), 11); // svg, rect, four texts, and their ends
    }

    function test_what_is_no_character_becomes_a_question_mark() public pure {
        check(hex"41420043", "AB"); // ends at the first zero byte
        check(hex"411f7f42", "A??B"); // controls
        check(hex"c3b6", unicode"ö");
        check(hex"e282ac", unicode"€");
        check(hex"f09f9880", unicode"😀");
        check(hex"c080", "??"); // overlong
        check(hex"e08080", "???");
        check(hex"f0808080", "????");
        check(hex"eda080", "???"); // surrogate
        check(hex"f4908080", "????"); // above U+10FFFF
        check(hex"f8888080", "????");
        check(hex"80bf", "??"); // nothing that begins a character
        check(hex"c28041", "??A"); // C1 control
        check(hex"efbfbe", "???"); // U+FFFE is none of XML's
        check(hex"e280ae41", "???A"); // turns the direction of writing
        check(hex"c341", "?A"); // cut in the middle
        check("abcdefghijklmnopqrstuvwxyzABCDE\xc3", "abcdefghijklmnopqrstuvwxyzABCDE?");
    }

    function check(bytes32 raw, string memory expected) private pure {
        vm.assertEq(SafeText.clean(raw), expected);
    }

    function metadata(bytes32 home, bytes32 away) private pure returns (string memory) {
        Match memory game = Match(1_750_000_000_123, 0, 3, 41, 2, 1, Status.Live, home, away);
        return string(decoded(MatchMetadata.tokenUri(game, 3), JSON));
    }

    function picture(string memory json) private pure returns (string memory) {
        return string(decoded(vm.parseJsonString(json, ".image"), SVG));
    }

    function decoded(string memory uri, string memory prefix) private pure returns (bytes memory) {
        bytes memory rest = new bytes(bytes(uri).length - bytes(prefix).length);
        for (uint256 i; i < bytes(uri).length; ++i) {
            if (i < bytes(prefix).length) vm.assertTrue(bytes(uri)[i] == bytes(prefix)[i]);
            else rest[i - bytes(prefix).length] = bytes(uri)[i];
        }
        return Base64.decode(string(rest));
    }

    function contains(string memory text, string memory part) private pure returns (bool) {
        return count(text, part) > 0;
    }

    function count(string memory text, string memory part) private pure returns (uint256 found) {
        (bytes memory all, bytes memory piece) = (bytes(text), bytes(part));
        for (uint256 i; i + piece.length <= all.length; ++i) {
            uint256 k;
            while (k < piece.length && all[i + k] == piece[k]) ++k;
            if (k == piece.length) ++found;
        }
    }
}
