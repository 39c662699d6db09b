// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {IEpochVerifier} from "../interfaces/IEpochVerifier.sol";
import {Bitmap} from "../libraries/Bitmap.sol";

/// @notice Checks a quorum of secp256k1 signatures of one epoch.
/// @dev Proof: bitmap (16 bytes) ++ EIP-2098 signature (64 bytes) of each set bit, ascending.
/// The code ends with: signers (20 bytes each) ++ n << 8 | quorum (32 bytes).
contract EcdsaEpochVerifier is IEpochVerifier {
    uint256 private constant HALF_ORDER = 0x7fffffffffffffffffffffffffffffff5d576e7357a4501ddfe92f46681b20a0;

    /// @inheritdoc IEpochVerifier
    function verify(bytes32 digest, bytes calldata proof) external view returns (uint256 signers) {
        (uint256 n, uint256 quorum, uint256 keys) = load();
        if (proof.length < 16) revert BadProofLength(proof.length);
        signers = uint256(uint128(bytes16(proof)));
        if (signers >> n != 0) revert SignerOutOfRange(signers, n);
        uint256 count = Bitmap.count(signers);
        if (proof.length != 16 + 64 * count) revert BadProofLength(proof.length);
        if (count < quorum) revert QuorumNotReached(count, quorum);
        uint256 stranger = firstStranger(digest, proof, signers, keys);
        if (stranger < n) revert BadSignature(stranger);
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

    /// @dev The first member in the bitmap whose compact signature in `proof` is not its own over `digest`; 2^256 - 1 when all
    /// are. A high s counts as no signature. One block of assembly, because every opcode here is paid once a signature.
    function firstStranger(bytes32 digest, bytes calldata proof, uint256 signers, uint256 keys)
        private
        view
        returns (uint256 stranger)
    {
        uint256 half = HALF_ORDER;
        assembly ("memory-safe") {
            stranger := not(0)
            let work := mload(0x40)
            mstore(work, digest)
            let signature := add(proof.offset, 16)
            for { let key := keys } signers { key := add(key, 20) } {
                if and(signers, 1) {
                    let s := calldataload(add(signature, 32))
                    mstore(add(work, 32), add(27, shr(255, s)))
                    mstore(add(work, 64), calldataload(signature))
                    s := shr(1, shl(1, s))
                    mstore(add(work, 96), s)
                    mstore(0, not(0)) // no address: it stays there when ecrecover returns nothing
                    if iszero(gt(s, half)) { pop(staticcall(gas(), 1, work, 128, 0, 32)) }
                    if xor(mload(0), shr(96, mload(key))) {
                        stranger := div(sub(key, keys), 20)
                        break
                    }
                    signature := add(signature, 64)
                }
                signers := shr(1, signers)
            }
        }
    }
}
