// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {IEpochVerifier} from "../interfaces/IEpochVerifier.sol";
import {Located} from "./Located.sol";

/// @notice The contract that checks one epoch's attestations under one scheme, its keys in its own code.
/// @dev Its address follows from (committee, epoch, index) alone: a delivery finds and calls it with one account access
/// and no storage read.
library EpochVerifiers {
    /// @notice Deploys an epoch's verifier; the caller becomes the committee in `locate`.
    function deploy(uint64 epoch, uint256 index, bytes memory code) internal {
        Located.deploy(salt(epoch, index), code);
    }

    /// @notice Address of the verifier, whether or not it exists; `hash` is `Located.deployerHash()`, `index` less than 256.
    function locate(address committee, bytes32 hash, uint64 epoch, uint256 index) internal pure returns (address) {
        return Located.locate(committee, hash, salt(epoch, index));
    }

    /// @notice Calls `IEpochVerifier.verify` and returns the signers' bitmap; `exists` is false when there is no such contract,
    /// a revert is passed on.
    function verify(address verifier, bytes32 digest, bytes calldata proof)
        internal
        view
        returns (bool exists, uint256 signers)
    {
        bytes32 selector = IEpochVerifier.verify.selector;
        assembly ("memory-safe") {
            let message := mload(0x40)
            mstore(message, selector)
            mstore(add(message, 4), digest)
            mstore(add(message, 36), 64)
            mstore(add(message, 68), proof.length)
            calldatacopy(add(message, 100), proof.offset, proof.length)
            let ran := staticcall(gas(), verifier, message, add(100, proof.length), 0, 32)
            if iszero(ran) {
                returndatacopy(message, 0, returndatasize())
                revert(message, returndatasize())
            }
            exists := gt(returndatasize(), 31)
            signers := mload(0)
        }
    }

    function salt(uint64 epoch, uint256 index) private pure returns (uint256) {
        return uint256(epoch) << 8 | index;
    }
}
