// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {IERC165} from "@openzeppelin/contracts/utils/introspection/IERC165.sol";
import {IFunctionConsumer} from "../../../src/interfaces/IFunctionConsumer.sol";
import {IReceiver} from "../../../src/interfaces/IReceiver.sol";
import {IRouter} from "../../../src/interfaces/IRouter.sol";

/// @notice A consumer and receiver that carries out the next call of its script each time it is told something, and another
/// one each time it is paid. It obeys anyone: where its code is an account's own (EIP-7702), its storage is that account's.
contract Scripted is IFunctionConsumer, IReceiver {
    struct Step {
        address target;
        uint256 value;
        bytes data;
    }

    event Told(bytes32 requestId, uint256 gasAtStart, bytes output, bytes failure);
    event Tried(uint256 indexed step, bool success, bytes returned);

    Step[] private _steps;
    Step private _whenPaid;
    uint256 private _next;

    receive() external payable {
        if (_whenPaid.target == address(0)) return;
        Step memory step = _whenPaid;
        delete _whenPaid;
        (bool success, bytes memory returned) = step.target.call{value: step.value}(step.data);
        emit Tried(type(uint256).max, success, returned);
    }

    function ask(IRouter router, uint64 subscription, bytes32 functionId, uint32 gasLimit, uint256 count) external payable {
        for (uint256 i; i < count; ++i) {
            router.request(subscription, functionId, "input", gasLimit);
        }
    }

    function script(Step[] calldata steps) external {
        delete _steps;
        _next = 0;
        for (uint256 i; i < steps.length; ++i) {
            _steps.push(steps[i]);
        }
    }

    function whenPaid(Step calldata step) external {
        _whenPaid = step;
    }

    /// @dev Makes a call as this contract, which may own subscriptions, too.
    function forward(address target, bytes calldata data) external payable returns (bytes memory returned) {
        bool success;
        (success, returned) = target.call{value: msg.value}(data);
        if (!success) {
            assembly {
                revert(add(returned, 32), mload(returned))
            }
        }
    }

    function handleFulfillment(bytes32 requestId, bytes calldata output, bytes calldata failure) external {
        emit Told(requestId, gasleft(), output, failure);
        carryOut();
    }

    function onReport(bytes calldata metadata, bytes calldata report) external {
        emit Told(bytes32(0), gasleft(), report, metadata);
        carryOut();
    }

    function supportsInterface(bytes4 id) external pure returns (bool) {
        return id == type(IERC165).interfaceId || id == type(IReceiver).interfaceId;
    }

    function carryOut() private {
        uint256 current = _next;
        if (current >= _steps.length) return;
        _next = current + 1;
        Step memory step = _steps[current];
        (bool success, bytes memory returned) = step.target.call{value: step.value}(step.data);
        emit Tried(current, success, returned);
    }
}
