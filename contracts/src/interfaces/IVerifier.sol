// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {Member} from "../types/Types.sol";

/// @notice Answers one question: is this a quorum of an epoch's members over this digest.
/// @dev Stateless. What it needs of an epoch's keys lies in that epoch's table, a data contract (libraries/EpochTable.sol);
/// proof layouts: docs/wire.md §3.
interface IVerifier {
    /// @notice The proof does not have the length its bitmap demands.
    error BadProofLength(uint256 length);
    /// @notice The bitmap names a member the epoch does not have.
    error SignerOutOfRange(uint256 bitmap, uint256 n);
    /// @notice Fewer signers than the quorum.
    error QuorumNotReached(uint256 signers, uint256 quorum);
    /// @notice A signature is not the named member's over the digest; `member` is 256 for an aggregate.
    error BadSignature(uint256 member);

    /// @notice Name of the signature scheme, by which members know what to sign and how to write the proof.
    function scheme() external view returns (string memory);

    /// @notice The verifier's part of an epoch's table; fails for keys it cannot work with.
    function snapshot(Member[] calldata members) external view returns (bytes memory table);

    /// @notice Returns the bitmap of the signers (bit i = member i); reverts unless `proof` is a quorum's over `digest`.
    /// @param digest the EIP-712 digest the members signed.
    /// @param table the epoch's data contract: `EpochTable.HEADER` bytes of header, then what `snapshot` returned.
    /// @param n number of members.
    /// @param quorum number of signers needed.
    function verify(bytes32 digest, address table, uint256 n, uint256 quorum, bytes calldata proof)
        external
        view
        returns (uint256 signers);
}
