// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

/// @notice Where a match stands.
enum Status {
    Scheduled,
    Live,
    Break,
    Finished,
    Cancelled
}

/// @notice A match and its tokens; three storage words.
struct Match {
    uint64 sequence; // unix milliseconds at which the source says this was so; 0 before the first update
    uint40 refreshedAt; // block timestamp of the last `refresh`
    uint32 supply; // tokens minted
    uint16 minute;
    uint16 homeScore;
    uint16 awayScore;
    Status status;
    bytes32 home; // names, UTF-8 up to the first zero byte, as the source wrote them: untrusted
    bytes32 away;
}

/// @notice Tokens that show a match as it stands.
/// @dev Output of the function, on request and pushed alike, 256 bytes: abi.encode(uint64 matchId, uint64 sequence,
/// uint8 status, uint16 minute, uint16 homeScore, uint16 awayScore, bytes32 home, bytes32 away).
interface IDynamicNft {
    /// @notice Why an update changed nothing.
    enum Refusal {
        Malformed, // not the bytes above
        UnknownMatch, // no token shows it
        Outdated, // not newer than what is known
        FromTheFuture // more than `MAX_AHEAD` ahead of the chain's clock
    }

    /// @notice A match changed, and with it the metadata of its tokens (ERC-4906's event stands before this one).
    event MatchUpdated(
        uint64 indexed matchId, uint64 sequence, Status status, uint16 minute, uint16 homeScore, uint16 awayScore
    );
    /// @notice An update changed nothing.
    /// @param requestId zero when it was pushed.
    event UpdateRefused(bytes32 indexed requestId, uint64 indexed matchId, Refusal refusal);
    /// @notice Somebody asked for the state of a match.
    event RefreshRequested(bytes32 indexed requestId, uint64 indexed matchId, address indexed by);

    /// @notice No token shows this match.
    error UnknownMatch(uint64 matchId);
    /// @notice The match was asked for before `readyAt`.
    error RefreshedRecently(uint64 matchId, uint256 readyAt);
    /// @notice The match ended more than `CORRECTION_TIME` ago.
    error MatchOver(uint64 matchId);

    /// @notice Mints a token that shows `matchId`, number `supply` of that match. Owner only.
    function mint(address to, uint64 matchId) external returns (uint256 tokenId);

    /// @notice Asks the function how a match stands; its input is abi.encode(uint64 matchId). Anyone may, once in
    /// `REFRESH_INTERVAL` for each match; the contract's subscription pays.
    function refresh(uint64 matchId) external returns (bytes32 requestId);

    /// @notice What is known about a match.
    function matchInfo(uint64 matchId) external view returns (Match memory);

    /// @notice The match a token shows.
    function matchOf(uint256 tokenId) external pure returns (uint64);
}
