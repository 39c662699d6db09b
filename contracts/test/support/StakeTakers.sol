// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

/// @notice Takes no coin.
contract Unpayable {
    function call(address target, bytes calldata message) external {
        (bool success, bytes memory reason) = target.call(message);
        if (success) return;
        assembly {
            revert(add(reason, 32), mload(reason))
        }
    }
}

/// @notice Makes the same call again when it is paid, and remembers what came of it.
contract Reentrant {
    address private target;
    bytes private message;
    bytes public reason;

    function attack(address target_, bytes calldata message_) external {
        (target, message) = (target_, message_);
        (bool success,) = target.call(message);
        require(success, "the first call must succeed");
    }

    receive() external payable {
        (, reason) = target.call(message);
    }
}
