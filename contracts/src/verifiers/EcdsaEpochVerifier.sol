// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {IEpochVerifier} from "../interfaces/IEpochVerifier.sol";

/// @notice Checks a quorum of secp256k1 signatures of one epoch.
/// @dev Proof: bitmap (16 bytes) ++ EIP-2098 signature (64 bytes) of each set bit, ascending.
/// The code ends with: signers (20 bytes each) ++ n << 8 | quorum (32 bytes).
contract EcdsaEpochVerifier is IEpochVerifier {
    uint256 private constant HALF_ORDER = 0x7fffffffffffffffffffffffffffffff5d576e7357a4501ddfe92f46681b20a0;

    /// @inheritdoc IEpochVerifier
    function verify(bytes32 digest, bytes calldata proof) external view returns (uint256 signers) {
        (uint256 n, uint256 quorum, uint256 keys) = load();
        uint256 end = proof.length;
        if (end < 16) revert BadProofLength(end);
        signers = uint256(uint128(bytes16(proof)));
        if (signers >> n != 0) revert SignerOutOfRange(signers, n);
        uint256 offset = 16;
        unchecked {
            uint256 key = keys;
            for (uint256 rest = signers; rest != 0; rest >>= 1) {
                if (rest & 1 == 1) {
                    if (end < offset + 64) revert BadProofLength(end);
                    if (recover(digest, proof, offset) != signerAt(key)) revert BadSignature((key - keys) / 20);
                    offset += 64;
                }
                key += 20;
            }
            if (end != offset) revert BadProofLength(end);
            if (offset / 64 < quorum) revert QuorumNotReached(offset / 64, quorum);
        }
    }

    /// @dev n, quorum and a pointer to the signers, 20 bytes each.
    function load() private pure returns (uint256 n, uint256 quorum, uint256 keys) {
        assembly ("memory-safe") {
            codecopy(0, sub(codesize(), 32), 32)
            quorum := and(mload(0), 0xff)
            n := shr(8, mload(0))
            let size := mul(n, 20)
            keys := mload(0x40)
            mstore(0x40, add(keys, and(add(size, 63), not(31))))
            codecopy(keys, sub(sub(codesize(), 32), size), size)
        }
    }

    function signerAt(uint256 key) private pure returns (uint256 signer) {
        assembly ("memory-safe") {
            signer := shr(96, mload(key))
        }
    }

    /// @dev The address that made the compact signature at `offset`; all ones, which is no address, for a high s or none.
    function recover(bytes32 digest, bytes calldata proof, uint256 offset) private view returns (uint256 signer) {
        uint256 half = HALF_ORDER;
        assembly ("memory-safe") {
            let signature := add(proof.offset, offset)
            let paritys := calldataload(add(signature, 32))
            let s := shr(1, shl(1, paritys))
            let work := mload(0x40)
            mstore(work, digest)
            mstore(add(work, 32), add(27, shr(255, paritys)))
            calldatacopy(add(work, 64), signature, 32)
            mstore(add(work, 96), s)
            mstore(0, not(0)) // what stays there when ecrecover returns nothing
            if iszero(gt(s, half)) { pop(staticcall(gas(), 1, work, 128, 0, 32)) }
            signer := mload(0)
        }
    }
}
