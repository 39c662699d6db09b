// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {DemoToken} from "./DemoToken.sol";
import {ILendingMarket} from "./ILendingMarket.sol";

/// @notice Opens many positions in one transaction, each of an account of its own.
contract DemoCrowd {
    /// @notice Each word is collateral << 128 | debt. The market needs a settled price, and the cash.
    function open(ILendingMarket market, DemoToken collateral, uint256[] calldata positions) external {
        for (uint256 i; i < positions.length; ++i) {
            new DemoBorrower(market, collateral, positions[i] >> 128, uint128(positions[i]));
        }
    }
}

/// @notice An account that borrows in its constructor; no code stays behind.
contract DemoBorrower {
    constructor(ILendingMarket market, DemoToken collateral, uint256 amount, uint256 debt) {
        collateral.mint(address(this), amount);
        collateral.approve(address(market), amount);
        market.deposit(amount);
        market.borrow(debt);
        assembly ("memory-safe") {
            return(0, 0)
        }
    }
}
