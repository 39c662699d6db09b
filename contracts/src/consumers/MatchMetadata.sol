// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {Base64} from "@openzeppelin/contracts/utils/Base64.sol";
import {Strings} from "@openzeppelin/contracts/utils/Strings.sol";
import {Match, Status} from "./IDynamicNft.sol";
import {SafeText} from "./SafeText.sol";

/// @notice A match as ERC-721 metadata: a data URI of JSON with an SVG picture inside, nothing to fetch elsewhere.
library MatchMetadata {
    using Strings for uint256;
    using Strings for string;
    using SafeText for bytes32;
    using SafeText for string;

    bytes private constant UNNAMED = "to be known";

    function tokenUri(Match memory game, uint256 serial) internal pure returns (string memory) {
        (string memory home, string memory away) = (named(game.home), named(game.away));
        bytes memory json = abi.encodePacked(
            '{"name":"',
            home.escapeJSON(),
            " v ",
            away.escapeJSON(),
            " #",
            serial.toString(),
            '","description":"A match as it stands, reported by a committee.","image":"data:image/svg+xml;base64,',
            Base64.encode(picture(game, home.escapeXml(), away.escapeXml())),
            '","attributes":',
            attributes(game, home.escapeJSON(), away.escapeJSON()),
            "}"
        );
        return string.concat("data:application/json;base64,", Base64.encode(json));
    }

    function attributes(Match memory game, string memory home, string memory away) private pure returns (bytes memory) {
        bytes memory teams = abi.encodePacked(
            '[{"trait_type":"Home","value":"', home, '"},{"trait_type":"Away","value":"', away, '"}'
        );
        return abi.encodePacked(
            teams,
            ',{"trait_type":"Status","value":"',
            statusName(game.status),
            '"}',
            number("Minute", game.minute),
            number("Home score", game.homeScore),
            number("Away score", game.awayScore),
            ',{"display_type":"date","trait_type":"As of","value":',
            uint256(game.sequence / 1000).toString(),
            "}]"
        );
    }

    function number(string memory trait, uint256 value) private pure returns (bytes memory) {
        return abi.encodePacked(
            ',{"display_type":"number","trait_type":"', trait, '","value":', value.toString(), "}"
        );
    }

    function picture(Match memory game, string memory home, string memory away) private pure returns (bytes memory) {
        bytes memory score = abi.encodePacked(
            uint256(game.homeScore).toString(), " : ", uint256(game.awayScore).toString()
        );
        bytes memory state = abi.encodePacked(statusName(game.status), ", minute ", uint256(game.minute).toString());
        return abi.encodePacked(
            '<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 400 400" text-anchor="middle" font-family="sans-serif">',
            '<rect width="400" height="400" fill="#123"/>',
            line(110, 26, home),
            line(210, 72, string(score)),
            line(290, 26, away),
            line(360, 18, string(state)),
            "</svg>"
        );
    }

    function line(uint256 y, uint256 size, string memory text) private pure returns (bytes memory) {
        return abi.encodePacked(
            '<text x="200" y="', y.toString(), '" font-size="', size.toString(), '" fill="#fff">', text, "</text>"
        );
    }

    function named(bytes32 raw) private pure returns (string memory) {
        return raw[0] == 0 ? string(UNNAMED) : raw.clean();
    }

    function statusName(Status status) private pure returns (string memory) {
        if (status == Status.Scheduled) return "Scheduled";
        if (status == Status.Live) return "Live";
        if (status == Status.Break) return "Break";
        return status == Status.Finished ? "Finished" : "Cancelled";
    }
}
