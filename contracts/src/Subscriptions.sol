// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {IERC20, SafeERC20} from "@openzeppelin/contracts/token/ERC20/utils/SafeERC20.sol";
import {ReentrancyGuardTransient} from "@openzeppelin/contracts/utils/ReentrancyGuardTransient.sol";
import {ISubscriptions} from "./interfaces/ISubscriptions.sol";
import {AccountSlot, MAX_AMOUNT, NO_ACCOUNT, open} from "./types/AccountSlot.sol";
import {Asset, Subscription} from "./types/Billing.sol";

/// @notice The router's prepaid accounts.
/// @dev A consumer keeps its place for ever, so that an open request's slot can name it in 16 bits: a place is never given
/// to another address, and whoever is added again gets a new one.
abstract contract Subscriptions is ISubscriptions, ReentrancyGuardTransient {
    using SafeERC20 for IERC20;

    uint256 public constant MAX_CONSUMERS = 100; // as Chainlink's subscriptions
    uint256 private constant MAX_PLACES = type(uint16).max;
    uint256 private constant MAX_SUBSCRIPTIONS = type(uint40).max;

    /// @inheritdoc ISubscriptions
    address public immutable token;

    uint64 private _count;
    mapping(uint256 subscription => AccountSlot) internal _accounts;
    mapping(uint256 subscription => address) private _owners;
    mapping(uint256 subscription => address) private _offers;
    mapping(uint256 consumerAndSubscription => uint256 place) private _places; // 0: no consumer
    mapping(uint256 subscriptionAndPlace => address) private _consumers;

    modifier onlySubscriptionOwner(uint64 subscription) {
        if (!_accounts[subscription].exists()) revert UnknownSubscription(subscription);
        if (_owners[subscription] != msg.sender) revert NotSubscriptionOwner(subscription, msg.sender);
        _;
    }

    constructor(address token_) {
        token = token_;
    }

    /// @inheritdoc ISubscriptions
    function createSubscription(Asset asset) external payable returns (uint64 subscription) {
        if (asset == Asset.Token && token == address(0)) revert NoToken();
        subscription = ++_count;
        assert(subscription <= MAX_SUBSCRIPTIONS); // a trillion creations away
        _accounts[subscription] = open(asset);
        _owners[subscription] = msg.sender;
        emit SubscriptionCreated(subscription, msg.sender, asset);
        if (msg.value != 0) deposit(subscription, Asset.Native, msg.value);
    }

    /// @inheritdoc ISubscriptions
    function fund(uint64 subscription) external payable {
        deposit(subscription, Asset.Native, msg.value);
    }

    /// @inheritdoc ISubscriptions
    function fundWithToken(uint64 subscription, uint256 amount) external nonReentrant {
        if (token == address(0)) revert NoToken();
        uint256 before = IERC20(token).balanceOf(address(this));
        IERC20(token).safeTransferFrom(msg.sender, address(this), amount);
        deposit(subscription, Asset.Token, IERC20(token).balanceOf(address(this)) - before);
    }

    /// @inheritdoc ISubscriptions
    function withdrawBalance(uint64 subscription, uint96 amount, address to) external onlySubscriptionOwner(subscription) {
        AccountSlot account = _accounts[subscription];
        if (amount == 0) revert BadAmount(amount);
        if (amount > account.balance()) revert InsufficientBalance(subscription, account.balance(), amount);
        _accounts[subscription] = account.debit(amount);
        emit SubscriptionWithdrawn(subscription, to, amount);
        pay(account.asset(), to, amount);
    }

    /// @inheritdoc ISubscriptions
    function cancelSubscription(uint64 subscription, address to) external onlySubscriptionOwner(subscription) {
        AccountSlot account = _accounts[subscription];
        if (account.reserved() != 0) revert RequestsInFlight(subscription, account.reserved());
        _accounts[subscription] = NO_ACCOUNT;
        delete _owners[subscription];
        delete _offers[subscription];
        emit SubscriptionCancelled(subscription, to, account.balance());
        if (account.balance() != 0) pay(account.asset(), to, account.balance());
    }

    /// @inheritdoc ISubscriptions
    function addConsumer(uint64 subscription, address consumer) external onlySubscriptionOwner(subscription) {
        if (consumer == address(0)) revert BadAddress();
        uint256 key = placeKey(subscription, consumer);
        AccountSlot account = _accounts[subscription];
        if (_places[key] != 0) revert ConsumerExists(subscription, consumer);
        if (account.consumers() == MAX_CONSUMERS || account.places() == MAX_PLACES) revert TooManyConsumers(subscription);
        _accounts[subscription] = account = account.admit();
        _places[key] = account.places();
        _consumers[consumerKey(subscription, account.places())] = consumer;
        emit ConsumerAdded(subscription, consumer);
    }

    /// @inheritdoc ISubscriptions
    function removeConsumer(uint64 subscription, address consumer) external onlySubscriptionOwner(subscription) {
        placeOf(subscription, consumer);
        delete _places[placeKey(subscription, consumer)];
        _accounts[subscription] = _accounts[subscription].part();
        emit ConsumerRemoved(subscription, consumer);
    }

    /// @inheritdoc ISubscriptions
    function offerSubscription(uint64 subscription, address to) external onlySubscriptionOwner(subscription) {
        _offers[subscription] = to;
        emit SubscriptionOffered(subscription, msg.sender, to);
    }

    /// @inheritdoc ISubscriptions
    function acceptSubscription(uint64 subscription) external {
        if (_offers[subscription] != msg.sender) revert NotOffered(subscription, msg.sender);
        emit SubscriptionTransferred(subscription, _owners[subscription], msg.sender);
        delete _offers[subscription];
        _owners[subscription] = msg.sender;
    }

    /// @inheritdoc ISubscriptions
    function subscriptionInfo(uint64 subscription) external view returns (Subscription memory) {
        AccountSlot account = _accounts[subscription];
        if (!account.exists()) revert UnknownSubscription(subscription);
        return Subscription({
            owner: _owners[subscription],
            offeredTo: _offers[subscription],
            asset: account.asset(),
            balance: uint96(account.balance()),
            reserved: uint96(account.reserved()),
            consumers: uint16(account.consumers())
        });
    }

    /// @inheritdoc ISubscriptions
    function consumersOf(uint64 subscription) external view returns (address[] memory found) {
        AccountSlot account = _accounts[subscription];
        found = new address[](account.consumers());
        uint256 count;
        for (uint256 place = 1; place <= account.places(); ++place) {
            address consumer = _consumers[consumerKey(subscription, place)];
            if (_places[placeKey(subscription, consumer)] == place) found[count++] = consumer;
        }
    }

    /// @inheritdoc ISubscriptions
    function isConsumer(uint64 subscription, address consumer) external view returns (bool) {
        return _accounts[subscription].exists() && _places[placeKey(subscription, consumer)] != 0;
    }

    /// @dev The consumer's place; reverts for who may not spend.
    function placeOf(uint64 subscription, address consumer) internal view returns (uint256 place) {
        place = _places[placeKey(subscription, consumer)];
        if (place == 0) revert NotConsumer(subscription, consumer);
    }

    /// @dev Who has, or had, this place.
    function consumerAt(uint256 subscription, uint256 place) internal view returns (address) {
        return _consumers[consumerKey(subscription, place)];
    }

    /// @dev Pays out; the caller has taken the amount off its books.
    function pay(Asset asset, address to, uint256 amount) internal {
        if (to == address(0)) revert BadAddress();
        if (asset == Asset.Token) {
            IERC20(token).safeTransfer(to, amount);
        } else {
            (bool paid,) = to.call{value: amount}("");
            if (!paid) revert PaymentFailed(to);
        }
    }

    function deposit(uint64 subscription, Asset asset, uint256 amount) private {
        AccountSlot account = _accounts[subscription];
        if (!account.exists()) revert UnknownSubscription(subscription);
        if (account.asset() != asset) revert WrongAsset(subscription, account.asset());
        if (amount == 0 || amount > MAX_AMOUNT - account.balance() - account.reserved()) revert BadAmount(amount);
        _accounts[subscription] = account.credit(amount);
        emit SubscriptionFunded(subscription, msg.sender, amount);
    }

    function placeKey(uint64 subscription, address consumer) private pure returns (uint256) {
        return uint256(uint160(consumer)) << 64 | subscription;
    }

    function consumerKey(uint256 subscription, uint256 place) private pure returns (uint256) {
        return subscription << 16 | place;
    }
}
