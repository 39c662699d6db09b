// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {ChainlinkFunctionsRouter} from "../../src/compat/ChainlinkFunctionsRouter.sol";
import {IChainlinkFunctionsRouter} from "../../src/compat/IChainlinkFunctionsRouter.sol";
import {FUNCTION} from "../support/Functions.sol";
import {Network} from "../support/Network.sol";
import {Client} from "./Clients.sol";

/// @notice The real router and committee, and between them and a client the router the client knows. The subscription has
/// both as consumers.
abstract contract Compatible is Network {
    ChainlinkFunctionsRouter internal compat;
    Client internal client;

    function startCompatible() internal {
        start(4);
        router.setLimits(300, 400_000, 32_768); // Chainlink's 300,000 for a client, and what `callbackGas` adds
        compat = new ChainlinkFunctionsRouter(address(router), FUNCTION);
        sponsor(address(compat));
        client = newClient();
    }

    function newClient() internal returns (Client made) {
        made = new Client(address(compat));
        sponsor(address(made));
    }

    function expectProcessed(
        bytes32 id,
        IChainlinkFunctionsRouter.FulfillResult result,
        bytes memory response,
        bytes memory err,
        bytes memory returned
    ) internal {
        vm.expectEmit(address(compat));
        emit IChainlinkFunctionsRouter.RequestProcessed(id, SUBSCRIPTION, 0, address(0), result, response, err, returned);
    }

    /// @dev Terms of a function with these output bytes.
    function terms(string memory outputBytes) internal pure returns (bytes memory) {
        return abi.encodePacked(
            '{"capabilities":{},"limits":{"fuel":200000000,"memory_mib":64,"observations":5,"observe_fuel":500000000,"output_bytes":',
            outputBytes,
            "}}"
        );
    }
}
