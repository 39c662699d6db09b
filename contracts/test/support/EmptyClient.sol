// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

interface IFunctionsSender {
    function sendRequest(uint64 subscription, bytes calldata data, uint16 version, uint32 gasLimit, bytes32 donId)
        external
        returns (bytes32);
}

/// @notice Makes requests through a Functions router and does nothing with the answers, not even what FunctionsClient does.
contract EmptyClient {
    IFunctionsSender private immutable ROUTER;

    constructor(address router) {
        ROUTER = IFunctionsSender(router);
    }

    function ask(uint256 count, uint64 subscription, bytes calldata data, uint32 gasLimit, bytes32 donId) external {
        for (uint256 i; i < count; ++i) {
            ROUTER.sendRequest(subscription, data, 1, gasLimit, donId);
        }
    }

    function handleOracleFulfillment(bytes32, bytes calldata, bytes calldata) external {}
}
