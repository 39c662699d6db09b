// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {IERC20, SafeERC20} from "@openzeppelin/contracts/token/ERC20/utils/SafeERC20.sol";
import {SafeCast} from "@openzeppelin/contracts/utils/math/SafeCast.sol";
import {AttestedPrice, Price, PriceRules} from "./AttestedPrice.sol";
import {BoundReceiver} from "./BoundReceiver.sol";
import {FunctionBinding} from "./FunctionBinding.sol";
import {ICollateralGuard} from "./ICollateralGuard.sol";
import {ILendingMarket} from "./ILendingMarket.sol";
import {LendingMarket} from "./LendingMarket.sol";
import {LendingMath, Position, Seizure, Terms} from "./LendingMath.sol";
import {Words} from "./Words.sol";

/// @notice A small lending market guarded by reports (docs/consumers.md).
/// @dev The callback moves no tokens: it pays from the reserve's books. So no token can make it fail, and it is safe to
/// run while another function of this contract waits for a token.
contract CollateralGuard is ICollateralGuard, LendingMarket, BoundReceiver {
    using SafeCast for uint256;
    using SafeERC20 for IERC20;
    using Words for bytes;

    struct Tokens {
        IERC20 collateral;
        IERC20 debt;
    }

    uint32 public constant CALLBACK_GAS = 300_000; // the router's own cap
    uint256 public constant CHECK_INTERVAL = 60; // seconds; what anyone can spend of the subscription
    uint256 public constant MAX_ACCOUNTS = 8; // of one report; one takes 20,000 to 25,000 gas
    uint256 private constant ACCOUNT_GAS = 40_000; // for one account and what stands after the loop
    uint256 private constant HEAD_LENGTH = 128; // price, timestamp, offset and number of accounts

    uint40 public checkedAt; // of the last `check`

    constructor(
        address router,
        address owner,
        bytes32 functionId,
        address triggerOwner,
        uint256 delay,
        Tokens memory tokens,
        Terms memory terms_,
        PriceRules memory rules
    )
        FunctionBinding(router, owner, functionId, triggerOwner, delay)
        LendingMarket(tokens.collateral, tokens.debt, terms_)
        AttestedPrice(rules)
    {}

    /// @inheritdoc ICollateralGuard
    function check() external returns (bytes32 requestId) {
        uint256 readyAt = checkedAt + CHECK_INTERVAL;
        if (block.timestamp < readyAt) revert CheckedRecently(readyAt);
        checkedAt = uint40(block.timestamp);
        requestId = _ask(abi.encode(address(this)), CALLBACK_GAS);
        emit CheckRequested(requestId, msg.sender);
    }

    /// @inheritdoc ILendingMarket
    function liquidate(address account, uint256 budget) external nonReentrant returns (uint256, uint256) {
        accrue();
        uint256 value = _settledPrice();
        (bool unhealthy, uint256 debt) = health(account, value);
        if (!unhealthy) revert Healthy(account);
        Seizure memory seizure = LendingMath.plan(_terms, _positions[account].collateral, debt, value, budget);
        if (seizure.repaid == 0 && seizure.badDebt == 0) revert NoAmount();
        if (seizure.repaid != 0) {
            uint256 received = pull(debtToken, seizure.repaid);
            if (received < seizure.repaid) revert ShortPayment(received, seizure.repaid);
        }
        // A report delivered by the token's code may have liquidated the account meanwhile.
        if (debtOf(_positions[account].debtShares) != debt) revert Healthy(account);
        book(account, msg.sender, seizure);
        if (seizure.seized != 0) collateralToken.safeTransfer(msg.sender, seizure.seized);
        return (seizure.repaid, seizure.seized);
    }

    /// @inheritdoc ILendingMarket
    function fundReserve(uint256 amount) external nonReentrant {
        amount = pull(debtToken, amount); // first: a report delivered by the token's code may spend from the reserve
        _totals.reserve += amount.toUint128();
        emit ReserveChanged(_totals.reserve, _totals.reserveCollateral);
    }

    /// @inheritdoc ILendingMarket
    function withdrawReserve(uint256 amount, uint256 collateralAmount, address to) external onlyOwner nonReentrant {
        if (amount > _totals.reserve) revert TooLittle(_totals.reserve, amount);
        if (collateralAmount > _totals.reserveCollateral) revert TooLittle(_totals.reserveCollateral, collateralAmount);
        _totals.reserve -= uint128(amount);
        _totals.reserveCollateral -= uint128(collateralAmount);
        emit ReserveChanged(_totals.reserve, _totals.reserveCollateral);
        if (amount != 0) debtToken.safeTransfer(to, amount);
        if (collateralAmount != 0) collateralToken.safeTransfer(to, collateralAmount);
    }

    /// @inheritdoc BoundReceiver
    function _take(bytes32 requestId, bytes calldata output) internal override {
        Refusal refusal = wellFormed(output) ? _movePrice(output.word(0), output.word(1)) : Refusal.Malformed;
        if (refusal != Refusal.None) {
            emit ReportRefused(requestId, refusal);
            return;
        }
        uint256 accounts = output.word(3);
        uint256 handled;
        Price memory latest = price();
        if (latest.settled) {
            accrue();
            Terms memory agreed = _terms;
            while (handled < accounts && handled < MAX_ACCOUNTS && gasleft() > ACCOUNT_GAS) {
                consider(output.word(4 + handled), latest.value, agreed);
                ++handled;
            }
        }
        emit ReportTaken(requestId, accounts, handled);
    }

    function consider(uint256 named, uint256 value, Terms memory agreed) private {
        address account = address(uint160(named));
        if (named >> 160 != 0) {
            emit Spared(account, Reason.NoAddress);
            return;
        }
        (bool unhealthy, uint256 debt) = health(account, value);
        if (!unhealthy) {
            emit Spared(account, Reason.NotLiquidatable);
            return;
        }
        uint256 reserve = _totals.reserve;
        Seizure memory seizure = LendingMath.plan(agreed, _positions[account].collateral, debt, value, reserve);
        if (seizure.repaid == 0 && seizure.badDebt == 0) {
            emit Spared(account, Reason.EmptyReserve);
            return;
        }
        _totals.reserve = uint128(reserve - seizure.repaid);
        _totals.reserveCollateral += uint128(seizure.seized);
        book(account, address(this), seizure);
    }

    /// @dev Writes a liquidation down, its bad debt included. The debt token paid is cash already.
    function book(address account, address payer, Seizure memory seizure) private {
        _positions[account].collateral -= uint128(seizure.seized);
        _totals.collateral -= uint128(seizure.seized);
        settle(account, seizure.repaid + seizure.badDebt, seizure.badDebt != 0);
        uint256 covered = seizure.badDebt < _totals.reserve ? seizure.badDebt : _totals.reserve;
        _totals.reserve -= uint128(covered);
        _totals.cash += (seizure.repaid + covered).toUint128();
        emit Liquidated(account, payer, seizure.repaid, seizure.seized);
        if (seizure.badDebt != 0) emit BadDebt(account, seizure.badDebt, covered);
    }

    function health(address account, uint256 value) private view returns (bool unhealthy, uint256 debt) {
        Position memory position = _positions[account];
        debt = debtOf(position.debtShares);
        unhealthy = !LendingMath.covers(position.collateral, value, _terms.liquidationThreshold, debt);
    }

    function wellFormed(bytes calldata output) private pure returns (bool) {
        if (output.length < HEAD_LENGTH || output.length % 32 != 0) return false;
        return output.fits(1, 64) && output.word(2) == 96 && output.word(3) == (output.length - HEAD_LENGTH) / 32;
    }
}
