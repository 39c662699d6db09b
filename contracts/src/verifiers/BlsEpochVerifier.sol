// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {IEpochVerifier} from "../interfaces/IEpochVerifier.sol";
import {Bls12381} from "../libraries/Bls12381.sol";

/// @notice Checks one aggregate BLS12-381 signature of one epoch's members.
/// @dev Proof: bitmap (16 bytes) ++ aggregate signature (G1, 128 bytes).
/// The signers' key is the sum of all members' keys plus the negated keys of the silent ones. The code ends with: that sum,
/// each member's negated key (192 bytes each, EIP-2537 without the zero padding) ++ n << 8 | quorum (32 bytes).
contract BlsEpochVerifier is IEpochVerifier {
    uint256 private constant KEY = 192;

    /// @inheritdoc IEpochVerifier
    function verify(bytes32 digest, bytes calldata proof) external view returns (uint256 signers) {
        (uint256 n, uint256 quorum) = size();
        if (proof.length != 16 + Bls12381.G1_LENGTH) revert BadProofLength(proof.length);
        signers = uint256(uint128(bytes16(proof)));
        if (signers >> n != 0) revert SignerOutOfRange(signers, n);
        uint256 input = Bls12381.newCheck(proof[16:]);
        uint256 count = sumKeys(input, n, ~signers & ((1 << n) - 1));
        if (count < quorum) revert QuorumNotReached(count, quorum);
        if (!Bls12381.check(input, digest, Bls12381.SIGNATURE_DST)) revert BadAggregate();
    }

    function size() private pure returns (uint256 n, uint256 quorum) {
        assembly ("memory-safe") {
            codecopy(0, sub(codesize(), 32), 32)
            quorum := and(mload(0), 0xff)
            n := shr(8, mload(0))
        }
    }

    /// @dev Writes the sum of the keys of all but the silent members into the check; returns how many they are.
    function sumKeys(uint256 input, uint256 n, uint256 silent) private view returns (uint256 count) {
        uint256 keys;
        assembly ("memory-safe") {
            keys := mload(0x40)
            let loaded := KEY
            if silent { loaded := mul(add(n, 1), KEY) }
            mstore(0x40, add(keys, loaded))
            codecopy(keys, sub(sub(codesize(), 32), mul(add(n, 1), KEY)), loaded)
        }
        count = n;
        unchecked {
            Bls12381.unpack(keys, input + Bls12381.CHECK_KEY);
            for (; silent != 0; silent >>= 1) {
                keys += KEY;
                if (silent & 1 == 1) {
                    --count;
                    Bls12381.unpack(keys, input + Bls12381.CHECK_ADDEND);
                    Bls12381.addInPlace(input + Bls12381.CHECK_KEY);
                }
            }
        }
    }
}
