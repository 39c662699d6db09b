// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {IERC165} from "@openzeppelin/contracts/utils/introspection/IERC165.sol";
import {CalledByRouter} from "./CalledByRouter.sol";
import {IReceiver} from "./interfaces/IReceiver.sol";

/// @notice Base of contracts that take reports of triggers: inherit, override `_isExpected` and `_receive`.
/// @dev Anyone can register a trigger that names this contract as its receiver and have any function run for it. What tells
/// reports apart is the metadata, which the router fills in: of which function, and of whose trigger. Metadata (Keystone's):
///
///     offset  bytes  field
///          0     32  function id (Keystone: workflow id)
///         32     10  name of the trigger
///         42     20  owner of the trigger
///         62      2  report id
abstract contract ReportReceiver is IReceiver, CalledByRouter {
    uint256 private constant METADATA_LENGTH = 64;

    /// @notice The metadata has not 64 bytes.
    error BadMetadata(uint256 length);
    /// @notice The report is not of the function, or not of the trigger owner, that this contract believes.
    error UnexpectedReport(bytes32 functionId, address triggerOwner);

    /// @inheritdoc IReceiver
    function onReport(bytes calldata metadata, bytes calldata report) external onlyRouter {
        if (metadata.length != METADATA_LENGTH) revert BadMetadata(metadata.length);
        bytes32 functionId = bytes32(metadata[:32]);
        address triggerOwner = address(bytes20(metadata[42:62]));
        if (!_isExpected(functionId, triggerOwner)) revert UnexpectedReport(functionId, triggerOwner);
        _receive(report);
    }

    /// @inheritdoc IERC165
    function supportsInterface(bytes4 interfaceId) public view virtual returns (bool) {
        return interfaceId == type(IReceiver).interfaceId || interfaceId == type(IERC165).interfaceId;
    }

    /// @notice Whether reports of this function, caused by triggers of this owner, are taken.
    function _isExpected(bytes32 functionId, address triggerOwner) internal view virtual returns (bool);

    /// @notice Handles one expected report, the function's output. Reports come in any order, each once.
    function _receive(bytes calldata report) internal virtual;
}
