// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

/// @notice What starts a run without a request.
enum TriggerKind {
    Log, // a contract's event, on any chain the committee follows
    Cron, // a clock
    Block, // every so many blocks of the home chain
    Http // a signed POST
}

/// @notice A registration: what starts which function, who is told and who pays.
struct Trigger {
    TriggerKind kind;
    bytes32 functionId;
    address receiver; // zero: results are served by the nodes and not sent to a contract
    uint64 subscription;
    uint32 callbackGasLimit;
    bytes10 name; // the workflow name receivers see (Keystone's metadata)
    bytes config; // what exactly starts it (docs/triggers.md)
    bytes input;
}

/// @notice What a delivery needs of an active registration.
struct Target {
    address owner; // zero when there is none, or it is paused
    bytes10 name;
    bytes32 functionId;
    address receiver; // zero when there is none, or it does not answer ERC-165 for `IReceiver` now
    uint32 callbackGasLimit;
    uint64 subscription;
}

/// @notice Triggers, on chain so that every node agrees on them.
interface ITriggers {
    /// @notice A trigger was registered.
    event TriggerRegistered(
        bytes32 indexed registration, address indexed owner, bytes32 indexed functionId, uint64 subscription, Trigger trigger
    );
    /// @notice The owner paused the trigger or let it go on.
    event TriggerPaused(bytes32 indexed registration, bool paused);
    /// @notice The trigger is gone.
    event TriggerRemoved(bytes32 indexed registration);

    /// @notice There is no such registration.
    error UnknownTrigger(bytes32 registration);
    /// @notice The caller does not own the registration.
    error NotTriggerOwner(bytes32 registration, address caller);
    /// @notice The caller neither owns the subscription nor is one of its consumers.
    error NotPayer(uint64 subscription, address caller);
    /// @notice Config or input is empty where it must not be, or too long.
    error BadTrigger();
    /// @notice The receiver does not answer ERC-165 for `IReceiver`.
    error BadReceiver(address receiver);

    /// @notice Registers a trigger; the caller owns it. Its id is the `registration` digest of docs/wire.md §1.
    /// The caller must own the subscription that pays, or be one of its consumers, now: what changes later ends nothing.
    /// The subscription's owner can remove the registration, also after a transfer.
    function register(Trigger calldata trigger) external returns (bytes32 registration);

    /// @notice Pauses or unpauses. Owner only.
    function setPaused(bytes32 registration, bool paused) external;

    /// @notice Ends a registration. Owner of it or of the subscription that pays.
    function remove(bytes32 registration) external;

    /// @notice The router whose functions, subscriptions and limits a registration is checked against.
    function router() external view returns (address);

    /// @notice How many triggers `owner` has registered: the next one's nonce.
    function nonces(address owner) external view returns (uint64);

    /// @notice The registration as it was made; reverts if there is none.
    function trigger(bytes32 registration) external view returns (address owner, bool paused, Trigger memory);

    /// @notice What a delivery needs of a registration. The receiver is probed with at most 3 calls of 30,000 gas (EIP-165).
    function target(bytes32 registration) external view returns (Target memory);
}
