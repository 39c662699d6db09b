// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {FunctionRegistry} from "../../src/FunctionRegistry.sol";
import {Router} from "../../src/Router.sol";
import {IRouter} from "../../src/interfaces/IRouter.sol";
import {Asset, Charge, Prices} from "../../src/types/Billing.sol";
import {MODULE, SOURCE, TERMS} from "./Functions.sol";
import {Test} from "./Test.sol";

/// @notice A router with prices, a registered function and subscription 1, which the test owns and which is funded.
abstract contract Subscribed is Test {
    uint64 internal constant SUBSCRIPTION = 1;
    uint256 internal constant FUNDS = 1_000 ether;
    uint256 internal constant DELAY = 2 days;

    FunctionRegistry internal registry;
    Router internal router;

    function deployRouter(address committee, address token) internal {
        registry = new FunctionRegistry();
        registry.register(MODULE, SOURCE, TERMS);
        router = new Router(address(this), committee, address(registry), token, DELAY, prices(token != address(0)));
        router.createSubscription{value: FUNDS}(Asset.Native);
    }

    function prices(bool token) internal pure returns (Prices memory) {
        return Prices({
            fuelPrice: 100 gwei,
            slotPrice: 2_000 gwei,
            deliveryGas: 250_000,
            maxTip: 3,
            headroom: 200,
            premium: 1_000,
            tokenRate: token ? 200e18 : 0
        });
    }

    /// @dev Lets a consumer spend from the subscription.
    function sponsor(address consumer) internal {
        router.addConsumer(SUBSCRIPTION, consumer);
    }

    /// @dev Expects the delivery of a report of `Network.report` on an open request, at a gas price of zero.
    function expectDelivered(bytes32 requestId, uint8 status, bool success) internal {
        uint80 work = 12_345 * 2 * 100 gwei / 1e6 + 2_000 gwei;
        uint80 refund = router.pending(requestId).reserved - work;
        vm.expectEmit(address(router));
        emit IRouter.Delivered(requestId, status, success, address(this), Charge(work, 0, refund));
    }
}
