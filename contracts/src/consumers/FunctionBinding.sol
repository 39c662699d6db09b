// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {Ownable, Ownable2Step} from "@openzeppelin/contracts/access/Ownable2Step.sol";
import {FunctionConsumer} from "../FunctionConsumer.sol";
import {IFunctionBinding} from "./IFunctionBinding.sol";

/// @notice Base of consumers that believe one function at a time.
abstract contract FunctionBinding is IFunctionBinding, Ownable2Step, FunctionConsumer {
    struct Binding {
        bytes32 functionId;
        address triggerOwner;
    }

    uint256 public constant MIN_DELAY = 1 hours;
    uint256 public constant MAX_DELAY = 30 days;

    // Selector and three words of an error, as the router keeps of a failed callback. A failure may be as long as the
    // function's outputs, and an event costs 8 gas a byte.
    uint256 private constant MAX_FAILURE = 128;

    uint256 public immutable bindingDelay; // seconds

    uint64 public subscription;
    uint32 private _version = 1;
    Binding private _binding;
    Binding private _proposed;
    uint256 private _readyAt;
    mapping(bytes32 requestId => uint32 version) private _asked; // open requests

    constructor(address router, address owner, bytes32 functionId, address triggerOwner, uint256 delay)
        FunctionConsumer(router)
        Ownable(owner)
    {
        if (functionId == 0) revert NoFunction();
        if (delay < MIN_DELAY || delay > MAX_DELAY) revert BadDelay(delay);
        bindingDelay = delay;
        _binding = Binding(functionId, triggerOwner);
        emit BindingChanged(1, functionId, triggerOwner);
    }

    /// @inheritdoc IFunctionBinding
    function proposeBinding(bytes32 functionId, address triggerOwner) external onlyOwner {
        if (functionId == 0) revert NoFunction();
        _readyAt = block.timestamp + bindingDelay;
        _proposed = Binding(functionId, triggerOwner);
        emit BindingProposed(functionId, triggerOwner, _readyAt);
    }

    /// @inheritdoc IFunctionBinding
    function applyBinding() external onlyOwner {
        if (_readyAt == 0 || block.timestamp < _readyAt) revert BindingNotReady(_readyAt);
        _binding = _proposed;
        delete _proposed;
        delete _readyAt;
        emit BindingChanged(++_version, _binding.functionId, _binding.triggerOwner);
    }

    /// @inheritdoc IFunctionBinding
    function cancelBinding() external onlyOwner {
        if (_readyAt == 0) revert BindingNotReady(0);
        delete _proposed;
        delete _readyAt;
        emit BindingProposalCancelled();
    }

    /// @inheritdoc IFunctionBinding
    function setSubscription(uint64 subscription_) external onlyOwner {
        subscription = subscription_;
        emit SubscriptionChanged(subscription_);
    }

    /// @inheritdoc IFunctionBinding
    function binding() external view returns (uint32 version, bytes32 functionId, address triggerOwner) {
        return (_version, _binding.functionId, _binding.triggerOwner);
    }

    /// @inheritdoc IFunctionBinding
    function proposedBinding() external view returns (uint256 readyAt, bytes32 functionId, address triggerOwner) {
        return (_readyAt, _proposed.functionId, _proposed.triggerOwner);
    }

    /// @notice Runs the function on `input`.
    function _ask(bytes memory input, uint32 callbackGasLimit) internal returns (bytes32 requestId) {
        requestId = _request(subscription, _binding.functionId, input, callbackGasLimit);
        _asked[requestId] = _version;
    }

    /// @inheritdoc FunctionConsumer
    function _fulfill(bytes32 requestId, bytes calldata output, bytes calldata failure) internal override {
        uint32 version = _asked[requestId];
        if (version == 0) revert UnknownRequest(requestId);
        delete _asked[requestId];
        if (version != _version) {
            emit AnswerSuperseded(requestId, version);
        } else if (failure.length != 0) {
            _failed(requestId, failure);
        } else {
            _answered(requestId, output);
        }
    }

    /// @notice Whether reports of this function and trigger owner are believed; what `ReportReceiver._isExpected` asks.
    function _isBound(bytes32 functionId, address triggerOwner) internal view returns (bool) {
        return functionId == _binding.functionId && triggerOwner == _binding.triggerOwner && triggerOwner != address(0);
    }

    /// @notice Handles the output of a run that this contract asked for.
    function _answered(bytes32 requestId, bytes calldata output) internal virtual;

    /// @notice Handles a failed run.
    function _failed(bytes32 requestId, bytes calldata failure) internal virtual {
        emit RunFailed(requestId, failure[:failure.length < MAX_FAILURE ? failure.length : MAX_FAILURE]);
    }
}
