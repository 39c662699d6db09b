// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {ERC20} from "@openzeppelin/contracts/token/ERC20/ERC20.sol";

/// @notice A token anyone may mint.
contract Coin is ERC20 {
    constructor(string memory name) ERC20(name, name) {}

    function mint(address to, uint256 amount) external {
        _mint(to, amount);
    }
}

/// @notice A token that keeps one hundredth of what is transferred.
contract TaxedCoin is Coin {
    constructor() Coin("taxed") {}

    function _update(address from, address to, uint256 value) internal override {
        uint256 tax = from == address(0) || to == address(0) ? 0 : value / 100;
        super._update(from, to, value - tax);
        if (tax != 0) super._update(from, address(0), tax);
    }
}

/// @notice A token that lets whoever set it up run code in the middle of every transfer.
contract HookedCoin is Coin {
    address private _target;
    bytes private _message;
    bool public called;
    bool public succeeded;
    bytes public returned;

    constructor() Coin("hooked") {}

    function hook(address target, bytes calldata message) external {
        (_target, _message, called) = (target, message, false);
    }

    function _update(address from, address to, uint256 value) internal override {
        super._update(from, to, value);
        if (_target == address(0) || called) return;
        called = true;
        (succeeded, returned) = _target.call(_message);
    }
}
