// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {IBlsEpochVerifier, IEpochVerifier} from "../interfaces/IBlsEpochVerifier.sol";
import {Bitmap} from "../libraries/Bitmap.sol";
import {Bls12381} from "../libraries/Bls12381.sol";
import {Located} from "../libraries/Located.sol";

/// @notice Checks one aggregate BLS12-381 signature of one epoch's members.
/// @dev Proof: bitmap (16 bytes) ++ aggregate signature (G1, 128 bytes); the bitmap's bit 127 says that the sum of the
/// signers' keys is kept.
/// The signers' key is the sum of all members' keys plus the negated keys of the silent ones. The code ends with: that sum,
/// each member's negated key (192 bytes each, EIP-2537 without the zero padding) ++ n << 8 | quorum (32 bytes).
contract BlsEpochVerifier is IBlsEpochVerifier {
    uint256 private constant KEY = 192;
    uint256 private constant REMEMBERED = 1 << 127; // above every member: an epoch has 100 at most

    /// @inheritdoc IEpochVerifier
    function verify(bytes32 digest, bytes calldata proof) external view returns (uint256 signers) {
        if (proof.length != 16 + Bls12381.G1_LENGTH) revert BadProofLength(proof.length);
        signers = uint256(uint128(bytes16(proof)));
        uint256 input = Bls12381.newCheck(proof[16:]);
        if (signers & REMEMBERED == 0) {
            sumKeys(input, signers);
        } else {
            signers ^= REMEMBERED;
            recallKeys(input, signers);
        }
        if (!Bls12381.check(input, digest, Bls12381.SIGNATURE_DST)) revert BadAggregate();
    }

    /// @inheritdoc IBlsEpochVerifier
    function remember(uint256 signers) external returns (address sum) {
        sum = sumOf(signers);
        if (sum.code.length != 0) return sum;
        uint256 input = Bls12381.newCheck(msg.data[:0]);
        sumKeys(input, signers);
        bytes memory packed = new bytes(1 + KEY); // behind a STOP, so that it cannot be called
        assembly ("memory-safe") {
            let from := add(input, add(512, 16))
            for { let to := add(packed, 33) } lt(to, add(packed, 225)) { to := add(to, 48) } {
                mcopy(to, from, 48)
                from := add(from, 64)
            }
        }
        Located.deploy(signers, packed);
        emit Remembered(signers, sum);
    }

    /// @inheritdoc IBlsEpochVerifier
    function sumOf(uint256 signers) public view returns (address) {
        return Located.locate(address(this), Located.deployerHash(), signers);
    }

    function size() private pure returns (uint256 n, uint256 quorum) {
        assembly ("memory-safe") {
            codecopy(0, sub(codesize(), 32), 32)
            quorum := and(mload(0), 0xff)
            n := shr(8, mload(0))
        }
    }

    /// @dev Copies the kept sum of the signers' keys into the check. It was a quorum's when it was kept.
    function recallKeys(uint256 input, uint256 signers) private view {
        address sum = sumOf(signers);
        if (sum.code.length == 0) revert NotRemembered(signers);
        uint256 keys;
        uint256 length = KEY;
        assembly ("memory-safe") {
            keys := mload(0x40)
            mstore(0x40, add(keys, length))
            extcodecopy(sum, keys, 1, length)
        }
        Bls12381.unpack(keys, input + Bls12381.CHECK_KEY);
    }

    /// @dev Writes the sum of the keys of all but the silent members into the check; reverts unless a quorum is left.
    function sumKeys(uint256 input, uint256 signers) private view {
        (uint256 n, uint256 quorum) = size();
        if (signers >> n != 0) revert SignerOutOfRange(signers, n);
        uint256 count = Bitmap.count(signers);
        if (count < quorum) revert QuorumNotReached(count, quorum);
        uint256 silent = ~signers & ((1 << n) - 1);
        uint256 keys;
        assembly ("memory-safe") {
            keys := mload(0x40)
            let loaded := KEY
            if silent { loaded := mul(add(n, 1), KEY) }
            mstore(0x40, add(keys, loaded))
            codecopy(keys, sub(sub(codesize(), 32), mul(add(n, 1), KEY)), loaded)
        }
        unchecked {
            Bls12381.unpack(keys, input + Bls12381.CHECK_KEY);
            for (; silent != 0; silent >>= 1) {
                keys += KEY;
                if (silent & 1 == 1) {
                    Bls12381.unpack(keys, input + Bls12381.CHECK_ADDEND);
                    Bls12381.addInPlace(input + Bls12381.CHECK_KEY);
                }
            }
        }
    }
}
