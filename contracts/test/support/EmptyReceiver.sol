// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {IERC165} from "@openzeppelin/contracts/utils/introspection/IERC165.sol";
import {IReceiver} from "../../src/interfaces/IReceiver.sol";

/// @notice Takes every report and does nothing with it: what remains is the price of a delivery itself.
contract EmptyReceiver is IReceiver {
    function onReport(bytes calldata, bytes calldata) external {}

    function supportsInterface(bytes4 id) external pure returns (bool) {
        return id == type(IReceiver).interfaceId || id == type(IERC165).interfaceId;
    }
}
