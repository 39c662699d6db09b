// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {ERC20} from "@openzeppelin/contracts/token/ERC20/ERC20.sol";

/// @notice A token that anyone may mint, and so worth nothing: what demonstrations lend, trade and win.
contract DemoToken is ERC20 {
    constructor(string memory name, string memory symbol) ERC20(name, symbol) {}

    /// @notice Makes `amount` of it for `to`.
    function mint(address to, uint256 amount) external {
        _mint(to, amount);
    }
}
