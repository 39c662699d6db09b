// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {IFunctionConsumer} from "../../src/interfaces/IFunctionConsumer.sol";

/// @notice A consumer that, while it is called or paid, makes the call it was told to make, or refuses.
/// @dev What it tells in events, forge records even of calls that are undone: `Books` drops those by them.
contract Player is IFunctionConsumer {
    event Called(bytes32 indexed requestId);
    event Entering();
    event Left(bool done);

    error Refused();

    address private _target;
    bytes private _message;
    bool private _refuses;
    mapping(bytes32 requestId => uint256) public calls;
    uint256 public entered; // calls of its own that succeeded

    receive() external payable {
        enter();
    }

    function plan(bool refuses, address target, bytes calldata message) external {
        (_refuses, _target, _message) = (refuses, target, message);
    }

    function handleFulfillment(bytes32 requestId, bytes calldata, bytes calldata) external {
        emit Called(requestId);
        ++calls[requestId];
        if (_refuses) revert Refused();
        enter();
    }

    function enter() private {
        address target = _target;
        if (target == address(0)) return;
        _target = address(0);
        emit Entering();
        (bool done,) = target.call(_message);
        emit Left(done);
        if (done) ++entered;
    }
}
