// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {IERC20, SafeERC20} from "@openzeppelin/contracts/token/ERC20/utils/SafeERC20.sol";
import {Gated} from "./Gated.sol";
import {IIdentityGate} from "./IIdentityGate.sol";

/// @notice An example of `Gated`: each person takes the same amount of a token, once.
/// @dev Once an account would do while a person keeps one account; once a nullifier says what is meant.
contract GatedClaim is Gated {
    using SafeERC20 for IERC20;

    IERC20 public immutable token;
    uint256 public immutable amount;
    mapping(bytes32 nullifier => bool) public claimed;

    event Claimed(address indexed account, bytes32 indexed nullifier);

    /// @notice This person has claimed.
    error AlreadyClaimed(bytes32 nullifier);

    constructor(IIdentityGate gate, bytes32 policy, IERC20 token_, uint256 amount_) Gated(gate, policy) {
        (token, amount) = (token_, amount_);
    }

    /// @notice Pays the caller its share.
    function claim() external onlyVerified {
        bytes32 nullifier = gate.passOf(msg.sender, policy).nullifier;
        if (claimed[nullifier]) revert AlreadyClaimed(nullifier);
        claimed[nullifier] = true;
        emit Claimed(msg.sender, nullifier);
        token.safeTransfer(msg.sender, amount);
    }
}
