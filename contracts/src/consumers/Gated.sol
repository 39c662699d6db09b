// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {IIdentityGate} from "./IIdentityGate.sol";

/// @notice Base of contracts whose functions are for accounts with a pass.
abstract contract Gated {
    IIdentityGate public immutable gate;
    bytes32 public immutable policy;

    /// @notice The account has no pass under the policy, or its pass has expired.
    error NotVerified(address account, bytes32 policy);

    modifier onlyVerified() {
        if (!gate.isVerified(msg.sender, policy)) revert NotVerified(msg.sender, policy);
        _;
    }

    constructor(IIdentityGate gate_, bytes32 policy_) {
        (gate, policy) = (gate_, policy_);
    }
}
