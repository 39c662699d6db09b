// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {IFunctionConsumer} from "../../src/interfaces/IFunctionConsumer.sol";
import {IRouter} from "../../src/interfaces/IRouter.sol";

/// @notice Makes requests and does nothing with the answers: what remains is the price of a delivery itself.
contract EmptyConsumer is IFunctionConsumer {
    IRouter private immutable ROUTER;

    constructor(address router) {
        ROUTER = IRouter(router);
    }

    function ask(uint256 count, bytes32 functionId, bytes calldata input, uint32 gasLimit) external {
        for (uint256 i; i < count; ++i) {
            ROUTER.request(1, functionId, input, gasLimit);
        }
    }

    function handleFulfillment(bytes32, bytes calldata, bytes calldata) external {}
}
