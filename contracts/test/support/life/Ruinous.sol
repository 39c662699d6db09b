// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {IFunctionConsumer} from "../../../src/interfaces/IFunctionConsumer.sol";
import {IRouter} from "../../../src/interfaces/IRouter.sol";

/// @notice SELFDESTRUCT with all ether for the caller, run as the contract that uses this: solc writes no such instruction
/// any more without a warning.
library Destruction {
    function strike() internal {
        bytes memory code = hex"6133ff5f526002601ef3"; // deploys 33ff: CALLER SELFDESTRUCT
        bool success;
        assembly ("memory-safe") {
            let weapon := create(0, add(code, 32), mload(code))
            success := delegatecall(gas(), weapon, 0, 0, 0, 0)
        }
        require(success);
    }
}

/// @notice A consumer whose callback does what costs others most.
contract Ruinous is IFunctionConsumer {
    enum Mode {
        Return, // 200 kB
        Revert, // with 200 kB
        Loop, // until the gas is gone
        Invalid, // takes all gas at once
        Need, // all that it asked for; with less it runs out
        Destroy // itself
    }

    event Finished(bytes32 requestId, uint256 gasAtStart);

    uint256 private constant DISPATCH = 1_000; // from the first instruction to where it is measured

    Mode public mode;
    uint256 public needs;
    uint256 public finished;

    receive() external payable {}

    function ask(IRouter router, uint64 subscription, bytes32 functionId, uint32 gasLimit, Mode mode_) external {
        (mode, needs) = (mode_, gasLimit - DISPATCH);
        router.request(subscription, functionId, "input", gasLimit);
    }

    function handleFulfillment(bytes32 requestId, bytes calldata, bytes calldata) external {
        uint256 start = gasleft();
        Mode chosen = mode;
        if (chosen == Mode.Need && start >= needs) {
            ++finished;
            emit Finished(requestId, start);
            return;
        }
        while (chosen == Mode.Loop) {}
        if (chosen == Mode.Destroy) {
            ++finished;
            Destruction.strike();
            return;
        }
        assembly {
            if eq(chosen, 0) { return(0, 200000) }
            if eq(chosen, 1) { revert(0, 200000) }
            invalid()
        }
    }
}

/// @notice A consumer that asks and is gone before the transaction ends that made it (EIP-6780).
contract Mayfly {
    constructor(IRouter router, uint64 subscription, bytes32 functionId, uint32 gasLimit) {
        router.request(subscription, functionId, "input", gasLimit);
        Destruction.strike();
    }
}

/// @notice Makes mayflies where they were expected.
contract Pond {
    function hatch(IRouter router, uint64 subscription, bytes32 functionId, uint32 gasLimit) external {
        new Mayfly{salt: 0}(router, subscription, functionId, gasLimit);
    }

    function place(IRouter router, uint64 subscription, bytes32 functionId, uint32 gasLimit)
        external
        view
        returns (address)
    {
        bytes memory arguments = abi.encode(router, subscription, functionId, gasLimit);
        bytes32 code = keccak256(abi.encodePacked(type(Mayfly).creationCode, arguments));
        return address(uint160(uint256(keccak256(abi.encodePacked(bytes1(0xff), address(this), bytes32(0), code)))));
    }
}
