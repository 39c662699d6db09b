// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {ERC165Checker} from "@openzeppelin/contracts/utils/introspection/ERC165Checker.sol";
import {IFunctionRegistry} from "./interfaces/IFunctionRegistry.sol";
import {IReceiver} from "./interfaces/IReceiver.sol";
import {IRouter} from "./interfaces/IRouter.sol";
import {ISubscriptions} from "./interfaces/ISubscriptions.sol";
import {ITriggers, Target, Trigger, TriggerKind} from "./interfaces/ITriggers.sol";
import {Code} from "./libraries/Code.sol";
import {Digests} from "./libraries/Digests.sol";

/// @notice Triggers, on chain so that every node agrees on them.
/// @dev A registration never changes: it is kept as the code of a contract, so that `target` reads one storage word and
/// copies 96 bytes of code (4,700 gas cold; three storage words would be 6,300).
///
/// | offset | bytes | field |
/// | --- | --- | --- |
/// | 0 | 20 | owner |
/// | 20 | 8 | subscription |
/// | 28 | 4 | callbackGasLimit |
/// | 32 | 32 | functionId |
/// | 64 | 20 | receiver |
/// | 84 | 10 | name |
/// | 94 | 2 | kind |
/// | 96 | configLength | config |
/// | 96 + configLength | to the end | input |
contract Triggers is ITriggers {
    /// @dev One storage word; `data` is zero when there is no registration.
    struct Record {
        address data;
        uint16 configLength;
        bool paused;
    }

    uint256 private constant HEAD = 96;
    uint256 private constant MAX_CONFIG = 4_096; // a log trigger's four topics with alternatives need hundreds of bytes
    uint256 private constant MAX_INPUT = 16_384; // the router's default; with head and config it fits a contract (EIP-170)

    /// @inheritdoc ITriggers
    address public immutable router;

    /// @inheritdoc ITriggers
    mapping(address owner => uint64) public nonces;
    mapping(bytes32 registration => Record) private _records;

    constructor(address router_) {
        router = router_;
    }

    /// @inheritdoc ITriggers
    function register(Trigger calldata made) external returns (bytes32 registration) {
        check(made);
        registration = Digests.registration(address(this), msg.sender, nonces[msg.sender]++);
        _records[registration] = Record(Code.write(encode(made)), uint16(made.config.length), false);
        emit TriggerRegistered(registration, msg.sender, made.functionId, made.subscription, made);
    }

    /// @inheritdoc ITriggers
    function setPaused(bytes32 registration, bool paused) external {
        Record storage record = existing(registration);
        if (ownerOf(record.data) != msg.sender) revert NotTriggerOwner(registration, msg.sender);
        record.paused = paused;
        emit TriggerPaused(registration, paused);
    }

    /// @inheritdoc ITriggers
    function remove(bytes32 registration) external {
        Target memory found = decode(existing(registration).data);
        if (found.owner != msg.sender && !ownsSubscription(found.subscription)) {
            revert NotTriggerOwner(registration, msg.sender);
        }
        delete _records[registration];
        emit TriggerRemoved(registration);
    }

    /// @inheritdoc ITriggers
    function trigger(bytes32 registration) external view returns (address owner, bool paused, Trigger memory made) {
        Record memory record = existing(registration);
        Target memory found = decode(record.data);
        made.kind = TriggerKind(uint16(uint256(word(record.data, 64))));
        made.functionId = found.functionId;
        made.receiver = found.receiver;
        made.subscription = found.subscription;
        made.callbackGasLimit = found.callbackGasLimit;
        made.name = found.name;
        made.config = Code.read(record.data, HEAD, record.configLength);
        uint256 start = HEAD + record.configLength;
        made.input = Code.read(record.data, start, Code.length(record.data) - start);
        return (found.owner, record.paused, made);
    }

    /// @inheritdoc ITriggers
    function target(bytes32 registration) external view returns (Target memory found) {
        Record memory record = _records[registration];
        if (record.data == address(0) || record.paused) return found;
        found = decode(record.data);
        if (found.receiver != address(0) && !takesReports(found.receiver)) found.receiver = address(0);
    }

    /// @dev Reverts unless the caller may register this.
    function check(Trigger calldata made) private view {
        IRouter to = IRouter(router);
        uint256 length = made.input.length;
        if (made.config.length == 0 || made.config.length > MAX_CONFIG || length > MAX_INPUT) revert BadTrigger();
        if (length > to.maxInputLength()) revert IRouter.InputTooLong(length, to.maxInputLength());
        if (made.callbackGasLimit > to.maxCallbackGas()) {
            revert IRouter.CallbackGasTooHigh(made.callbackGasLimit, to.maxCallbackGas());
        }
        if (!ownsSubscription(made.subscription) && !ISubscriptions(router).isConsumer(made.subscription, msg.sender)) {
            revert NotPayer(made.subscription, msg.sender);
        }
        IFunctionRegistry(to.functions()).limits(made.functionId); // reverts for an unknown one
        if (made.receiver != address(0) && !takesReports(made.receiver)) revert BadReceiver(made.receiver);
    }

    function ownsSubscription(uint64 subscription) private view returns (bool) {
        return ISubscriptions(router).subscriptionInfo(subscription).owner == msg.sender;
    }

    /// @dev Where a transmitter leaves a probe too little gas, a 63rd of that is left for the rest of the delivery, which
    /// writes storage: it reverts, and cannot pass for a delivery to a contract that takes no reports.
    function takesReports(address receiver) private view returns (bool) {
        return ERC165Checker.supportsInterface(receiver, type(IReceiver).interfaceId);
    }

    function existing(bytes32 registration) private view returns (Record storage record) {
        record = _records[registration];
        if (record.data == address(0)) revert UnknownTrigger(registration);
    }

    function encode(Trigger calldata made) private view returns (bytes memory) {
        return abi.encodePacked(
            msg.sender,
            made.subscription,
            made.callbackGasLimit,
            made.functionId,
            made.receiver,
            made.name,
            uint16(made.kind),
            made.config,
            made.input
        );
    }

    function decode(address data) private view returns (Target memory) {
        (uint256 payer, bytes32 functionId, uint256 told) = abi.decode(Code.read(data, 0, HEAD), (uint256, bytes32, uint256));
        return Target({
            owner: address(uint160(payer >> 96)),
            name: bytes10(uint80(told >> 16)),
            functionId: functionId,
            receiver: address(uint160(told >> 96)),
            callbackGasLimit: uint32(payer),
            subscription: uint64(payer >> 32)
        });
    }

    function ownerOf(address data) private view returns (address) {
        return address(bytes20(word(data, 0)));
    }

    function word(address data, uint256 offset) private view returns (bytes32) {
        return bytes32(Code.read(data, offset, 32));
    }
}
