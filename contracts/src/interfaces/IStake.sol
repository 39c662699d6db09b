// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {Report} from "../types/Types.sol";

/// @notice Where an operator's stake stands.
struct StakeInfo {
    uint96 amount; // wei
    uint40 exitAt; // block timestamp of `requestExit`; 0 while it stays
    uint64 lastEpoch; // the latest epoch it is a member of; 0 for none
    bool slashed; // for ever: a slashed operator is in no later epoch
}

/// @notice A vote of a member as an attestation or its evidence holds it: one signature over a root, and the way from a
/// report to that root.
struct SignedReport {
    Report report;
    bytes32[] path; // siblings from the leaf up; empty when the root is the leaf
    bytes signature; // compact EIP-2098 over the attestation digest of that root
}

/// @notice Operators' stake, and the one fault it answers for.
/// @dev Why an honest member can never be slashed: before it signs, its signer records (epoch, request, transcript) and the
/// outcome (status, slots, fuelUsed, outputHash), durably, and refuses another outcome for the same key (protocol.md, signer
/// record); the same outcome again, under another root or in another round, is no evidence. Execution being a pure function
/// of (request, transcript), it has no second outcome to sign. Votes over different transcripts, and a vote that differs from
/// the attested outcome, are no evidence either: the first is legitimate, the second may be the majority's fault.
interface IStake {
    /// @notice An operator's stake grew.
    event Staked(address indexed operator, uint256 amount, uint256 total);
    /// @notice The operator will be in no later epoch.
    event ExitRequested(address indexed operator);
    /// @notice The operator stays after all.
    event ExitCancelled(address indexed operator);
    /// @notice The operator took its stake out.
    event StakeWithdrawn(address indexed operator, address indexed to, uint256 amount);
    /// @notice A member signed two outcomes of one run.
    event Slashed(
        address indexed operator,
        uint64 indexed epoch,
        bytes32 indexed requestId,
        address prover,
        uint256 amount,
        uint256 reward
    );
    /// @notice The owner took what slashing left to it.
    event SlashedFundsWithdrawn(address indexed to, uint256 amount);

    /// @notice The operator has no stake to take out.
    error NoStake(address operator);
    /// @notice The operator asked to leave before, at `exitAt`.
    error AlreadyExiting(address operator, uint256 exitAt);
    /// @notice The operator has not asked to leave.
    error NotExiting(address operator);
    /// @notice The stake is bound until `releaseAt` (0: for as long as the operator is a member of the current epoch).
    error StillBonded(address operator, uint256 releaseAt);
    /// @notice Nothing is paid to the zero address.
    error BadRecipient();
    /// @notice The operator was slashed before: it can neither be slashed again nor pay stake in.
    error AlreadySlashed(address operator);
    /// @notice The epoch has no member at this index.
    error NoSuchMember(uint64 epoch, uint256 member);
    /// @notice The reports are not about one request, function and transcript, or their outcomes are the same.
    error NoEquivocation();
    /// @notice Vote 0 or 1 is not signed by the member in this epoch.
    error BadVote(uint256 vote);
    /// @notice A path is longer than that of the largest batch.
    error PathTooLong(uint256 length);

    /// @notice Adds what is paid to the caller's stake; it must have registered.
    function addStake() external payable;

    /// @notice Leaves: the caller is in no later epoch, and its stake is free when it has been in none for
    /// `UNBONDING_PERIOD`.
    function requestExit() external;

    /// @notice Takes back `requestExit`.
    function cancelExit() external;

    /// @notice Takes the stake out after the unbonding period.
    function withdrawStake(address to) external;

    /// @notice Proves that a member signed two outcomes of one run: takes its stake, pays part of it to the caller and keeps
    /// the member's operator out of later epochs, even if it has no stake any more or registered other keys since. The epoch
    /// in progress stays as it is: its quorum bears f such members. Anyone may call it with bytes from two receipts.
    /// @dev Who sees the call before it is mined can make it first: a prover needs the fault punished, or a private way in.
    /// @param router the router whose EIP-712 domain both votes are under.
    /// @param epoch the epoch both votes are under.
    /// @param member index of the member in that epoch.
    /// @param votes the two votes.
    function proveEquivocation(address router, uint64 epoch, uint256 member, SignedReport[2] calldata votes) external;

    /// @notice What slashing left to the owner and it has not taken out yet.
    function slashedFunds() external view returns (uint256);

    /// @notice Pays what slashing left to the owner to `to`. Owner only.
    function withdrawSlashed(address to) external returns (uint256 amount);

    /// @notice Where an operator's stake stands.
    function stakeOf(address operator) external view returns (StakeInfo memory);

    /// @notice Whether the operator could be a member of an epoch that began now.
    function isEligible(address operator) external view returns (bool);

    /// @notice Stake a member needs, in wei.
    function minStake() external view returns (uint96);
}
