// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {IEpochVerifier} from "../interfaces/IEpochVerifier.sol";
import {Code} from "./Code.sol";

/// @notice Deploys code; made with CREATE2, so that what it deploys first has an address known beforehand.
contract Deployer {
    function deploy(bytes calldata code) external {
        Code.deploy(code);
    }
}

/// @notice The contract that checks one epoch's attestations under one scheme, its keys in its own code.
/// @dev Its address follows from (committee, epoch, index) alone: a delivery finds and calls it with one account access
/// and no storage read.
library EpochVerifiers {
    /// @notice The hash that the addresses depend on.
    function deployerHash() internal pure returns (bytes32) {
        return keccak256(type(Deployer).creationCode);
    }

    /// @notice Deploys an epoch's verifier; the caller becomes the committee in `locate`.
    function deploy(uint64 epoch, uint256 index, bytes memory code) internal {
        new Deployer{salt: bytes32(salt(epoch, index))}().deploy(code);
    }

    /// @notice Address of the verifier, whether or not it exists; `hash` is `deployerHash()`, `index` less than 256.
    /// @dev keccak256(d694 ++ keccak256(ff ++ committee ++ salt ++ hash)[12:] ++ 01)[12:]: CREATE2, then CREATE by a
    /// contract with nonce 1.
    function locate(address committee, bytes32 hash, uint64 epoch, uint256 index)
        internal
        pure
        returns (address verifier)
    {
        uint256 salted = salt(epoch, index);
        assembly ("memory-safe") {
            let free := mload(0x40)
            mstore(free, or(shl(248, 0xff), shl(88, committee)))
            mstore(add(free, 21), salted)
            mstore(add(free, 53), hash)
            let deployer := and(keccak256(free, 85), sub(shl(160, 1), 1))
            mstore(free, or(shl(240, 0xd694), or(shl(80, deployer), shl(72, 1))))
            verifier := and(keccak256(free, 23), sub(shl(160, 1), 1))
        }
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
