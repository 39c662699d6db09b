// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {IVerifier} from "../interfaces/IVerifier.sol";
import {Bls12381} from "../libraries/Bls12381.sol";
import {EpochTable} from "../libraries/EpochTable.sol";
import {Member} from "../types/Types.sol";

/// @notice One BLS12-381 signature aggregated over the signers: flat cost, for large committees and light proofs.
/// @dev Proof: bitmap (16 bytes) ++ aggregate signature (G1, 128 bytes).
/// Table: keys of 192 bytes (EIP-2537 without its zero padding), first the sum of all members', then each member's negated.
/// The signers' key is the sum plus the negated keys of those who did not sign. Rogue keys are kept out by the proof of
/// possession and points outside the subgroup by the pairing, both at registration.
contract BlsVerifier is IVerifier {
    uint256 private constant KEY = 192;

    /// @inheritdoc IVerifier
    string public constant scheme = "bls";

    /// @inheritdoc IVerifier
    function snapshot(Member[] calldata members) external view returns (bytes memory table) {
        table = new bytes(KEY * (members.length + 1));
        bytes memory sum = new bytes(Bls12381.G2_LENGTH);
        for (uint256 i; i < members.length; ++i) {
            bytes memory key = members[i].publicKey;
            sum = Bls12381.addG2(sum, key);
            pack(Bls12381.negateG2(key), table, KEY * (i + 1));
        }
        pack(sum, table, 0);
    }

    /// @inheritdoc IVerifier
    function verify(bytes32 digest, address table, uint256 n, uint256 quorum, bytes calldata proof)
        external
        view
        returns (uint256 signers)
    {
        if (proof.length != 16 + Bls12381.G1_LENGTH) revert BadProofLength(proof.length);
        signers = uint128(bytes16(proof[:16]));
        if (signers >> n != 0) revert SignerOutOfRange(signers, n);
        uint256 silent = ~signers & ((1 << n) - 1);
        bytes memory key = sumOfSigners(table, n, quorum, silent);
        if (!Bls12381.verify(digest, Bls12381.SIGNATURE_DST, proof[16:], key)) revert BadSignature(256);
    }

    /// @dev The sum of all keys plus the negated keys of the silent members.
    function sumOfSigners(address table, uint256 n, uint256 quorum, uint256 silent)
        private
        view
        returns (bytes memory sum)
    {
        uint256 keys = loadKeys(table, silent == 0 ? 0 : n);
        bytes memory sumAndKey = new bytes(2 * Bls12381.G2_LENGTH);
        unpack(keys, sumAndKey, 0);
        uint256 signers = n;
        unchecked {
            for (; silent != 0; silent >>= 1) {
                keys += KEY;
                if (silent & 1 == 1) {
                    --signers;
                    unpack(keys, sumAndKey, Bls12381.G2_LENGTH);
                    Bls12381.addG2InPlace(sumAndKey);
                }
            }
        }
        if (signers < quorum) revert QuorumNotReached(signers, quorum);
        assembly ("memory-safe") {
            mstore(sumAndKey, 256)
        }
        return sumAndKey;
    }

    /// @dev A pointer to the table's first key; one copy brings the sum and `n` more keys.
    function loadKeys(address table, uint256 n) private view returns (uint256 keys) {
        uint256 header = EpochTable.HEADER;
        assembly ("memory-safe") {
            keys := mload(0x40)
            let size := mul(add(n, 1), KEY)
            mstore(0x40, add(keys, size))
            extcodecopy(table, keys, header, size)
        }
    }

    /// @dev Four field elements: 16 zero bytes and 48 bytes each become 48 bytes each.
    function pack(bytes memory point, bytes memory table, uint256 offset) private pure {
        assembly ("memory-safe") {
            let from := add(point, 48)
            let to := add(add(table, 32), offset)
            mcopy(to, from, 48)
            mcopy(add(to, 48), add(from, 64), 48)
            mcopy(add(to, 96), add(from, 128), 48)
            mcopy(add(to, 144), add(from, 192), 48)
        }
    }

    /// @dev The inverse of `pack`, into memory whose padding is zero already.
    function unpack(uint256 from, bytes memory points, uint256 offset) private pure {
        assembly ("memory-safe") {
            let to := add(add(points, 48), offset)
            mcopy(to, from, 48)
            mcopy(add(to, 64), add(from, 48), 48)
            mcopy(add(to, 128), add(from, 96), 48)
            mcopy(add(to, 192), add(from, 144), 48)
        }
    }
}
