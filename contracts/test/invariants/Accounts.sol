// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {IEarnings} from "../../src/interfaces/IEarnings.sol";
import {ISubscriptions} from "../../src/interfaces/ISubscriptions.sol";
import {Asset} from "../../src/types/Billing.sol";
import {Books} from "./Books.sol";

/// @notice What owners, strangers and earners do with money.
abstract contract Accounts is Books {
    uint64 private constant MOST_ACCOUNTS = 20;

    function createAccount(uint256 seed) external {
        begin(seed);
        if (accounts == MOST_ACCOUNTS) return;
        address owner = everyone[random(PEOPLE + PLAYERS)];
        Asset asset = Asset(random(2));
        uint256 value = asset == Asset.Native ? random(3) * 1 ether : 0;
        must(owner, address(router), value, abi.encodeCall(ISubscriptions.createSubscription, (asset)));
        for (uint256 i; i < PLAYERS; ++i) {
            if (random(3) != 0) must(owner, address(router), 0, addition(accounts, address(players[i])));
        }
    }

    function fund(uint256 seed) external {
        begin(seed);
        uint64 subscription = randomAccount();
        address giver = everyone[random(everyone.length)];
        uint256 amount = 1 + random(random(3) == 0 ? 0.01 ether : 10 ether);
        if (account[subscription].asset == Asset.Token) amount *= 200;
        if (!exists(subscription)) return;
        if (account[subscription].asset == Asset.Native) {
            must(giver, address(router), amount, abi.encodeCall(ISubscriptions.fund, (subscription)));
        } else {
            token.mint(giver, amount);
            vm.prank(giver);
            token.approve(address(router), amount);
            must(giver, address(router), 0, abi.encodeCall(ISubscriptions.fundWithToken, (subscription, amount)));
        }
    }

    function takeBalance(uint256 seed) external {
        begin(seed);
        uint64 subscription = randomAccount();
        Account storage from = account[subscription];
        if (from.balance == 0) return;
        uint96 amount = uint96(random(4) == 0 ? from.balance : 1 + random(from.balance) / 4);
        must(from.owner, address(router), 0, withdrawal(subscription, amount, payee()));
    }

    function cancelAccount(uint256 seed) external {
        begin(seed);
        uint64 subscription = randomAccount();
        if (subscription == 1 || !exists(subscription)) return;
        bytes memory message = abi.encodeCall(ISubscriptions.cancelSubscription, (subscription, payee()));
        if (account[subscription].reserved == 0 && random(8) == 0) must(account[subscription].owner, address(router), 0, message);
        else if (account[subscription].reserved != 0) {
            mustFail(account[subscription].owner, address(router), message, ISubscriptions.RequestsInFlight.selector);
        }
    }

    function changeConsumers(uint256 seed) external {
        begin(seed);
        uint64 subscription = randomAccount();
        if (!exists(subscription)) return;
        address consumer = random(3) == 0 ? everyone[random(PEOPLE)] : address(players[random(PLAYERS)]);
        bool added = spends[subscription][consumer];
        if (added && random(4) != 0) return;
        bytes memory message = added
            ? abi.encodeCall(ISubscriptions.removeConsumer, (subscription, consumer))
            : addition(subscription, consumer);
        must(account[subscription].owner, address(router), 0, message);
    }

    function handOver(uint256 seed) external {
        begin(seed);
        uint64 subscription = randomAccount();
        if (subscription == 1 || !exists(subscription)) return;
        address to = everyone[random(PEOPLE + PLAYERS)];
        bytes memory offer = abi.encodeCall(ISubscriptions.offerSubscription, (subscription, to));
        must(account[subscription].owner, address(router), 0, offer);
        if (random(2) == 0) return;
        must(to, address(router), 0, abi.encodeCall(ISubscriptions.acceptSubscription, (subscription)));
    }

    /// @dev Someone tries what only the owner may.
    function meddle(uint256 seed) external {
        begin(seed);
        uint64 subscription = randomAccount();
        address stranger = everyone[random(everyone.length)];
        if (!exists(subscription) || account[subscription].owner == stranger) return;
        bytes[4] memory messages = [
            withdrawal(subscription, 1, stranger),
            abi.encodeCall(ISubscriptions.cancelSubscription, (subscription, stranger)),
            addition(subscription, stranger),
            abi.encodeCall(ISubscriptions.offerSubscription, (subscription, stranger))
        ];
        bytes4 reason = ISubscriptions.NotSubscriptionOwner.selector;
        mustFail(stranger, address(router), messages[random(4)], reason);
        if (account[subscription].offeredTo == stranger) return;
        reason = ISubscriptions.NotOffered.selector;
        mustFail(stranger, address(router), abi.encodeCall(ISubscriptions.acceptSubscription, (subscription)), reason);
    }

    function settle(uint256 seed) external {
        begin(seed);
        if (pots.length == 0) return;
        Pot memory pot = pots[random(pots.length)];
        must(payee(), address(router), 0, settlement(pot, Asset(random(2))));
    }

    function takeEarnings(uint256 seed) external {
        begin(seed);
        address earner = everyone[random(everyone.length)];
        Asset asset = Asset(random(2));
        bytes memory message = abi.encodeCall(IEarnings.withdrawEarnings, (asset, payee()));
        if (router.earned(asset, earner) == 0) mustFail(earner, address(router), message, IEarnings.NothingEarned.selector);
        else must(earner, address(router), 0, message);
    }

    function settlement(Pot memory pot, Asset asset) internal pure returns (bytes memory) {
        uint256[] memory bitmaps = new uint256[](2);
        bitmaps[0] = bitmaps[1] = pot.bitmap;
        return abi.encodeCall(IEarnings.settle, (pot.epoch, asset, pot.transmitter, bitmaps));
    }

    function withdrawal(uint64 subscription, uint96 amount, address to) internal pure returns (bytes memory) {
        return abi.encodeCall(ISubscriptions.withdrawBalance, (subscription, amount, to));
    }

    function addition(uint64 subscription, address consumer) internal pure returns (bytes memory) {
        return abi.encodeCall(ISubscriptions.addConsumer, (subscription, consumer));
    }

    /// @dev Someone who takes the native coin; players call on while they are paid.
    function payee() internal returns (address) {
        return everyone[random(PEOPLE + PLAYERS)];
    }
}
