// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {Ownable, Ownable2Step} from "@openzeppelin/contracts/access/Ownable2Step.sol";
import {ICommittee} from "./interfaces/ICommittee.sol";
import {IVerifier} from "./interfaces/IVerifier.sol";
import {Bls12381} from "./libraries/Bls12381.sol";
import {Code} from "./libraries/Code.sol";
import {Digests} from "./libraries/Digests.sol";
import {EpochVerifiers} from "./libraries/EpochVerifiers.sol";
import {X25519} from "./libraries/X25519.sol";
import {Epoch, Member} from "./types/Types.sol";

/// @notice Operators and their keys, and the epochs the owner makes of them.
contract Committee is ICommittee, Ownable2Step {
    uint256 public constant MAX_MEMBERS = 100; // BLS keys of more do not fit one data contract (EIP-170)
    uint256 public constant MAX_VERIFIERS = 8; // each costs a data contract an epoch
    uint256 public constant MAX_ENDPOINT = 256;

    /// @inheritdoc ICommittee
    uint64 public currentEpoch;
    bytes32 private immutable DEPLOYER_HASH = EpochVerifiers.deployerHash();

    mapping(address operator => address record) private _records; // code of a contract: abi.encode(Member)
    mapping(bytes32 publicKeyHash => address operator) private _keyOwners;
    mapping(uint64 epoch => address data) private _epochs; // code of a contract: abi.encode(Epoch, address[] records)

    constructor(address owner) Ownable(owner) {}

    /// @inheritdoc ICommittee
    function register(
        address signer,
        bytes32 encryptionKey,
        bytes calldata publicKey,
        bytes calldata possession,
        string calldata endpoint
    ) external {
        if (signer == address(0)) revert BadSigner();
        if (X25519.isLowOrder(encryptionKey)) revert BadEncryptionKey();
        uint256 length = bytes(endpoint).length;
        if (length == 0 || length > MAX_ENDPOINT) revert BadEndpoint(length);
        claimKey(publicKey, possession);
        Member memory record = Member(msg.sender, signer, encryptionKey, publicKey, endpoint);
        _records[msg.sender] = Code.write(abi.encode(record));
        emit Registered(msg.sender, signer, encryptionKey, publicKey, endpoint);
    }

    /// @inheritdoc ICommittee
    function startEpoch(
        address[] calldata operators,
        bytes32 profileId,
        uint32 roundLength,
        address[] calldata verifiers
    ) external onlyOwner returns (uint64 epoch) {
        uint256 n = operators.length;
        if (n == 0 || n > MAX_MEMBERS) revert BadMemberCount(n);
        if (roundLength == 0) revert BadRoundLength();
        epoch = ++currentEpoch;
        uint256 faults = (n - 1) / 3;
        (address[] memory records, Member[] memory members) = distinctMembers(operators);
        Epoch memory info = Epoch(
            uint64(block.number),
            uint64(block.timestamp),
            roundLength,
            profileId,
            faults,
            n - faults,
            verifiers,
            operators
        );
        _epochs[epoch] = Code.write(abi.encode(info, records));
        deployVerifiers(epoch, verifiers, members, n - faults);
        emit EpochStarted(epoch, profileId, roundLength, operators, verifiers);
    }

    /// @inheritdoc ICommittee
    function epochInfo(uint64 epoch) external view returns (Epoch memory info) {
        (info,) = readEpoch(epoch);
    }

    /// @inheritdoc ICommittee
    function epochMembers(uint64 epoch) external view returns (Member[] memory members) {
        (, address[] memory records) = readEpoch(epoch);
        members = new Member[](records.length);
        for (uint256 i; i < records.length; ++i) {
            members[i] = abi.decode(Code.read(records[i]), (Member));
        }
    }

    /// @inheritdoc ICommittee
    function member(address operator) public view returns (Member memory) {
        address record = _records[operator];
        if (record == address(0)) revert NotRegistered(operator);
        return abi.decode(Code.read(record), (Member));
    }

    /// @inheritdoc ICommittee
    function possessionDigest(address operator, bytes calldata publicKey) public view returns (bytes32) {
        return Digests.possession(address(this), operator, keccak256(publicKey));
    }

    /// @inheritdoc ICommittee
    function epochVerifier(uint64 epoch, uint256 index) external view returns (address) {
        return EpochVerifiers.locate(address(this), DEPLOYER_HASH, epoch, index);
    }

    /// @dev Checks key and proof of possession and makes the key the caller's. One pairing checks the subgroup of both.
    function claimKey(bytes calldata publicKey, bytes calldata possession) private {
        if (publicKey.length != Bls12381.G2_LENGTH) revert BadPublicKey();
        if (possession.length != Bls12381.G1_LENGTH) revert BadPossession();
        bytes32 hash = keccak256(publicKey);
        address claimant = _keyOwners[hash];
        if (claimant == address(0)) _keyOwners[hash] = msg.sender;
        else if (claimant != msg.sender) revert PublicKeyTaken(claimant);
        uint256 input = Bls12381.newCheck(possession);
        Bls12381.setKey(input, publicKey);
        if (!Bls12381.check(input, possessionDigest(msg.sender, publicKey), Bls12381.POSSESSION_DST)) {
            revert BadPossession();
        }
    }

    function distinctMembers(address[] calldata operators)
        private
        view
        returns (address[] memory records, Member[] memory members)
    {
        uint256 n = operators.length;
        records = new address[](n);
        members = new Member[](n);
        for (uint256 i; i < n; ++i) {
            members[i] = member(operators[i]);
            records[i] = _records[operators[i]];
            for (uint256 j; j < i; ++j) {
                if (operators[i] == operators[j] || members[i].signer == members[j].signer) {
                    revert DuplicateMember(operators[i]);
                }
            }
        }
    }

    function deployVerifiers(uint64 epoch, address[] calldata verifiers, Member[] memory members, uint256 quorum) private {
        uint256 count = verifiers.length;
        if (count == 0 || count > MAX_VERIFIERS) revert BadVerifiers();
        for (uint256 i; i < count; ++i) {
            for (uint256 j; j < i; ++j) {
                if (verifiers[i] == verifiers[j]) revert BadVerifiers();
            }
            EpochVerifiers.deploy(epoch, i, IVerifier(verifiers[i]).epochCode(members, quorum));
        }
    }

    function readEpoch(uint64 epoch) private view returns (Epoch memory, address[] memory) {
        address data = _epochs[epoch];
        if (data == address(0)) revert UnknownEpoch(epoch);
        return abi.decode(Code.read(data), (Epoch, address[]));
    }
}
