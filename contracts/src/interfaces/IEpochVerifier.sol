// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

/// @notice Answers one question: is this a quorum of one epoch's members over this digest. Proofs: docs/wire.md §3.
interface IEpochVerifier {
    /// @notice The proof does not have the length its bitmap demands.
    error BadProofLength(uint256 length);
    /// @notice The bitmap names a member the epoch does not have.
    error SignerOutOfRange(uint256 bitmap, uint256 n);
    /// @notice Fewer signers than the quorum.
    error QuorumNotReached(uint256 signers, uint256 quorum);
    /// @notice The signature of the member at this index is not its own over the digest.
    error BadSignature(uint256 member);
    /// @notice The aggregate signature is not the signers' over the digest.
    error BadAggregate();

    /// @notice Returns the bitmap of the signers (bit i = member i); reverts unless `proof` is a quorum's over `digest`.
    /// @dev The signers share the work's price: a scheme that cannot tell them apart returns all members, never none.
    function verify(bytes32 digest, bytes calldata proof) external view returns (uint256 signers);
}
