// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {Asset, Subscription} from "../types/Billing.sol";

/// @notice Prepaid accounts of the router: their owner funds them, their consumers spend from them.
/// @dev What requests in flight may cost at most is reserved; nobody can take it before they close. Ids begin with 1.
interface ISubscriptions {
    /// @notice A subscription was made.
    event SubscriptionCreated(uint64 indexed subscription, address indexed owner, Asset asset);
    /// @notice `from` paid `amount` in.
    event SubscriptionFunded(uint64 indexed subscription, address indexed from, uint256 amount);
    /// @notice The owner took `amount` out.
    event SubscriptionWithdrawn(uint64 indexed subscription, address indexed to, uint256 amount);
    /// @notice `consumer` may spend from the subscription.
    event ConsumerAdded(uint64 indexed subscription, address indexed consumer);
    /// @notice `consumer` may not any more; its requests in flight finish.
    event ConsumerRemoved(uint64 indexed subscription, address indexed consumer);
    /// @notice The owner offered the subscription to `to`; zero takes an offer back.
    event SubscriptionOffered(uint64 indexed subscription, address indexed owner, address indexed to);
    /// @notice The subscription has a new owner.
    event SubscriptionTransferred(uint64 indexed subscription, address indexed from, address indexed to);
    /// @notice The subscription is gone, its balance paid to `to`.
    event SubscriptionCancelled(uint64 indexed subscription, address indexed to, uint256 amount);

    /// @notice There is no such subscription.
    error UnknownSubscription(uint64 subscription);
    /// @notice The caller does not own the subscription.
    error NotSubscriptionOwner(uint64 subscription, address caller);
    /// @notice The subscription was not offered to the caller.
    error NotOffered(uint64 subscription, address caller);
    /// @notice The caller may not spend from the subscription; its owner can add it with `addConsumer`.
    error NotConsumer(uint64 subscription, address caller);
    /// @notice This address is a consumer already.
    error ConsumerExists(uint64 subscription, address consumer);
    /// @notice The subscription has `MAX_CONSUMERS` consumers, or had 65,535 in its life.
    error TooManyConsumers(uint64 subscription);
    /// @notice The subscription holds too little for what was asked; fund it.
    error InsufficientBalance(uint64 subscription, uint256 balance, uint256 needed);
    /// @notice Requests are in flight, with `reserved` for them; cancel when they are delivered or expired.
    error RequestsInFlight(uint64 subscription, uint256 reserved);
    /// @notice The subscription pays with the other asset.
    error WrongAsset(uint64 subscription, Asset asset);
    /// @notice This router takes no token.
    error NoToken();
    /// @notice The amount is zero, or more than a subscription can hold (2^96 - 1).
    error BadAmount(uint256 amount);
    /// @notice An address is zero.
    error BadAddress();
    /// @notice The native coin could not be sent to this address.
    error PaymentFailed(address to);

    /// @notice Makes a subscription that pays with `asset`; the caller owns it.
    function createSubscription(Asset asset) external payable returns (uint64 subscription);

    /// @notice Pays the native coin in. Anyone may.
    function fund(uint64 subscription) external payable;

    /// @notice Pays `amount` of the token in, which the caller has allowed the router to take. Anyone may. What arrives
    /// counts, for tokens that keep a fee.
    function fundWithToken(uint64 subscription, uint256 amount) external;

    /// @notice Takes `amount` of the free balance out. Owner only.
    function withdrawBalance(uint64 subscription, uint96 amount, address to) external;

    /// @notice Closes the subscription and pays its balance to `to`. Owner only, and not while requests are in flight.
    function cancelSubscription(uint64 subscription, address to) external;

    /// @notice Lets `consumer` spend from the subscription. Owner only.
    function addConsumer(uint64 subscription, address consumer) external;

    /// @notice Lets it no more. Owner only. Requests in flight finish and are charged.
    function removeConsumer(uint64 subscription, address consumer) external;

    /// @notice Offers the subscription to another owner, who takes it with `acceptSubscription`; zero takes it back.
    function offerSubscription(uint64 subscription, address to) external;

    /// @notice Takes over a subscription offered to the caller.
    function acceptSubscription(uint64 subscription) external;

    /// @notice The subscription; reverts if there is none.
    function subscriptionInfo(uint64 subscription) external view returns (Subscription memory);

    /// @notice Everyone who may spend from it now. For calls off chain: it looks through all consumers it ever had.
    function consumersOf(uint64 subscription) external view returns (address[] memory);

    /// @notice Whether `consumer` may spend from it.
    function isConsumer(uint64 subscription, address consumer) external view returns (bool);

    /// @notice The one ERC-20 a subscription can pay with; zero when this router takes none.
    function token() external view returns (address);
}
