// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {IERC165, IERC4906} from "@openzeppelin/contracts/interfaces/IERC4906.sol";
import {ERC721} from "@openzeppelin/contracts/token/ERC721/ERC721.sol";
import {ReportReceiver} from "../ReportReceiver.sol";
import {BoundReceiver} from "./BoundReceiver.sol";
import {FunctionBinding} from "./FunctionBinding.sol";
import {IDynamicNft, Match, Status} from "./IDynamicNft.sol";
import {MatchMetadata} from "./MatchMetadata.sol";
import {Words} from "./Words.sol";

/// @notice Tokens that show a match as it stands (docs/consumers.md).
/// @dev A token id is `match id << 32 | serial`, so that the tokens of a match are a range and one ERC-4906 event tells
/// about all of them.
contract DynamicNft is IDynamicNft, IERC4906, ERC721, BoundReceiver {
    using Words for bytes;

    bytes4 private constant ERC_4906_ID = 0x49064906; // the standard's own; its interface has no functions

    uint256 public constant UPDATE_LENGTH = 256;
    uint32 public constant CALLBACK_GAS = 150_000; // a first update takes about 75,000: three new words
    uint256 public constant REFRESH_INTERVAL = 60; // seconds; what anyone can spend of the subscription
    uint256 public constant CORRECTION_TIME = 1 days; // results are corrected in this time, if at all
    uint256 public constant MAX_AHEAD = 120; // seconds; a wrong sequence blocks right ones no longer than this

    mapping(uint64 matchId => Match) private _matches;

    constructor(address router, address owner, bytes32 functionId, address triggerOwner, uint256 delay)
        ERC721("Matches", "MATCH")
        FunctionBinding(router, owner, functionId, triggerOwner, delay)
    {}

    /// @inheritdoc IDynamicNft
    function mint(address to, uint64 matchId) external onlyOwner returns (uint256 tokenId) {
        tokenId = tokenOf(matchId, ++_matches[matchId].supply);
        _safeMint(to, tokenId);
    }

    /// @inheritdoc IDynamicNft
    function refresh(uint64 matchId) external returns (bytes32 requestId) {
        Match storage game = _matches[matchId];
        if (game.supply == 0) revert UnknownMatch(matchId);
        uint256 readyAt = game.refreshedAt + REFRESH_INTERVAL;
        if (block.timestamp < readyAt) revert RefreshedRecently(matchId, readyAt);
        bool ended = game.status == Status.Finished || game.status == Status.Cancelled;
        if (ended && block.timestamp > game.sequence / 1000 + CORRECTION_TIME) revert MatchOver(matchId);
        game.refreshedAt = uint40(block.timestamp);
        requestId = _ask(abi.encode(matchId), CALLBACK_GAS);
        emit RefreshRequested(requestId, matchId, msg.sender);
    }

    /// @inheritdoc IDynamicNft
    function matchInfo(uint64 matchId) external view returns (Match memory) {
        return _matches[matchId];
    }

    /// @inheritdoc ERC721
    function tokenURI(uint256 tokenId) public view override returns (string memory) {
        _requireOwned(tokenId);
        return MatchMetadata.tokenUri(_matches[matchOf(tokenId)], uint32(tokenId));
    }

    /// @inheritdoc IDynamicNft
    function matchOf(uint256 tokenId) public pure returns (uint64) {
        return uint64(tokenId >> 32);
    }

    /// @inheritdoc ReportReceiver
    function supportsInterface(bytes4 interfaceId) public view override(ERC721, IERC165, ReportReceiver) returns (bool) {
        return interfaceId == ERC_4906_ID || ERC721.supportsInterface(interfaceId)
            || ReportReceiver.supportsInterface(interfaceId);
    }

    /// @inheritdoc BoundReceiver
    function _take(bytes32 requestId, bytes calldata output) internal override {
        if (!wellFormed(output)) {
            emit UpdateRefused(requestId, 0, Refusal.Malformed);
            return;
        }
        (uint64 matchId, uint64 sequence) = (uint64(output.word(0)), uint64(output.word(1)));
        Match storage game = _matches[matchId];
        if (game.supply == 0) {
            emit UpdateRefused(requestId, matchId, Refusal.UnknownMatch);
        } else if (sequence <= game.sequence) {
            emit UpdateRefused(requestId, matchId, Refusal.Outdated);
        } else if (sequence > (block.timestamp + MAX_AHEAD) * 1000) {
            emit UpdateRefused(requestId, matchId, Refusal.FromTheFuture);
        } else {
            write(game, output);
            emit BatchMetadataUpdate(tokenOf(matchId, 1), tokenOf(matchId, game.supply));
            emit MatchUpdated(matchId, sequence, game.status, game.minute, game.homeScore, game.awayScore);
        }
    }

    function write(Match storage game, bytes calldata output) private {
        game.sequence = uint64(output.word(1));
        game.status = Status(output.word(2));
        game.minute = uint16(output.word(3));
        game.homeScore = uint16(output.word(4));
        game.awayScore = uint16(output.word(5));
        (game.home, game.away) = (bytes32(output.word(6)), bytes32(output.word(7)));
    }

    function wellFormed(bytes calldata output) private pure returns (bool) {
        return output.length == UPDATE_LENGTH && output.fits(0, 64) && output.fits(1, 64)
            && output.word(2) <= uint256(type(Status).max) && output.fits(3, 16) && output.fits(4, 16)
            && output.fits(5, 16);
    }

    function tokenOf(uint64 matchId, uint32 serial) private pure returns (uint256) {
        return uint256(matchId) << 32 | serial;
    }
}
