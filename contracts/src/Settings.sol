// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {Ownable, Ownable2Step} from "@openzeppelin/contracts/access/Ownable2Step.sol";
import {IRouter} from "./interfaces/IRouter.sol";

/// @notice What the router's owner may set, and the bounds of it.
abstract contract Settings is IRouter, Ownable2Step {
    // Bounds of what the owner may set.
    uint32 private constant MIN_TIMEOUT = 30 seconds;
    uint32 private constant MAX_TIMEOUT = 7 days; // Committee's GRACE_PERIOD: an epoch's keys are bonded that long after it
    uint32 private constant MAX_CALLBACK_GAS = 5_000_000;
    uint32 private constant MAX_INPUT_LENGTH = 65_536;

    /// @inheritdoc IRouter
    address public immutable committee;
    /// @inheritdoc IRouter
    address public immutable functions;
    /// @inheritdoc IRouter
    address public triggers;
    /// @inheritdoc IRouter
    address public guardian;

    uint96 private _rest; // of the guardian's slot, so that what follows has one of its own, read and written once a request
    uint64 public nonce;
    uint32 public requestTimeout = 300; // seconds, as Chainlink Functions
    /// @inheritdoc IRouter
    uint32 public maxCallbackGas = 300_000; // as Chainlink Functions
    /// @inheritdoc IRouter
    uint32 public maxInputLength = 16_384;
    uint32 internal _pricesVersion;
    bool public paused;

    constructor(address owner, address committee_, address functions_) Ownable(owner) {
        committee = committee_;
        functions = functions_;
    }

    /// @inheritdoc IRouter
    function setLimits(uint32 requestTimeout_, uint32 maxCallbackGas_, uint32 maxInputLength_) external onlyOwner {
        if (
            requestTimeout_ < MIN_TIMEOUT || requestTimeout_ > MAX_TIMEOUT || maxCallbackGas_ > MAX_CALLBACK_GAS
                || maxInputLength_ > MAX_INPUT_LENGTH
        ) revert BadLimits();
        (requestTimeout, maxCallbackGas, maxInputLength) = (requestTimeout_, maxCallbackGas_, maxInputLength_);
        emit LimitsChanged(requestTimeout_, maxCallbackGas_, maxInputLength_);
    }

    /// @inheritdoc IRouter
    function setTriggers(address triggers_) external onlyOwner {
        if (triggers != address(0) || triggers_ == address(0)) revert TriggersSet();
        triggers = triggers_;
    }

    /// @inheritdoc IRouter
    function setPaused(bool paused_) external {
        if (msg.sender != owner() && (msg.sender != guardian || !paused_)) revert NotGuardian(msg.sender);
        paused = paused_;
        emit PausedChanged(paused_, msg.sender);
    }

    /// @inheritdoc IRouter
    function setGuardian(address guardian_) external onlyOwner {
        guardian = guardian_;
        emit GuardianChanged(guardian_);
    }
}
