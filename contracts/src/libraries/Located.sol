// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {Code} from "./Code.sol";

/// @notice Deploys code; made with CREATE2, so that what it deploys first has an address known beforehand.
contract Deployer {
    function deploy(bytes calldata code) external {
        Code.deploy(code);
    }
}

/// @notice Contracts whose address follows from their creator and a salt alone, whatever their code.
library Located {
    /// @notice The hash that the addresses depend on.
    function deployerHash() internal pure returns (bytes32) {
        return keccak256(type(Deployer).creationCode);
    }

    /// @notice Creates a contract with this runtime code; the caller becomes the creator in `locate`. Reverts the second time.
    function deploy(uint256 salt, bytes memory runtime) internal {
        new Deployer{salt: bytes32(salt)}().deploy(runtime);
    }

    /// @notice Address of the contract, whether or not it exists; `hash` is `deployerHash()`.
    /// @dev keccak256(d694 ++ keccak256(ff ++ creator ++ salt ++ hash)[12:] ++ 01)[12:]: CREATE2, then CREATE by a contract
    /// with nonce 1.
    function locate(address creator, bytes32 hash, uint256 salt) internal pure returns (address located) {
        assembly ("memory-safe") {
            let free := mload(0x40)
            mstore(free, or(shl(248, 0xff), shl(88, creator)))
            mstore(add(free, 21), salt)
            mstore(add(free, 53), hash)
            let deployer := and(keccak256(free, 85), sub(shl(160, 1), 1))
            mstore(free, or(shl(240, 0xd694), or(shl(80, deployer), shl(72, 1))))
            located := and(keccak256(free, 23), sub(shl(160, 1), 1))
        }
    }
}
