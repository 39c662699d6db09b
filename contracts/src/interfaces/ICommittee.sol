// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {Epoch, Member} from "../types/Types.sol";

/// @notice Operators and their keys, and the epochs made of them. Epochs and records are immutable once written.
interface ICommittee {
    /// @notice An operator registered; its former record, if any, stays in the epochs that name it.
    event Registered(
        address indexed operator, address signer, bytes32 encryptionKey, bytes publicKey, string endpoint
    );
    /// @notice The owner announced an epoch, which anyone may begin at `readyAt` (a block timestamp).
    event EpochProposed(
        bytes32 indexed proposal,
        uint256 readyAt,
        bytes32 profileId,
        uint32 roundLength,
        address[] operators,
        address[] verifiers
    );
    /// @notice A new epoch is current. Requests in flight finish under the epoch they began in.
    event EpochStarted(
        uint64 indexed epoch, bytes32 profileId, uint32 roundLength, address[] operators, address[] verifiers
    );

    /// @notice The signer address is zero.
    error BadSigner();
    /// @notice The signer's signature is not its own over this operator's `possession` digest.
    error BadSignerProof();
    /// @notice The encryption key is zero or another point of low order, to which nothing can be sealed.
    error BadEncryptionKey();
    /// @notice The endpoint is empty or longer than `MAX_ENDPOINT` bytes.
    error BadEndpoint(uint256 length);
    /// @notice The BLS public key does not have 256 bytes.
    error BadPublicKey();
    /// @notice Another operator registered this signer; a key is its operator's for ever.
    error SignerTaken(address operator);
    /// @notice Another operator registered this BLS public key; a key is its operator's for ever.
    error PublicKeyTaken(address operator);
    /// @notice The proof of possession is not a signature by the key over this operator's `possession` digest,
    /// or one of the two points is off the curve, outside its subgroup or at infinity.
    error BadPossession();
    /// @notice An epoch has 1 to `MAX_MEMBERS` members.
    error BadMemberCount(uint256 n);
    /// @notice This address never registered.
    error NotRegistered(address operator);
    /// @notice Two places of an epoch have the same operator. (No two operators have the same keys.)
    error DuplicateMember(address operator);
    /// @notice An epoch has 1 to `MAX_VERIFIERS` verifiers, different contracts.
    error BadVerifiers();
    /// @notice The round length is zero.
    error BadRoundLength();
    /// @notice There is no such epoch.
    error UnknownEpoch(uint64 epoch);
    /// @notice This epoch was not proposed last, or is not ready before `readyAt` (0: not proposed).
    error EpochNotReady(uint256 readyAt);
    /// @notice More than f of the proposed members left or were slashed meanwhile; propose others.
    error TooFewMembers(uint256 left, uint256 needed);
    /// @notice The delay of a change is longer than `MAX_CHANGE_DELAY`.
    error BadChangeDelay(uint256 delay);

    /// @notice Registers the caller's keys, or new ones for later epochs; what is paid is added to its stake.
    /// Key and proof are EIP-2537 points; both proofs sign the `possession` digest.
    /// @param signer secp256k1 address of the member's votes.
    /// @param signerProof the signer's compact EIP-2098 signature, 64 bytes.
    /// @param encryptionKey X25519 public key that messages to the member are sealed to.
    /// @param publicKey BLS12-381 key in G2, 256 bytes.
    /// @param possession BLS signature in G1 over the `possession` digest, 128 bytes.
    /// @param endpoint where the member's node is reached.
    function register(
        address signer,
        bytes calldata signerProof,
        bytes32 encryptionKey,
        bytes calldata publicKey,
        bytes calldata possession,
        string calldata endpoint
    ) external payable;

    /// @notice Announces an epoch. Owner only. Takes the place of an earlier proposal.
    /// @dev The arguments are those of `startEpoch`. The delay is what users and members have to leave an owner they do not
    /// trust any more, or one whose key was stolen. The first epoch needs none: there is nobody yet to protect.
    /// Everything about the arguments is checked here, so that a proposal fails at once and not when its time has come.
    function proposeEpoch(
        address[] calldata operators,
        bytes32 profileId,
        uint32 roundLength,
        address[] calldata verifiers
    ) external;

    /// @notice Freezes the members' current records into a new epoch and makes it current. Anyone may, once it is ready.
    /// Operators that were slashed, left or hold less than `minStake` by then are left out, f of those proposed at most.
    /// @param operators the others become members in this order; n need not be 3f + 1: f = (n - 1) / 3, quorum = n - f.
    /// @param profileId the execution profile every digest of the epoch is bound to.
    /// @param roundLength length of a leader's round in seconds.
    /// @param verifiers the verifiers that may check the epoch's attestations; a delivery names one by its index.
    function startEpoch(
        address[] calldata operators,
        bytes32 profileId,
        uint32 roundLength,
        address[] calldata verifiers
    ) external returns (uint64 epoch);

    /// @notice The epoch that was proposed last and not started yet, by the hash of its arguments (zero: none), and the
    /// block timestamp from which anyone may start it.
    function proposal() external view returns (bytes32 hash, uint256 readyAt);

    /// @notice Seconds between a proposal and its start, never changed.
    function changeDelay() external view returns (uint256);

    /// @notice Number of the current epoch; the first is 1, 0 means none has begun.
    function currentEpoch() external view returns (uint64);

    /// @notice Whether the epoch is current, or was replaced less than `GRACE_PERIOD` ago: then it may still attest what
    /// no request asked for. (A request is attested by the epoch it began in, until its own deadline.)
    function isLive(uint64 epoch) external view returns (bool);

    /// @notice What the epoch fixes.
    function epochInfo(uint64 epoch) external view returns (Epoch memory);

    /// @notice The epoch's members in order, as they were registered when it began.
    function epochMembers(uint64 epoch) external view returns (Member[] memory);

    /// @notice The operator's latest record; reverts if it never registered.
    function member(address operator) external view returns (Member memory);

    /// @notice The digest a proof of possession signs (docs/wire.md §1, `possession`).
    function possessionDigest(address operator, bytes calldata publicKey) external view returns (bytes32);

    /// @notice The contract (`IEpochVerifier`) that checks the epoch's attestations under its verifier at `index`.
    function epochVerifier(uint64 epoch, uint256 index) external view returns (address);
}
