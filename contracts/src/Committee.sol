// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {Ownable} from "@openzeppelin/contracts/access/Ownable.sol";
import {ICommittee} from "./interfaces/ICommittee.sol";
import {IVerifier} from "./interfaces/IVerifier.sol";
import {Code} from "./libraries/Code.sol";
import {EpochVerifiers} from "./libraries/EpochVerifiers.sol";
import {Located} from "./libraries/Located.sol";
import {Operators} from "./Operators.sol";
import {Stake} from "./Stake.sol";
import {Epoch, Member} from "./types/Types.sol";

/// @notice Operators with keys and stake, and the epochs the owner makes of them.
contract Committee is Operators {
    struct Proposal {
        bytes32 hash; // of the arguments of `proposeEpoch`; zero when there is none
        uint256 readyAt; // block timestamp
    }

    struct Frozen {
        address data; // code of a contract: abi.encode(Epoch, address[] records)
        uint64 startTime;
    }

    uint256 public constant MAX_MEMBERS = 100; // BLS keys of more do not fit one data contract (EIP-170)
    uint256 public constant MAX_VERIFIERS = 8; // each costs a data contract an epoch
    uint256 private constant SEATS = 256; // of the table that finds duplicates; more than members, so that one stays free
    uint256 public constant MAX_CHANGE_DELAY = 30 days; // a committee whose members vanish must be replaced some day

    /// @inheritdoc ICommittee
    uint256 public immutable changeDelay;
    bytes32 private immutable DEPLOYER_HASH = Located.deployerHash();

    /// @inheritdoc ICommittee
    uint64 public currentEpoch;
    /// @inheritdoc ICommittee
    Proposal public proposal;

    mapping(uint64 epoch => Frozen) private _epochs;

    constructor(address owner, uint96 minStake_, uint256 changeDelay_) Ownable(owner) Stake(minStake_) {
        if (changeDelay_ > MAX_CHANGE_DELAY) revert BadChangeDelay(changeDelay_);
        changeDelay = changeDelay_;
    }

    /// @inheritdoc ICommittee
    function proposeEpoch(
        address[] calldata operators,
        bytes32 profileId,
        uint32 roundLength,
        address[] calldata verifiers
    ) external onlyOwner {
        if (roundLength == 0) revert BadRoundLength();
        checkMembers(operators);
        checkVerifiers(verifiers);
        bytes32 hash = keccak256(abi.encode(operators, profileId, roundLength, verifiers));
        uint256 readyAt = block.timestamp + (currentEpoch == 0 ? 0 : changeDelay);
        proposal = Proposal(hash, readyAt);
        emit EpochProposed(hash, readyAt, profileId, roundLength, operators, verifiers);
    }

    /// @inheritdoc ICommittee
    function startEpoch(
        address[] calldata operators,
        bytes32 profileId,
        uint32 roundLength,
        address[] calldata verifiers
    ) external returns (uint64 epoch) {
        takeProposal(keccak256(abi.encode(operators, profileId, roundLength, verifiers)));
        epoch = ++currentEpoch;
        Epoch memory info;
        info.startBlock = uint64(block.number);
        info.startTime = uint64(block.timestamp);
        info.roundLength = roundLength;
        info.profileId = profileId;
        info.verifiers = verifiers;
        info.operators = takeEligible(operators, epoch);
        uint256 n = info.operators.length;
        info.faults = (n - 1) / 3;
        info.quorum = n - info.faults;
        freeze(epoch, info);
        emit EpochStarted(epoch, profileId, roundLength, info.operators, verifiers);
    }

    /// @inheritdoc ICommittee
    function isLive(uint64 epoch) external view returns (bool) {
        if (epoch == 0 || epoch > currentEpoch) return false;
        return epoch == currentEpoch || block.timestamp < replacedAt(epoch) + GRACE_PERIOD;
    }

    /// @inheritdoc ICommittee
    function epochInfo(uint64 epoch) external view returns (Epoch memory info) {
        (info,) = readEpoch(epoch);
    }

    /// @inheritdoc ICommittee
    function epochMembers(uint64 epoch) external view returns (Member[] memory members) {
        (, address[] memory records) = readEpoch(epoch);
        return readMembers(records);
    }

    /// @inheritdoc ICommittee
    function epochVerifier(uint64 epoch, uint256 index) external view returns (address) {
        return EpochVerifiers.locate(address(this), DEPLOYER_HASH, epoch, index);
    }

    function replacedAt(uint64 epoch) internal view override returns (uint256) {
        if (epoch == 0) return 0;
        return epoch == currentEpoch ? type(uint256).max : _epochs[epoch + 1].startTime;
    }

    function memberAt(uint64 epoch, uint256 index) internal view override returns (address operator, address signer) {
        (, address[] memory records) = readEpoch(epoch);
        if (index >= records.length) revert NoSuchMember(epoch, index);
        Member memory record = readMember(records[index]);
        return (record.operator, record.signer);
    }

    /// @dev Duplicates meet in a hash table: comparing every two costs 700,000 gas more for 100 members.
    function checkMembers(address[] calldata operators) private view {
        uint256 n = operators.length;
        if (n == 0 || n > MAX_MEMBERS) revert BadMemberCount(n);
        address[] memory seats = new address[](SEATS);
        for (uint256 i; i < n; ++i) {
            address operator = operators[i];
            if (!isRegistered(operator)) revert NotRegistered(operator);
            uint256 seat = uint160(operator) % SEATS;
            for (; seats[seat] != address(0); seat = (seat + 1) % SEATS) {
                if (seats[seat] == operator) revert DuplicateMember(operator);
            }
            seats[seat] = operator;
        }
    }

    function checkVerifiers(address[] memory verifiers) private view {
        uint256 count = verifiers.length;
        if (count == 0 || count > MAX_VERIFIERS) revert BadVerifiers();
        for (uint256 i; i < count; ++i) {
            if (verifiers[i].code.length == 0) revert BadVerifiers();
            for (uint256 j; j < i; ++j) {
                if (verifiers[i] == verifiers[j]) revert BadVerifiers();
            }
        }
    }

    /// @dev What `proposeEpoch` checked holds still: these are its arguments, and nobody is ever unregistered.
    function takeProposal(bytes32 hash) private {
        Proposal memory taken = proposal;
        if (taken.hash != hash) revert EpochNotReady(0);
        if (block.timestamp < taken.readyAt) revert EpochNotReady(taken.readyAt);
        delete proposal;
    }

    /// @dev Those of the operators that can be members now, marked as members of `epoch`.
    function takeEligible(address[] calldata operators, uint64 epoch) private returns (address[] memory eligible) {
        uint256 n = operators.length;
        eligible = new address[](n);
        uint256 count;
        for (uint256 i; i < n; ++i) {
            address operator = operators[i];
            if (!isEligible(operator)) continue;
            _stakes[operator].lastEpoch = epoch;
            eligible[count++] = operator;
        }
        uint256 needed = n - (n - 1) / 3;
        if (count < needed) revert TooFewMembers(count, needed);
        assembly ("memory-safe") {
            mstore(eligible, count)
        }
    }

    /// @dev Keeps the epoch, and deploys its verifiers with the members' keys in them.
    function freeze(uint64 epoch, Epoch memory info) private {
        uint256 n = info.operators.length;
        address[] memory records = new address[](n);
        for (uint256 i; i < n; ++i) {
            records[i] = _records[info.operators[i]];
        }
        _epochs[epoch] = Frozen(Code.write(abi.encode(info, records)), info.startTime);
        Member[] memory members = readMembers(records);
        for (uint256 i; i < info.verifiers.length; ++i) {
            EpochVerifiers.deploy(epoch, i, IVerifier(info.verifiers[i]).epochCode(members, info.quorum));
        }
    }

    function readMembers(address[] memory records) private view returns (Member[] memory members) {
        members = new Member[](records.length);
        for (uint256 i; i < records.length; ++i) {
            members[i] = readMember(records[i]);
        }
    }

    function readEpoch(uint64 epoch) private view returns (Epoch memory, address[] memory) {
        address data = _epochs[epoch].data;
        if (data == address(0)) revert UnknownEpoch(epoch);
        return abi.decode(Code.read(data), (Epoch, address[]));
    }
}
