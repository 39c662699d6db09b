// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {ICommittee} from "./interfaces/ICommittee.sol";
import {Bls12381} from "./libraries/Bls12381.sol";
import {Code} from "./libraries/Code.sol";
import {Digests} from "./libraries/Digests.sol";
import {Equivocation} from "./libraries/Equivocation.sol";
import {X25519} from "./libraries/X25519.sol";
import {Stake} from "./Stake.sol";
import {Member} from "./types/Types.sol";

/// @notice Operators' keys. A key, once registered, is its operator's for ever, so no two members of an epoch share one and
/// none can be registered to get in another's way.
abstract contract Operators is ICommittee, Stake {
    uint256 public constant MAX_ENDPOINT = 256;

    mapping(address operator => address record) internal _records; // code of a contract: abi.encode(Member)
    mapping(bytes32 publicKeyHash => address operator) private _keyOwners;
    mapping(address signer => address operator) private _signerOwners;

    /// @inheritdoc ICommittee
    function register(
        address signer,
        bytes calldata signerProof,
        bytes32 encryptionKey,
        bytes calldata publicKey,
        bytes calldata possession,
        string calldata endpoint
    ) external payable {
        if (X25519.isLowOrder(encryptionKey)) revert BadEncryptionKey();
        uint256 length = bytes(endpoint).length;
        if (length == 0 || length > MAX_ENDPOINT) revert BadEndpoint(length);
        bytes32 digest = possessionDigest(msg.sender, publicKey);
        claimSigner(signer, signerProof, digest);
        claimKey(publicKey, possession, digest);
        Member memory record = Member(msg.sender, signer, encryptionKey, publicKey, endpoint);
        _records[msg.sender] = Code.write(abi.encode(record));
        emit Registered(msg.sender, signer, encryptionKey, publicKey, endpoint);
        deposit();
    }

    /// @inheritdoc ICommittee
    function member(address operator) public view returns (Member memory) {
        if (!isRegistered(operator)) revert NotRegistered(operator);
        return readMember(_records[operator]);
    }

    /// @inheritdoc ICommittee
    function possessionDigest(address operator, bytes calldata publicKey) public view returns (bytes32) {
        return Digests.possession(address(this), operator, keccak256(publicKey));
    }

    function isRegistered(address operator) internal view override returns (bool) {
        return _records[operator] != address(0);
    }

    function readMember(address record) internal view returns (Member memory) {
        return abi.decode(Code.read(record), (Member));
    }

    function claimSigner(address signer, bytes calldata proof, bytes32 digest) private {
        if (signer == address(0)) revert BadSigner();
        address claimant = _signerOwners[signer];
        if (claimant == address(0)) _signerOwners[signer] = msg.sender;
        else if (claimant != msg.sender) revert SignerTaken(claimant);
        if (Equivocation.recover(digest, proof) != signer) revert BadSignerProof();
    }

    /// @dev Checks key and proof of possession and makes the key the caller's. One pairing checks the subgroup of both.
    function claimKey(bytes calldata publicKey, bytes calldata possession, bytes32 digest) private {
        if (publicKey.length != Bls12381.G2_LENGTH) revert BadPublicKey();
        if (possession.length != Bls12381.G1_LENGTH) revert BadPossession();
        bytes32 hash = keccak256(publicKey);
        address claimant = _keyOwners[hash];
        if (claimant == address(0)) _keyOwners[hash] = msg.sender;
        else if (claimant != msg.sender) revert PublicKeyTaken(claimant);
        uint256 input = Bls12381.newCheck(possession);
        Bls12381.setKey(input, publicKey);
        if (!Bls12381.check(input, digest, Bls12381.POSSESSION_DST)) revert BadPossession();
    }
}
