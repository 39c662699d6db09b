// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {Limits} from "../types/Billing.sol";

/// @notice Facts about functions, and names that owners give them.
/// @dev A function id commits to module, source and terms, so its limits are facts that anyone may register and nobody can
/// get wrong. Who may speak for a function is another matter: an owner publishes versions under a name of its own, pauses
/// and withdraws them, and consumers that follow the name follow its owner (docs/adr/0011).
interface IFunctionRegistry {
    /// @notice A function's limits are known from now on.
    event FunctionRegistered(
        bytes32 indexed functionId, bytes32 moduleId, bytes32 sourceHash, bytes32 manifestHash, Limits limits
    );
    /// @notice An owner published a version under a name. `uri` says where module, source and terms can be fetched.
    event Published(
        bytes32 indexed nameId, address indexed owner, string name, uint32 version, bytes32 functionId, bytes32 profileId, string uri
    );
    /// @notice The owner stopped (or let go on) everything under a name.
    event NamePaused(bytes32 indexed nameId, bool paused);
    /// @notice The owner withdrew one version (or brought it back).
    event VersionWithdrawn(bytes32 indexed nameId, uint32 version, bool withdrawn);
    /// @notice The owner offered the name to `to`.
    event NameOffered(bytes32 indexed nameId, address indexed to);
    /// @notice The name has a new owner.
    event NameTransferred(bytes32 indexed nameId, address indexed from, address indexed to);

    /// @notice Nobody registered this function; `register` its module id, source hash and terms.
    error UnknownFunction(bytes32 functionId);
    /// @notice The terms are not canonical JSON that ends with the limits, or a limit is out of range.
    error BadTerms();
    /// @notice Nothing was published under this name, or not this version.
    error UnknownVersion(bytes32 nameId, uint32 version);
    /// @notice The name is paused, or the version withdrawn.
    error NotActive(bytes32 nameId, uint32 version);
    /// @notice The caller does not own the name.
    error NotNameOwner(bytes32 nameId, address caller);
    /// @notice The name was not offered to the caller.
    error NotOfferedName(bytes32 nameId, address caller);
    /// @notice A name has 1 to 64 bytes, a uri at most 512.
    error BadName();

    /// @notice Makes a function's limits known. Anyone may, again and again.
    /// @param moduleId keccak256 of the WASM module.
    /// @param sourceHash keccak256 of the source; of nothing for plain functions.
    /// @param terms the canonical JSON that the manifest hash covers.
    function register(bytes32 moduleId, bytes32 sourceHash, bytes calldata terms) external returns (bytes32 functionId);

    /// @notice A registered function's limits; reverts for others.
    function limits(bytes32 functionId) external view returns (Limits memory);

    /// @notice Publishes a registered function as the next version of the caller's `name`, made with the first version.
    function publish(string calldata name, bytes32 functionId, bytes32 profileId, string calldata uri)
        external
        returns (bytes32 nameId, uint32 version);

    /// @notice Publishes under a name by its id, as the owner of a name that another account made must. Owner only.
    function publishVersion(bytes32 nameId, bytes32 functionId, bytes32 profileId, string calldata uri)
        external
        returns (uint32 version);

    /// @notice Pauses or unpauses a name. Owner only.
    function setPaused(bytes32 nameId, bool paused) external;

    /// @notice Withdraws a version or brings it back. Owner only.
    function setWithdrawn(bytes32 nameId, uint32 version, bool withdrawn) external;

    /// @notice Offers a name to another owner; zero takes the offer back. The name id stays.
    function offerName(bytes32 nameId, address to) external;

    /// @notice Takes over a name offered to the caller.
    function acceptName(bytes32 nameId) external;

    /// @notice The function of an active version; version 0 is the latest that is not withdrawn.
    function resolve(bytes32 nameId, uint32 version) external view returns (bytes32 functionId);

    /// @notice Id of the name that `owner` made: the `name` digest of docs/wire.md §1.
    function nameIdOf(address owner, string calldata name) external pure returns (bytes32);

    /// @notice What was published: owner now, paused or not, how many versions, and the name itself. All zero for none.
    function nameInfo(bytes32 nameId)
        external
        view
        returns (address owner, bool paused, uint32 versions, string memory name);

    /// @notice One version as it was published.
    function versionInfo(bytes32 nameId, uint32 version)
        external
        view
        returns (bytes32 functionId, bytes32 profileId, string memory uri, bool withdrawn);
}
