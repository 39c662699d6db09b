// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

/// @notice Verified randomness: rounds of a chain of drand, and draws of a committee's own threshold key. The chain is quicknet
/// but in development: `Beacon` has its key in its code, `ChainBeacon` names another.
/// @dev A drand round is public when its time has come: whoever uses one must have fixed it, and everything that depends on
/// it, before that. Draws are bound to their request and known to nobody before it is final. docs/randomness.md.
interface IBeacon {
    /// @notice A consumer fixed the round its randomness will come from.
    event Committed(bytes32 indexed ticket, address indexed consumer, uint64 round);
    /// @notice The randomness of a ticket is known.
    event Revealed(bytes32 indexed ticket, uint64 indexed round, bytes32 randomness);
    /// @notice A quorum of an epoch's members registered the public key of its draws.
    event DrawKeyRegistered(
        address indexed router, address indexed committee, uint64 indexed epoch, bytes publicKey, bytes32 dkgHash
    );

    /// @notice The signature is not the chain's over this round.
    error BadRound(uint64 round);
    /// @notice The signature is not the epoch's draw key's over this draw.
    error BadDraw(bytes32 requestId, uint32 ordinal);
    /// @notice There is no such ticket, or it was revealed.
    error UnknownTicket(bytes32 ticket);
    /// @notice A round is fixed at least `MIN_DELAY` seconds ahead.
    error TooSoon(uint256 delay);
    /// @notice The draw key is not a point of G2's subgroup other than infinity, 256 bytes.
    error BadDrawKey();
    /// @notice The epoch has a draw key already; it never changes.
    error DrawKeyTaken(address router, address committee, uint64 epoch);
    /// @notice The epoch has no draw key.
    error NoDrawKey(address router, address committee, uint64 epoch);
    /// @notice The epoch has no verifier at this index.
    error UnknownVerifier(address committee, uint64 epoch, uint256 index);

    /// @notice Seconds that a round is fixed ahead at least.
    function MIN_DELAY() external view returns (uint256);

    /// @notice The chain of drand: its group's key (G2 as EIP-2537 has it, 256 bytes), when round 1 was published, and the seconds
    /// between rounds.
    function chain() external view returns (bytes memory publicKey, uint256 genesis, uint256 period);

    /// @notice The first round that is published at `time` or later.
    function roundAt(uint256 time) external view returns (uint64 round);

    /// @notice Fixes the first round that is published `delay` seconds from now or later; the caller is its consumer.
    /// @dev Choose a delay within which the commitment is as good as final: after a reorg that leaves it out, or moves it to
    /// another time, it can be made again by those who know the old round (docs/randomness.md, "Delays").
    function commit(uint32 delay) external returns (bytes32 ticket, uint64 round);

    /// @notice Checks the ticket's round and keeps its randomness. Anyone may call it, once.
    /// @param signature the chain's over the round, a G1 point as EIP-2537 has it, 128 bytes.
    function reveal(bytes32 ticket, bytes calldata signature) external returns (bytes32 randomness);

    /// @notice A revealed ticket's randomness: the `randomness` digest (docs/wire.md §1) of drand's own and the ticket, so
    /// that two tickets of one round have nothing in common.
    function randomnessOf(bytes32 ticket) external view returns (bool revealed, bytes32 randomness);

    /// @notice The round of a ticket that is not revealed yet; reverts for any other.
    function roundOf(bytes32 ticket) external view returns (uint64 round);

    /// @notice drand's own randomness of a round, sha256 of the compressed signature; reverts for a false signature.
    function verifyRound(uint64 round, bytes calldata signature) external view returns (bytes32 randomness);

    /// @notice Registers an epoch's draw key, signed by a quorum of its members (docs/wire.md §2, `DrawKey`). Once.
    /// @dev `committee` may be any address: the verifiers of its epochs are where only it can deploy them, so a false
    /// committee registers keys under its own address, which nobody asks for who knows the router's.
    function registerDrawKey(
        address router,
        address committee,
        uint64 epoch,
        bytes calldata publicKey,
        bytes32 dkgHash,
        uint256 verifierIndex,
        bytes calldata proof
    ) external;

    /// @notice The epoch's draw key, 256 bytes; empty when it has none.
    function drawKey(address router, address committee, uint64 epoch) external view returns (bytes memory);

    /// @notice A request's draw: keccak256 of the compressed signature by the epoch's draw key over the `draw` digest of
    /// (chain id, router, request id, ordinal); reverts for a false signature.
    /// @dev The caller names router, committee and epoch: those its request was made with, not what a stranger tells it.
    function verifyDraw(
        address router,
        address committee,
        uint64 epoch,
        bytes32 requestId,
        uint32 ordinal,
        bytes calldata signature
    ) external view returns (bytes32 randomness);
}
