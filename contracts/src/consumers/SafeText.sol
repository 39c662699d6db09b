// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

/// @notice Makes text from outside fit to stand in JSON and XML: whoever serves a function's data chooses these bytes.
library SafeText {
    bytes1 private constant REPLACEMENT = "?";

    /// @notice The UTF-8 text of up to 32 bytes before the first zero byte. What is no valid character, no character of
    /// XML 1.0, a control character or one that turns the direction of writing becomes a question mark.
    function clean(bytes32 raw) internal pure returns (string memory) {
        bytes memory text = new bytes(32);
        uint256 length; // of what was written; never ahead of what was read
        uint256 i;
        while (i < 32 && raw[i] != 0) {
            uint256 size = sizeAt(raw, i);
            if (size == 0) {
                text[length++] = REPLACEMENT;
                ++i;
                continue;
            }
            for (uint256 end = i + size; i < end; ++i) {
                text[length++] = raw[i];
            }
        }
        bytes memory cut = new bytes(length);
        for (uint256 k; k < length; ++k) {
            cut[k] = text[k];
        }
        return string(cut);
    }

    /// @notice `text` for use between tags and in quoted attributes of XML.
    function escapeXml(string memory text) internal pure returns (string memory escaped) {
        bytes memory source = bytes(text);
        bytes memory result = new bytes(6 * source.length);
        uint256 length;
        for (uint256 i; i < source.length; ++i) {
            bytes memory piece = entity(source[i]);
            for (uint256 k; k < piece.length; ++k) {
                result[length++] = piece[k];
            }
        }
        bytes memory cut = new bytes(length);
        for (uint256 k; k < length; ++k) {
            cut[k] = result[k];
        }
        return string(cut);
    }

    function entity(bytes1 char) private pure returns (bytes memory) {
        if (char == "&") return "&amp;";
        if (char == "<") return "&lt;";
        if (char == ">") return "&gt;";
        if (char == '"') return "&quot;";
        if (char == "'") return "&#39;";
        return abi.encodePacked(char);
    }

    /// @dev Bytes of the character that begins at `i`; 0 when none that may be shown does.
    function sizeAt(bytes32 raw, uint256 i) private pure returns (uint256 size) {
        uint256 first = uint8(raw[i]);
        if (first < 0x80) return first < 0x20 || first == 0x7f ? 0 : 1;
        // 110xxxxx, 1110xxxx, 11110xxx (RFC 3629)
        if (first >= 0xc0 && first < 0xe0) size = 2;
        else if (first >= 0xe0 && first < 0xf0) size = 3;
        else if (first >= 0xf0 && first < 0xf8) size = 4;
        else return 0;
        if (i + size > 32) return 0;
        uint256 point = first & (0x7f >> size);
        for (uint256 k = 1; k < size; ++k) {
            uint256 next = uint8(raw[i + k]);
            if (next & 0xc0 != 0x80) return 0;
            point = point << 6 | (next & 0x3f);
        }
        if (!shown(point, size)) return 0;
    }

    function shown(uint256 point, uint256 size) private pure returns (bool) {
        if (size == 2) return point >= 0xa0; // below: overlong or C1 controls
        if (size == 4) return point >= 0x10000 && point <= 0x10ffff;
        bool surrogate = point >= 0xd800 && point < 0xe000;
        bool direction = (point >= 0x202a && point <= 0x202e) || (point >= 0x2066 && point <= 0x2069);
        return point >= 0x800 && !surrogate && !direction && point < 0xfffe;
    }
}
