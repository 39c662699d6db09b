// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {FunctionConsumer} from "../../src/FunctionConsumer.sol";
import {FUNCTION} from "./Functions.sol";

/// @notice Remembers what it was told.
contract Recorder is FunctionConsumer {
    bytes32 public requestId;
    bytes public output;
    bytes public failure;
    uint256 public calls;
    uint256 public gasAtStart;

    constructor(address router) FunctionConsumer(router) {}

    function ask(bytes calldata input, uint32 gasLimit) external returns (bytes32) {
        return _request(1, FUNCTION, input, gasLimit);
    }

    function _fulfill(bytes32 requestId_, bytes calldata output_, bytes calldata failure_) internal override {
        gasAtStart = gasleft();
        (requestId, output, failure) = (requestId_, output_, failure_);
        ++calls;
    }
}

/// @notice A consumer that does harm in its callback.
contract Hostile is FunctionConsumer {
    enum Mode {
        Revert,
        Bomb,
        BombRevert,
        EatGas,
        Call
    }

    error Refused(bytes32 requestId);

    Mode public mode;
    address public target;
    bytes public message;
    bool public innerSuccess;
    bytes public innerReturned;
    uint256 public calls;

    constructor(address router) FunctionConsumer(router) {}

    function ask(uint32 gasLimit) external returns (bytes32) {
        return _request(1, FUNCTION, "", gasLimit);
    }

    function set(Mode mode_, address target_, bytes calldata message_) external {
        (mode, target, message) = (mode_, target_, message_);
    }

    function _fulfill(bytes32 requestId, bytes calldata, bytes calldata) internal override {
        ++calls;
        if (mode == Mode.Revert) revert Refused(requestId);
        if (mode == Mode.Bomb || mode == Mode.BombRevert) {
            bool reverting = mode == Mode.BombRevert;
            assembly {
                if reverting { revert(0, 200000) }
                return(0, 200000)
            }
        }
        while (mode == Mode.EatGas) ++calls;
        (innerSuccess, innerReturned) = target.call(message);
    }
}
