// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {IVerifier} from "../interfaces/IVerifier.sol";
import {Member} from "../types/Types.sol";
import {EcdsaEpochVerifier} from "./EcdsaEpochVerifier.sol";

/// @notice A quorum of secp256k1 signatures: cheapest for small committees.
contract EcdsaQuorumVerifier is IVerifier {
    /// @inheritdoc IVerifier
    string public constant scheme = "ecdsa";

    /// @inheritdoc IVerifier
    function epochCode(Member[] calldata members, uint256 quorum) external pure returns (bytes memory code) {
        code = type(EcdsaEpochVerifier).runtimeCode;
        for (uint256 i; i < members.length; ++i) {
            code = bytes.concat(code, bytes20(members[i].signer));
        }
        return bytes.concat(code, abi.encode(members.length << 8 | quorum));
    }
}
