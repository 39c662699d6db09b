// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {Ownable2Step} from "@openzeppelin/contracts/access/Ownable2Step.sol";
import {Address} from "@openzeppelin/contracts/utils/Address.sol";
import {SafeCast} from "@openzeppelin/contracts/utils/math/SafeCast.sol";
import {ICommittee} from "./interfaces/ICommittee.sol";
import {IStake, SignedReport, StakeInfo} from "./interfaces/IStake.sol";
import {Equivocation} from "./libraries/Equivocation.sol";

/// @notice Operators' stake: paid in, taken out after unbonding, slashed for two outcomes of one run.
/// @dev The contract holds at least the sum of all stakes and `slashedFunds`; more only by ether forced upon it.
abstract contract Stake is IStake, Ownable2Step {
    // What began in an epoch is signed and delivered within a router's longest request timeout (Router.MAX_TIMEOUT).
    uint256 public constant GRACE_PERIOD = 7 days;
    // After that: for anyone to compare two receipts and prove what they show. Optimistic rollups give fraud proofs a week.
    uint256 public constant EVIDENCE_WINDOW = 7 days;
    // Longer than both together, so that a proof sent on the last day finds the stake; a day, for a congested chain.
    uint256 public constant UNBONDING_PERIOD = GRACE_PERIOD + EVIDENCE_WINDOW + 1 days;
    // Percent. Pays for search and gas; who proves its own fault to be first still loses nine tenths.
    uint256 public constant PROVER_SHARE = 10;

    /// @inheritdoc IStake
    uint96 public immutable minStake;
    /// @inheritdoc IStake
    uint256 public slashedFunds;

    mapping(address operator => StakeInfo) internal _stakes;

    constructor(uint96 minStake_) {
        minStake = minStake_;
    }

    /// @inheritdoc IStake
    function addStake() external payable {
        if (!isRegistered(msg.sender)) revert ICommittee.NotRegistered(msg.sender);
        deposit();
    }

    /// @inheritdoc IStake
    function requestExit() external {
        if (!isRegistered(msg.sender)) revert ICommittee.NotRegistered(msg.sender);
        StakeInfo storage stake = _stakes[msg.sender];
        if (stake.exitAt != 0) revert AlreadyExiting(msg.sender, stake.exitAt);
        stake.exitAt = SafeCast.toUint40(block.timestamp);
        emit ExitRequested(msg.sender);
    }

    /// @inheritdoc IStake
    function cancelExit() external {
        StakeInfo storage stake = _stakes[msg.sender];
        if (stake.exitAt == 0) revert NotExiting(msg.sender);
        stake.exitAt = 0;
        emit ExitCancelled(msg.sender);
    }

    /// @inheritdoc IStake
    function withdrawStake(address to) external {
        StakeInfo memory stake = _stakes[msg.sender];
        if (stake.amount == 0) revert NoStake(msg.sender);
        if (stake.exitAt == 0) revert NotExiting(msg.sender);
        uint256 servedUntil = replacedAt(stake.lastEpoch);
        if (servedUntil == type(uint256).max) revert StillBonded(msg.sender, 0);
        uint256 releaseAt = UNBONDING_PERIOD + (servedUntil > stake.exitAt ? servedUntil : stake.exitAt);
        if (block.timestamp < releaseAt) revert StillBonded(msg.sender, releaseAt);
        _stakes[msg.sender].amount = 0;
        emit StakeWithdrawn(msg.sender, to, stake.amount);
        pay(to, stake.amount);
    }

    /// @inheritdoc IStake
    function proveEquivocation(address router, uint64 epoch, uint256 member, SignedReport[2] calldata votes) external {
        (address operator, address signer) = memberAt(epoch, member);
        StakeInfo storage stake = _stakes[operator];
        if (stake.slashed) revert AlreadySlashed(operator);
        Equivocation.check(router, address(this), epoch, signer, votes);
        uint256 amount = stake.amount;
        uint256 reward = amount * PROVER_SHARE / 100;
        stake.amount = 0;
        stake.slashed = true;
        slashedFunds += amount - reward;
        emit Slashed(operator, epoch, votes[0].report.requestId, msg.sender, amount, reward);
        if (reward != 0) pay(msg.sender, reward);
    }

    /// @inheritdoc IStake
    function withdrawSlashed(address to) external onlyOwner returns (uint256 amount) {
        amount = slashedFunds;
        slashedFunds = 0;
        emit SlashedFundsWithdrawn(to, amount);
        pay(to, amount);
    }

    /// @inheritdoc IStake
    function stakeOf(address operator) external view returns (StakeInfo memory) {
        return _stakes[operator];
    }

    /// @inheritdoc IStake
    function isEligible(address operator) public view returns (bool) {
        StakeInfo memory stake = _stakes[operator];
        return !stake.slashed && stake.exitAt == 0 && stake.amount >= minStake && isRegistered(operator);
    }

    /// @dev Adds what the caller paid to its stake.
    function deposit() internal {
        StakeInfo storage stake = _stakes[msg.sender];
        if (stake.slashed) revert AlreadySlashed(msg.sender);
        if (msg.value == 0) return;
        uint96 total = SafeCast.toUint96(stake.amount + msg.value);
        stake.amount = total;
        emit Staked(msg.sender, msg.value, total);
    }

    /// @dev Whether the operator ever registered.
    function isRegistered(address operator) internal view virtual returns (bool);

    /// @dev When the epoch was replaced: 0 for no epoch, all ones while it is current.
    function replacedAt(uint64 epoch) internal view virtual returns (uint256);

    /// @dev The member of an epoch at an index, as it was when the epoch began.
    function memberAt(uint64 epoch, uint256 index) internal view virtual returns (address operator, address signer);

    function pay(address to, uint256 amount) private {
        if (to == address(0)) revert BadRecipient();
        Address.sendValue(payable(to), amount);
    }
}
