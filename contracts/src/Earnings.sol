// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {ICommittee} from "./interfaces/ICommittee.sol";
import {IEarnings} from "./interfaces/IEarnings.sol";
import {Bitmap} from "./libraries/Bitmap.sol";
import {Settings} from "./Settings.sol";
import {Subscriptions} from "./Subscriptions.sol";
import {Asset} from "./types/Billing.sol";

/// @notice What signers and payers of gas have earned and not yet taken out.
/// @dev A delivery writes one word, work 128 | gasCost 128 bits, and not one a signer. Neither can overflow: all that a
/// subscription holds fits 96 bits.
abstract contract Earnings is IEarnings, Settings, Subscriptions {
    mapping(uint256 assetEpochSigners => mapping(address transmitter => uint256)) private _pots;
    mapping(uint256 assetAndAccount => uint256) private _earned;

    /// @inheritdoc IEarnings
    function settle(uint64 epoch, Asset asset, address transmitter, uint256[] calldata bitmaps) external {
        address[] memory operators = ICommittee(committee).epochInfo(epoch).operators;
        for (uint256 i; i < bitmaps.length; ++i) {
            // The key holds 128 bits: others would empty a pot and count signers that nobody is.
            if (bitmaps[i] >> operators.length != 0) revert NotSigners(epoch, bitmaps[i]);
            mapping(address => uint256) storage pots = _pots[potKey(asset, epoch, bitmaps[i])];
            (uint256 work, uint256 gasCost) = split(pots[transmitter]);
            if (work | gasCost == 0) continue;
            uint256 signers = Bitmap.count(bitmaps[i]);
            uint256 share = work == 0 ? 0 : (work - 1) / signers;
            // 1 at least stays: the next delivery then writes for 5,000 gas, not 22,100.
            pots[transmitter] = work - share * signers << 128;
            for (uint256 member; member < operators.length; ++member) {
                if (bitmaps[i] >> member & 1 == 1) _earned[accountKey(asset, operators[member])] += share;
            }
            _earned[accountKey(asset, transmitter)] += gasCost;
            emit Settled(epoch, asset, transmitter, bitmaps[i], share, gasCost);
        }
    }

    /// @inheritdoc IEarnings
    function withdrawEarnings(Asset asset, address to) external returns (uint256 amount) {
        uint256 key = accountKey(asset, msg.sender);
        amount = _earned[key];
        if (amount == 0) revert NothingEarned(msg.sender);
        _earned[key] = 0;
        emit EarningsWithdrawn(msg.sender, asset, to, amount);
        pay(asset, to, amount);
    }

    /// @inheritdoc IEarnings
    function earned(Asset asset, address account) external view returns (uint256) {
        return _earned[accountKey(asset, account)];
    }

    /// @inheritdoc IEarnings
    function unsettled(uint64 epoch, Asset asset, address transmitter, uint256 bitmap)
        external
        view
        returns (uint256 work, uint256 gasCost)
    {
        if (bitmap <= type(uint128).max) return split(_pots[potKey(asset, epoch, bitmap)][transmitter]);
    }

    /// @dev Adds what a delivery by the caller took.
    function credit(uint64 epoch, Asset asset, uint256 signers, uint256 work, uint256 gasCost) internal {
        unchecked {
            if (work | gasCost != 0) _pots[potKey(asset, epoch, signers)][msg.sender] += work << 128 | gasCost;
        }
    }

    function split(uint256 pot) private pure returns (uint256 work, uint256 gasCost) {
        return (pot >> 128, uint128(pot));
    }

    function potKey(Asset asset, uint64 epoch, uint256 bitmap) private pure returns (uint256) {
        return uint256(asset) << 192 | uint256(epoch) << 128 | uint128(bitmap);
    }

    function accountKey(Asset asset, address account) private pure returns (uint256) {
        return uint256(asset) << 160 | uint160(account);
    }
}
