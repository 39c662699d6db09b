// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {IVerifier} from "../interfaces/IVerifier.sol";
import {EpochTable} from "../libraries/EpochTable.sol";
import {Member} from "../types/Types.sol";

/// @notice A quorum of secp256k1 signatures, cheapest for small committees. Table: n signer addresses of 20 bytes.
/// @dev Proof: bitmap (16 bytes) ++ EIP-2098 signature (64 bytes) of each set bit, ascending.
contract EcdsaQuorumVerifier is IVerifier {
    uint256 private constant HALF_ORDER = 0x7fffffffffffffffffffffffffffffff5d576e7357a4501ddfe92f46681b20a0;

    /// @inheritdoc IVerifier
    string public constant scheme = "ecdsa";

    /// @inheritdoc IVerifier
    function snapshot(Member[] calldata members) external pure returns (bytes memory table) {
        for (uint256 i; i < members.length; ++i) {
            table = bytes.concat(table, bytes20(members[i].signer));
        }
    }

    /// @inheritdoc IVerifier
    function verify(bytes32 digest, address table, uint256 n, uint256 quorum, bytes calldata proof)
        external
        view
        returns (uint256 signers)
    {
        if (proof.length < 16) revert BadProofLength(proof.length);
        signers = uint128(bytes16(proof[:16]));
        if (signers >> n != 0) revert SignerOutOfRange(signers, n);
        uint256 keys = loadSigners(table, n);
        uint256 offset = 16;
        unchecked {
            uint256 member;
            for (uint256 rest = signers; rest != 0; rest >>= 1) {
                if (rest & 1 == 1) {
                    if (proof.length < offset + 64) revert BadProofLength(proof.length);
                    if (!isSignedBy(digest, proof, offset, signerAt(keys, member))) revert BadSignature(member);
                    offset += 64;
                }
                ++member;
            }
            if (proof.length != offset) revert BadProofLength(proof.length);
            uint256 count = offset / 64;
            if (count < quorum) revert QuorumNotReached(count, quorum);
        }
    }

    /// @dev A pointer to the packed signers. Memory past the free pointer: nothing is allocated before the last read.
    function loadSigners(address table, uint256 n) private view returns (uint256 keys) {
        uint256 header = EpochTable.HEADER;
        assembly ("memory-safe") {
            keys := mload(0x40)
            let size := mul(n, 20)
            mstore(0x40, add(keys, and(add(size, 63), not(31))))
            extcodecopy(table, keys, header, size)
        }
    }

    function signerAt(uint256 keys, uint256 member) private pure returns (address signer) {
        assembly ("memory-safe") {
            signer := shr(96, mload(add(keys, mul(member, 20))))
        }
    }

    /// @dev The zero address, which `ecrecover` gives for garbage, is no member: registration refuses it.
    function isSignedBy(bytes32 digest, bytes calldata proof, uint256 offset, address signer)
        private
        pure
        returns (bool)
    {
        bytes32 r;
        uint256 vs;
        assembly ("memory-safe") {
            r := calldataload(add(proof.offset, offset))
            vs := calldataload(add(add(proof.offset, offset), 32))
        }
        uint256 s = vs & (type(uint256).max >> 1);
        if (s > HALF_ORDER) return false;
        address recovered = ecrecover(digest, uint8(27 + (vs >> 255)), r, bytes32(s));
        return recovered == signer && recovered != address(0);
    }
}
