// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {Math} from "@openzeppelin/contracts/utils/math/Math.sol";
import {IFunctionRegistry} from "./interfaces/IFunctionRegistry.sol";
import {Digests} from "./libraries/Digests.sol";
import {ManifestLimits} from "./libraries/ManifestLimits.sol";
import {Limits} from "./types/Billing.sol";

/// @notice Facts about functions, and names that owners give them.
/// @dev Nobody owns the registry, and nothing in it can be taken back but by the owner of a name.
contract FunctionRegistry is IFunctionRegistry {
    /// @dev `owner` to `latest` share one storage word, which `resolve` reads.
    struct Name {
        address owner; // zero when nothing was published
        bool paused;
        uint32 versions; // published so far; they count from 1
        uint32 latest; // the last one not withdrawn; zero when all are
        address offeredTo;
        string text;
    }

    struct Version {
        bytes32 functionId;
        bytes32 profileId;
        string uri;
    }

    uint256 private constant MAX_NAME = 64; // as in a manifest
    uint256 private constant MAX_URI = 512;

    mapping(bytes32 functionId => Limits) private _limits; // one storage word each; fuel is never zero
    mapping(bytes32 nameId => Name) private _names;
    mapping(bytes32 nameId => mapping(uint32 version => Version)) private _versions;
    mapping(bytes32 nameId => mapping(uint32 word => uint256 bits)) private _active; // bit v % 256 of word v / 256

    modifier onlyNameOwner(bytes32 nameId) {
        if (_names[nameId].owner != msg.sender) revert NotNameOwner(nameId, msg.sender);
        _;
    }

    /// @inheritdoc IFunctionRegistry
    function register(bytes32 moduleId, bytes32 sourceHash, bytes calldata terms) external returns (bytes32 functionId) {
        bytes32 manifestHash = Digests.manifest(keccak256(terms));
        functionId = Digests.functionId(moduleId, sourceHash, manifestHash);
        if (_limits[functionId].fuel != 0) return functionId; // ids are facts: the same id has the same limits
        Limits memory read = ManifestLimits.read(terms);
        _limits[functionId] = read;
        emit FunctionRegistered(functionId, moduleId, sourceHash, manifestHash, read);
    }

    /// @inheritdoc IFunctionRegistry
    function publish(string calldata name, bytes32 functionId, bytes32 profileId, string calldata uri)
        external
        returns (bytes32 nameId, uint32 version)
    {
        if (bytes(name).length == 0 || bytes(name).length > MAX_NAME) revert BadName();
        nameId = nameIdOf(msg.sender, name);
        Name storage record = _names[nameId];
        if (record.owner == address(0)) (record.owner, record.text) = (msg.sender, name);
        version = publishVersion(nameId, functionId, profileId, uri);
    }

    /// @inheritdoc IFunctionRegistry
    function setPaused(bytes32 nameId, bool paused) external onlyNameOwner(nameId) {
        _names[nameId].paused = paused;
        emit NamePaused(nameId, paused);
    }

    /// @inheritdoc IFunctionRegistry
    function setWithdrawn(bytes32 nameId, uint32 version, bool withdrawn) external onlyNameOwner(nameId) {
        Name storage record = _names[nameId];
        if (version == 0 || version > record.versions) revert UnknownVersion(nameId, version);
        setActive(nameId, version, !withdrawn);
        if (withdrawn && version == record.latest) record.latest = lastActive(nameId, version);
        if (!withdrawn && version > record.latest) record.latest = version;
        emit VersionWithdrawn(nameId, version, withdrawn);
    }

    /// @inheritdoc IFunctionRegistry
    function offerName(bytes32 nameId, address to) external onlyNameOwner(nameId) {
        _names[nameId].offeredTo = to;
        emit NameOffered(nameId, to);
    }

    /// @inheritdoc IFunctionRegistry
    function acceptName(bytes32 nameId) external {
        Name storage record = _names[nameId];
        if (record.offeredTo != msg.sender) revert NotOfferedName(nameId, msg.sender);
        address from = record.owner;
        (record.owner, record.offeredTo) = (msg.sender, address(0));
        emit NameTransferred(nameId, from, msg.sender);
    }

    /// @inheritdoc IFunctionRegistry
    function limits(bytes32 functionId) external view returns (Limits memory found) {
        found = _limits[functionId];
        if (found.fuel == 0) revert UnknownFunction(functionId);
    }

    /// @inheritdoc IFunctionRegistry
    function resolve(bytes32 nameId, uint32 version) external view returns (bytes32 functionId) {
        Name storage record = _names[nameId];
        (bool paused, uint32 versions, uint32 latest) = (record.paused, record.versions, record.latest);
        if (versions == 0 || version > versions) revert UnknownVersion(nameId, version);
        if (paused || latest == 0) revert NotActive(nameId, version);
        if (version == 0) return _versions[nameId][latest].functionId;
        if (!isActive(nameId, version)) revert NotActive(nameId, version);
        return _versions[nameId][version].functionId;
    }

    /// @inheritdoc IFunctionRegistry
    function nameInfo(bytes32 nameId)
        external
        view
        returns (address owner, bool paused, uint32 versions, string memory name)
    {
        Name storage record = _names[nameId];
        return (record.owner, record.paused, record.versions, record.text);
    }

    /// @inheritdoc IFunctionRegistry
    function versionInfo(bytes32 nameId, uint32 version)
        external
        view
        returns (bytes32 functionId, bytes32 profileId, string memory uri, bool withdrawn)
    {
        if (version == 0 || version > _names[nameId].versions) revert UnknownVersion(nameId, version);
        Version storage record = _versions[nameId][version];
        return (record.functionId, record.profileId, record.uri, !isActive(nameId, version));
    }

    /// @inheritdoc IFunctionRegistry
    function publishVersion(bytes32 nameId, bytes32 functionId, bytes32 profileId, string calldata uri)
        public
        onlyNameOwner(nameId)
        returns (uint32 version)
    {
        if (_limits[functionId].fuel == 0) revert UnknownFunction(functionId);
        if (bytes(uri).length > MAX_URI) revert BadName();
        Name storage record = _names[nameId];
        version = record.versions + 1;
        (record.versions, record.latest) = (version, version);
        _versions[nameId][version] = Version(functionId, profileId, uri);
        setActive(nameId, version, true);
        emit Published(nameId, msg.sender, record.text, version, functionId, profileId, uri);
    }

    /// @inheritdoc IFunctionRegistry
    function nameIdOf(address owner, string calldata name) public pure returns (bytes32) {
        return Digests.nameId(owner, keccak256(bytes(name)));
    }

    function setActive(bytes32 nameId, uint32 version, bool active) private {
        uint256 bit = 1 << (version & 0xff);
        uint256 bits = _active[nameId][version >> 8];
        _active[nameId][version >> 8] = active ? bits | bit : bits & ~bit;
    }

    function isActive(bytes32 nameId, uint32 version) private view returns (bool) {
        return _active[nameId][version >> 8] >> (version & 0xff) & 1 != 0;
    }

    /// @dev The last active version at or below `version`, or zero. One storage word for 256 versions, and whoever
    /// withdraws pays for it: readers find the answer in the name's word.
    function lastActive(bytes32 nameId, uint32 version) private view returns (uint32) {
        for (uint32 word = (version >> 8) + 1; word > 0; --word) {
            uint256 bits = _active[nameId][word - 1];
            if (bits != 0) return (word - 1) << 8 | uint32(Math.log2(bits));
        }
        return 0;
    }
}
