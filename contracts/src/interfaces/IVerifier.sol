// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {Member} from "../types/Types.sol";

/// @notice A signature scheme that epochs can name. Stateless; it makes the contract that checks one epoch's attestations.
interface IVerifier {
    /// @notice Name of the signature scheme, by which members know what to sign and how to write the proof.
    function scheme() external view returns (string memory);

    /// @notice Runtime code of the epoch's `IEpochVerifier`, its keys inside, at most 24,576 bytes (EIP-170).
    /// @dev The committee deploys it; it must have neither storage nor a way to change.
    /// @param members the epoch's members in order; keys were checked at registration.
    /// @param quorum number of signers a proof needs.
    function epochCode(Member[] calldata members, uint256 quorum) external view returns (bytes memory code);
}
