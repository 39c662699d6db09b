// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {FunctionsRequest} from "@chainlink/contracts/src/v0.8/functions/v1_0_0/libraries/FunctionsRequest.sol";
import {FunctionsClient} from "@chainlink/contracts/src/v0.8/functions/v1_3_0/FunctionsClient.sol";

/// @notice A client of the latest base: remembers what it was told, and does harm when told to.
contract Client is FunctionsClient {
    using FunctionsRequest for FunctionsRequest.Request;

    enum Mode {
        Record,
        Revert,
        BombRevert,
        EatGas,
        AskAgain,
        Call
    }

    error Refused(bytes32 requestId);

    Mode public mode;
    address public target;
    bytes public message;
    bytes32 public requestId;
    bytes public response;
    bytes public err;
    uint256 public calls;
    uint256 public gasAtStart;
    bytes32 public next;
    bool public innerSuccess;

    constructor(address router) FunctionsClient(router) {}

    function set(Mode mode_, address target_, bytes calldata message_) external {
        (mode, target, message) = (mode_, target_, message_);
    }

    function ask(string memory source, uint64 subscription, uint32 gasLimit) public returns (bytes32) {
        FunctionsRequest.Request memory request;
        request.initializeRequestForInlineJavaScript(source);
        return _sendRequest(request.encodeCBOR(), subscription, gasLimit, "don");
    }

    function askWithSecrets(uint64 subscription, uint32 gasLimit, bytes[] calldata args) external returns (bytes32) {
        FunctionsRequest.Request memory request;
        request.initializeRequestForInlineJavaScript("return secrets.key");
        request.addDONHostedSecrets(3, 1_750_000_000);
        request.setBytesArgs(args);
        return _sendRequest(request.encodeCBOR(), subscription, gasLimit, "don");
    }

    function _fulfillRequest(bytes32 requestId_, bytes memory response_, bytes memory err_) internal override {
        uint256 start = gasleft();
        if (mode == Mode.Revert) revert Refused(requestId_);
        if (mode == Mode.BombRevert) {
            assembly {
                revert(100000, 50000) // zeros past everything that was written
            }
        }
        while (mode == Mode.EatGas) ++calls;
        if (mode == Mode.AskAgain) next = ask("again", 1, 100_000);
        if (mode == Mode.Call) (innerSuccess,) = target.call(message);
        (requestId, response, err, gasAtStart) = (requestId_, response_, err_, start);
        ++calls;
    }
}

/// @notice A client that only notes its gas, for results of any length.
contract Gauge is FunctionsClient {
    uint256 public gasAtStart;

    constructor(address router) FunctionsClient(router) {}

    function ask(uint64 subscription, uint32 gasLimit) external returns (bytes32) {
        return _sendRequest("data", subscription, gasLimit, "don");
    }

    function _fulfillRequest(bytes32, bytes memory, bytes memory) internal override {
        gasAtStart = gasleft();
    }
}
