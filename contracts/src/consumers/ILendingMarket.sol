// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {Terms} from "./LendingMath.sol";

/// @notice One account as it stands, interest included.
struct Holding {
    address account;
    uint256 collateral;
    uint256 debt;
}

/// @notice What the market holds and is owed.
struct Totals {
    uint128 cash; // of the debt token, the lenders'
    uint128 debt; // owed to the lenders, interest until `accruedAt` included
    uint128 debtShares;
    uint128 supplyShares;
    uint128 collateral;
    uint128 reserve; // of the debt token, the operator's: pays in liquidations, and first for bad debt
    uint128 reserveCollateral; // what the reserve got for it
    uint40 accruedAt;
}

/// @notice Lending of one ERC-20 against another. Tokens that take a fee credit what arrived; rebasing tokens are not for it.
interface ILendingMarket {
    event Supplied(address indexed lender, uint256 amount, uint256 shares);
    event Redeemed(address indexed lender, uint256 amount, uint256 shares);
    event Deposited(address indexed account, uint256 amount);
    event Withdrawn(address indexed account, uint256 amount);
    event Borrowed(address indexed account, uint256 amount);
    event Repaid(address indexed account, address indexed payer, uint256 amount);
    /// @notice A debt was paid from collateral. `payer` is this contract when the reserve paid.
    event Liquidated(address indexed account, address indexed payer, uint256 repaid, uint256 seized);
    /// @notice A debt without collateral was written off; the reserve paid `covered` of it, the lenders lost the rest.
    event BadDebt(address indexed account, uint256 amount, uint256 covered);
    event ReserveChanged(uint256 reserve, uint256 reserveCollateral);

    /// @notice The terms do not let a liquidation pay a debt that has just become unhealthy, or a part is out of range.
    error BadTerms();
    /// @notice Nothing would be paid.
    error NoAmount();
    /// @notice There is less than was asked for.
    error TooLittle(uint256 available, uint256 needed);
    /// @notice The debt would be more than the collateral allows.
    error Undercollateralized(uint256 collateral, uint256 debt);
    /// @notice The debt would be below `minDebt`.
    error DebtTooSmall(uint256 debt, uint256 minimum);
    /// @notice The account's collateral covers its debt.
    error Healthy(address account);
    /// @notice The token delivered less than it was told to.
    error ShortPayment(uint256 received, uint256 needed);
    /// @notice The account still has debt.
    error Indebted(address account);

    /// @notice Lends `amount` of the debt token.
    function supply(uint256 amount) external returns (uint256 shares);

    /// @notice Takes back what shares are worth, as far as there is cash.
    function redeem(uint256 shares) external returns (uint256 amount);

    /// @notice Adds collateral to the caller's position.
    function deposit(uint256 amount) external;

    /// @notice Takes collateral out. With debt it needs a settled price.
    function withdraw(uint256 amount) external;

    /// @notice Borrows; needs a settled price.
    function borrow(uint256 amount) external;

    /// @notice Pays `account`'s debt, all of it if `amount` is more. Never refused for want of a price.
    function repay(address account, uint256 amount) external returns (uint256 paid);

    /// @notice Pays up to `budget` of an unhealthy account's debt and takes collateral with the bonus for it. Anyone may.
    function liquidate(address account, uint256 budget) external returns (uint256 repaid, uint256 seized);

    /// @notice Gives to the reserve. Anyone may.
    function fundReserve(uint256 amount) external;

    /// @notice Takes out of the reserve. Owner only.
    function withdrawReserve(uint256 amount, uint256 collateralAmount, address to) external;

    /// @notice Takes an account without debt off the list of borrowers. Anyone may.
    function forget(address account) external;

    /// @notice Accounts that borrowed: what the function looks through.
    function borrowerCount() external view returns (uint256);

    /// @notice Up to `count` borrowers beginning with number `from`.
    function positions(uint256 from, uint256 count) external view returns (Holding[] memory);

    /// @notice An account as it stands.
    function holding(address account) external view returns (Holding memory);

    /// @notice A lender's shares.
    function supplySharesOf(address lender) external view returns (uint256);

    /// @notice What the market holds and is owed.
    function totals() external view returns (Totals memory);

    /// @notice What a loan may do.
    function terms() external view returns (Terms memory);
}
