// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {IERC20, SafeERC20} from "@openzeppelin/contracts/token/ERC20/utils/SafeERC20.sol";
import {ReentrancyGuardTransient} from "@openzeppelin/contracts/utils/ReentrancyGuardTransient.sol";
import {Math} from "@openzeppelin/contracts/utils/math/Math.sol";
import {SafeCast} from "@openzeppelin/contracts/utils/math/SafeCast.sol";
import {EnumerableSet} from "@openzeppelin/contracts/utils/structs/EnumerableSet.sol";
import {AttestedPrice} from "./AttestedPrice.sol";
import {Holding, ILendingMarket, Totals} from "./ILendingMarket.sol";
import {LendingMath, Position, Terms} from "./LendingMath.sol";

/// @notice The books of the market: who lent, who owes, what covers it. Balances of tokens decide nothing.
/// @dev Tokens are taken before and sent after every change of the books. So the books are right whenever a token's code
/// runs, and a report delivered from there is handled like any other.
abstract contract LendingMarket is ILendingMarket, AttestedPrice, ReentrancyGuardTransient {
    using EnumerableSet for EnumerableSet.AddressSet;
    using SafeCast for uint256;
    using SafeERC20 for IERC20;

    uint256 private constant RATE_SCALE = 1e18;

    IERC20 public immutable collateralToken;
    IERC20 public immutable debtToken;

    Terms internal _terms;
    Totals internal _totals;
    mapping(address account => Position) internal _positions;
    mapping(address lender => uint256 shares) public supplySharesOf;
    EnumerableSet.AddressSet private _borrowers;

    constructor(IERC20 collateralToken_, IERC20 debtToken_, Terms memory terms_) {
        bool ordered = terms_.loanToValue != 0 && terms_.loanToValue < terms_.liquidationThreshold;
        // At the threshold the collateral pays for the debt and the bonus.
        uint256 atThreshold = uint256(terms_.liquidationThreshold) * (BASIS + terms_.liquidationBonus);
        bool closes = terms_.closeFactor != 0 && terms_.closeFactor <= BASIS && terms_.fullCloseHealth <= BASIS;
        bool differ = address(collateralToken_) != address(debtToken_);
        if (!ordered || !closes || !differ || atThreshold > BASIS * BASIS) revert BadTerms();
        (collateralToken, debtToken, _terms) = (collateralToken_, debtToken_, terms_);
        _totals.accruedAt = uint40(block.timestamp);
    }

    /// @inheritdoc ILendingMarket
    function supply(uint256 amount) external nonReentrant returns (uint256 shares) {
        accrue();
        amount = pull(debtToken, amount);
        uint256 assets = uint256(_totals.cash) + _totals.debt;
        shares = LendingMath.toShares(amount, assets, _totals.supplyShares, Math.Rounding.Floor);
        if (shares == 0) revert NoAmount();
        supplySharesOf[msg.sender] += shares;
        _totals.supplyShares += shares.toUint128();
        _totals.cash += amount.toUint128();
        emit Supplied(msg.sender, amount, shares);
    }

    /// @inheritdoc ILendingMarket
    function redeem(uint256 shares) external nonReentrant returns (uint256 amount) {
        accrue();
        if (shares > supplySharesOf[msg.sender]) revert TooLittle(supplySharesOf[msg.sender], shares);
        uint256 assets = uint256(_totals.cash) + _totals.debt;
        amount = LendingMath.toAssets(shares, assets, _totals.supplyShares, Math.Rounding.Floor);
        if (amount > _totals.cash) revert TooLittle(_totals.cash, amount);
        supplySharesOf[msg.sender] -= shares;
        _totals.supplyShares -= uint128(shares);
        _totals.cash -= uint128(amount);
        emit Redeemed(msg.sender, amount, shares);
        debtToken.safeTransfer(msg.sender, amount);
    }

    /// @inheritdoc ILendingMarket
    function deposit(uint256 amount) external nonReentrant {
        amount = pull(collateralToken, amount);
        _positions[msg.sender].collateral += amount.toUint128();
        _totals.collateral += amount.toUint128();
        emit Deposited(msg.sender, amount);
    }

    /// @inheritdoc ILendingMarket
    function withdraw(uint256 amount) external nonReentrant {
        accrue();
        Position storage position = _positions[msg.sender];
        if (amount > position.collateral) revert TooLittle(position.collateral, amount);
        position.collateral -= uint128(amount);
        _totals.collateral -= uint128(amount);
        if (position.debtShares != 0) checkLoan(position);
        emit Withdrawn(msg.sender, amount);
        collateralToken.safeTransfer(msg.sender, amount);
    }

    /// @inheritdoc ILendingMarket
    function borrow(uint256 amount) external nonReentrant {
        accrue();
        if (amount > _totals.cash) revert TooLittle(_totals.cash, amount);
        Position storage position = _positions[msg.sender];
        uint256 shares = LendingMath.toShares(amount, _totals.debt, _totals.debtShares, Math.Rounding.Ceil);
        position.debtShares += shares.toUint128();
        _totals.debtShares += shares.toUint128();
        _totals.debt += uint128(amount);
        _totals.cash -= uint128(amount);
        uint256 debt = checkLoan(position);
        if (amount == 0 || debt < _terms.minDebt) revert DebtTooSmall(debt, _terms.minDebt);
        _borrowers.add(msg.sender);
        emit Borrowed(msg.sender, amount);
        debtToken.safeTransfer(msg.sender, amount);
    }

    /// @inheritdoc ILendingMarket
    function repay(address account, uint256 amount) external nonReentrant returns (uint256 paid) {
        accrue();
        uint256 owed = debtOf(_positions[account].debtShares);
        if (owed == 0) revert NoAmount();
        // What is owed cannot change while the token's code runs except downwards, by a liquidation delivered from there.
        paid = pull(debtToken, amount < owed ? amount : owed);
        uint256 left = debtOf(_positions[account].debtShares);
        uint256 surplus = paid > left ? paid - left : 0;
        paid -= surplus;
        settle(account, paid, paid == left);
        _totals.cash += paid.toUint128();
        emit Repaid(account, msg.sender, paid);
        if (surplus != 0) debtToken.safeTransfer(msg.sender, surplus);
    }

    /// @inheritdoc ILendingMarket
    function forget(address account) external {
        if (_positions[account].debtShares != 0) revert Indebted(account);
        _borrowers.remove(account);
    }

    /// @inheritdoc ILendingMarket
    function borrowerCount() external view returns (uint256) {
        return _borrowers.length();
    }

    /// @inheritdoc ILendingMarket
    function positions(uint256 from, uint256 count) external view returns (Holding[] memory page) {
        address[] memory accounts = _borrowers.values(from, from + count);
        page = new Holding[](accounts.length);
        for (uint256 i; i < accounts.length; ++i) {
            page[i] = holding(accounts[i]);
        }
    }

    /// @inheritdoc ILendingMarket
    function holding(address account) public view returns (Holding memory) {
        Position memory position = _positions[account];
        uint256 total = _totals.debt + interest();
        uint256 debt = LendingMath.toAssets(position.debtShares, total, _totals.debtShares, Math.Rounding.Ceil);
        return Holding(account, position.collateral, debt);
    }

    /// @inheritdoc ILendingMarket
    function totals() external view returns (Totals memory) {
        return _totals;
    }

    /// @inheritdoc ILendingMarket
    function terms() external view returns (Terms memory) {
        return _terms;
    }

    /// @notice Adds the interest until now to the debts.
    function accrue() internal {
        if (_totals.accruedAt == block.timestamp) return;
        _totals.debt += interest().toUint128();
        _totals.accruedAt = uint40(block.timestamp);
    }

    /// @notice What these shares of the debt are worth; `accrue` first.
    function debtOf(uint256 shares) internal view returns (uint256) {
        return LendingMath.toAssets(shares, _totals.debt, _totals.debtShares, Math.Rounding.Ceil);
    }

    /// @notice Takes `amount` off an account's debt; `all` when none of it is left.
    function settle(address account, uint256 amount, bool all) internal {
        Position storage position = _positions[account];
        uint256 shares = position.debtShares;
        if (!all) {
            uint256 paid = LendingMath.toShares(amount, _totals.debt, _totals.debtShares, Math.Rounding.Floor);
            if (paid < shares) shares = paid;
        }
        position.debtShares -= uint128(shares);
        _totals.debtShares -= uint128(shares);
        // A debt is rounded up, so the sum of debts may be more than the total by a unit each.
        _totals.debt = amount < _totals.debt ? _totals.debt - uint128(amount) : 0;
    }

    /// @notice Takes tokens from the caller and says how many came.
    function pull(IERC20 token, uint256 amount) internal returns (uint256 received) {
        if (amount == 0) revert NoAmount();
        uint256 before = token.balanceOf(address(this));
        token.safeTransferFrom(msg.sender, address(this), amount);
        received = token.balanceOf(address(this)) - before;
        if (received == 0) revert NoAmount();
    }

    /// @dev Rounded up once in a block at most: a unit each time, which is why the debt token has six decimals or more.
    function interest() private view returns (uint256) {
        uint256 time = block.timestamp - _totals.accruedAt;
        return Math.mulDiv(_totals.debt, uint256(_terms.borrowRate) * time, RATE_SCALE, Math.Rounding.Ceil);
    }

    function checkLoan(Position storage position) private view returns (uint256 debt) {
        debt = debtOf(position.debtShares);
        if (!LendingMath.covers(position.collateral, _settledPrice(), _terms.loanToValue, debt)) {
            revert Undercollateralized(position.collateral, debt);
        }
    }
}
