// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {IRouter} from "./interfaces/IRouter.sol";

/// @notice A contract that one router calls.
abstract contract CalledByRouter {
    IRouter public immutable router;

    /// @notice The caller is not the router.
    error OnlyRouter(address caller);

    modifier onlyRouter() {
        if (msg.sender != address(router)) revert OnlyRouter(msg.sender);
        _;
    }

    constructor(address router_) {
        router = IRouter(router_);
    }
}
