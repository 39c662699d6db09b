// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {IVerifier} from "../interfaces/IVerifier.sol";
import {Bls12381} from "../libraries/Bls12381.sol";
import {Member} from "../types/Types.sol";
import {BlsEpochVerifier} from "./BlsEpochVerifier.sol";

/// @notice One BLS12-381 signature aggregated over the signers: flat cost, for large committees and light proofs.
/// @dev Keys without proof of possession, outside the subgroup or at infinity never get here: registration refuses them.
contract BlsVerifier is IVerifier {
    /// @inheritdoc IVerifier
    string public constant scheme = "bls";

    /// @inheritdoc IVerifier
    function epochCode(Member[] calldata members, uint256 quorum) external view returns (bytes memory code) {
        bytes memory keys = new bytes(192 * (members.length + 1));
        bytes memory sum = new bytes(Bls12381.G2_LENGTH);
        for (uint256 i; i < members.length; ++i) {
            bytes memory key = members[i].publicKey;
            sum = Bls12381.addG2(sum, key);
            pack(Bls12381.negateG2(key), keys, 192 * (i + 1));
        }
        pack(sum, keys, 0);
        return bytes.concat(type(BlsEpochVerifier).runtimeCode, keys, abi.encode(members.length << 8 | quorum));
    }

    /// @dev Writes a point without the zero padding of its four field elements, 192 bytes.
    function pack(bytes memory point, bytes memory keys, uint256 offset) private pure {
        assembly ("memory-safe") {
            let from := add(point, 48)
            let to := add(add(keys, 32), offset)
            mcopy(to, from, 48)
            mcopy(add(to, 48), add(from, 64), 48)
            mcopy(add(to, 96), add(from, 128), 48)
            mcopy(add(to, 144), add(from, 192), 48)
        }
    }
}
