// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {IEpochVerifier} from "./IEpochVerifier.sol";

/// @notice The BLS verifier of one epoch, which can be told once what the keys of a set of signers add up to.
/// @dev Silent members cost a point addition each, in every delivery. The same members tend to be silent for hours: then
/// their others' sum, kept once as code, makes every proof cost the same.
interface IBlsEpochVerifier is IEpochVerifier {
    /// @notice The sum of these signers' keys was kept.
    event Remembered(uint256 signers, address sum);

    /// @notice The proof says that the sum of its signers' keys is kept, and it is not.
    error NotRemembered(uint256 signers);

    /// @notice Adds up the keys of a quorum and keeps the sum; proofs by exactly these signers may then set bit 127 of their
    /// bitmap. Anyone may call it; the second time nothing happens.
    function remember(uint256 signers) external returns (address sum);

    /// @notice Where the sum of these signers' keys is kept, or would be.
    function sumOf(uint256 signers) external view returns (address);
}
