// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {ICommittee} from "./interfaces/ICommittee.sol";
import {IEarnings} from "./interfaces/IEarnings.sol";
import {Bitmap} from "./libraries/Bitmap.sol";
import {Settings} from "./Settings.sol";
import {Subscriptions} from "./Subscriptions.sol";
import {Asset} from "./types/Billing.sol";

/// @notice What signers and payers of gas have earned and not yet taken out.
/// @dev One word for each (asset, epoch, bitmap of signers): a delivery writes that and not one word a signer.
abstract contract Earnings is IEarnings, Settings, Subscriptions {
    /// @dev What a delivery took, by asset.
    struct Takings {
        uint256[2] work;
        uint256[2] gasCost;
    }

    mapping(uint256 assetEpochSigners => uint256) private _pots;
    mapping(uint256 assetAndAccount => uint256) private _earned;

    /// @inheritdoc IEarnings
    function settle(uint64 epoch, Asset asset, uint256[] calldata bitmaps) external {
        address[] memory operators = ICommittee(committee).epochInfo(epoch).operators;
        for (uint256 i; i < bitmaps.length; ++i) {
            // The key holds 128 bits: others would empty a pot and count signers that nobody is.
            if (bitmaps[i] >> operators.length != 0) revert NotSigners(epoch, bitmaps[i]);
            uint256 key = potKey(asset, epoch, bitmaps[i]);
            uint256 pot = _pots[key];
            if (pot <= 1) continue;
            uint256 signers = Bitmap.count(bitmaps[i]);
            uint256 share = (pot - 1) / signers;
            _pots[key] = pot - share * signers; // 1 at least stays: the next delivery then writes for 5,000 gas, not 22,100
            for (uint256 member; member < operators.length; ++member) {
                if (bitmaps[i] >> member & 1 == 1) _earned[accountKey(asset, operators[member])] += share;
            }
            emit Settled(epoch, asset, bitmaps[i], share);
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
    function unsettled(uint64 epoch, Asset asset, uint256 bitmap) external view returns (uint256) {
        return bitmap > type(uint128).max ? 0 : _pots[potKey(asset, epoch, bitmap)];
    }

    /// @dev Adds what a delivery took to the signers' pot and to the caller's earnings.
    function credit(uint64 epoch, uint256 signers, Takings memory takings) internal {
        for (uint256 asset; asset < 2; ++asset) {
            uint256 work = takings.work[asset];
            uint256 gasCost = takings.gasCost[asset];
            if (work != 0) _pots[potKey(Asset(asset), epoch, signers)] += work;
            if (gasCost != 0) _earned[accountKey(Asset(asset), msg.sender)] += gasCost;
        }
    }

    function potKey(Asset asset, uint64 epoch, uint256 bitmap) private pure returns (uint256) {
        return uint256(asset) << 192 | uint256(epoch) << 128 | uint128(bitmap);
    }

    function accountKey(Asset asset, address account) private pure returns (uint256) {
        return uint256(asset) << 160 | uint160(account);
    }
}
