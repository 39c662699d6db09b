// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {Router} from "../../src/Router.sol";
import {IRouter} from "../../src/interfaces/IRouter.sol";
import {AccountSlot} from "../../src/types/AccountSlot.sol";
import {Prices} from "../../src/types/Billing.sol";
import {CLOSED, PendingSlot} from "../../src/types/PendingSlot.sol";

/// @notice What halmos offers of forge's cheat codes.
interface Halmos {
    function warp(uint256 timestamp) external;
}

/// @notice The router with its words in reach. Nothing of it is overridden: reports enter behind the check of signatures,
/// which halmos cannot follow and `test/Verifiers.t.sol` is about.
contract OpenRouter is Router {
    constructor(Prices memory prices_) Router(address(1), address(2), address(3), address(0), 0, prices_) {}

    function put(bytes32 requestId, uint256 slot, uint256 subscription, uint256 account) external {
        _pending[requestId] = PendingSlot.wrap(slot);
        _accounts[subscription] = AccountSlot.wrap(account);
    }

    function deliverOne(uint64 epoch, bytes calldata reports) external {
        Delivery memory delivery;
        delivery.epoch = epoch;
        deliver(delivery, reports, 0);
    }

    function slotOf(bytes32 requestId) external view returns (uint256) {
        return PendingSlot.unwrap(_pending[requestId]);
    }

    function accountOf(uint256 subscription) external view returns (AccountSlot) {
        return _accounts[subscription];
    }
}

/// @notice Proofs by halmos (`make audit`): a request closes once, whatever its id, word, epoch and time.
contract AtMostOnceProof {
    Halmos private constant vm = Halmos(address(uint160(uint256(keccak256("hevm cheat code")))));
    OpenRouter private router;

    function setUp() public {
        router = new OpenRouter(Prices(1, 1, 0, 0, 100, 0, 0));
    }

    /// @dev Delivering changes a request's word only to closed, and only in its epoch and before its deadline.
    function check_only_its_epoch_delivers_in_time(bytes32 id, uint256 word, uint64 epoch, uint32 time, uint256 account)
        external
    {
        prepare(id, word, account, time);
        PendingSlot slot = PendingSlot.wrap(word);
        (bool done,) = address(router).call(abi.encodeCall(router.deliverOne, (epoch, report(id))));
        uint256 left = router.slotOf(id);
        bool due = slot.epoch() == epoch && time < slot.deadline();
        assert(left == (done && due ? PendingSlot.unwrap(CLOSED) : word));
    }

    /// @dev Once closed, no delivery and no expiry moves anything.
    function check_a_closed_request_moves_nothing(bytes32 id, uint64 epoch, uint32 time, uint40 subscription, uint256 account)
        external
    {
        router.put(id, 0, subscription, account);
        vm.warp(time);
        router.deliverOne(epoch, report(id));
        (bool done,) = address(router).call(abi.encodeCall(IRouter.expire, (id)));
        assert(!done);
        assert(router.slotOf(id) == 0);
        assert(AccountSlot.unwrap(router.accountOf(subscription)) == account);
    }

    /// @dev Expiry closes, gives back exactly what was held, and only from the deadline on.
    function check_expiry_gives_back_what_was_held_once(bytes32 id, uint256 word, uint256 account, uint32 time) external {
        PendingSlot slot = PendingSlot.wrap(word);
        AccountSlot before = AccountSlot.wrap(account);
        if (slot.reserved() > before.reserved() || before.balance() + before.reserved() > type(uint96).max) return;
        prepare(id, word, account, time);
        (bool done,) = address(router).call(abi.encodeCall(IRouter.expire, (id)));
        assert(done == (word != 0 && time >= slot.deadline()));
        AccountSlot next = router.accountOf(slot.subscription());
        assert(router.slotOf(id) == (done ? 0 : word));
        assert(next.balance() == before.balance() + (done ? slot.reserved() : 0));
        assert(next.reserved() == before.reserved() - (done ? slot.reserved() : 0));
        (bool again,) = address(router).call(abi.encodeCall(IRouter.expire, (id)));
        assert(!again || !done);
    }

    function prepare(bytes32 id, uint256 word, uint256 account, uint32 time) private {
        router.put(id, word, PendingSlot.wrap(word).subscription(), account);
        vm.warp(time);
    }

    function report(bytes32 id) private pure returns (bytes memory) {
        return abi.encodePacked(id, bytes32(0), bytes32(0), uint8(0), uint32(0), uint16(0), uint64(1), uint32(1), bytes1(0x01));
    }
}
