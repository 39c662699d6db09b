// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {Asset} from "../../src/types/Billing.sol";
import {Network} from "../support/Network.sol";
import {PlainToken} from "../support/Tokens.sol";
import {Player} from "./Player.sol";

/// @notice Everyone who acts, what was done, and what the books must say after it.
abstract contract World is Network {
    struct Account {
        address owner;
        address offeredTo;
        Asset asset;
        uint256 balance;
        uint256 reserved;
        uint256 payments; // payments out that its owner made
    }

    struct Made {
        uint64 subscription;
        address consumer;
        uint64 epoch;
        uint32 deadline;
        uint256 held;
        uint256 deliveries;
        uint256 expiries;
    }

    struct Pot {
        uint64 epoch;
        uint256 bitmap;
        address transmitter;
    }

    uint256 internal constant OPERATORS = 9;
    uint256 internal constant PEOPLE = 3;
    uint256 internal constant PLAYERS = 4;

    PlainToken internal token;
    Player[] internal players;
    address[] internal everyone; // people, then players, then operators
    address internal constant GUARDIAN = address(0x6ead);

    uint64 internal accounts; // subscriptions made so far
    mapping(uint64 subscription => Account) internal account;
    mapping(uint64 subscription => mapping(address consumer => bool)) internal spends;
    bytes32[] internal requests;
    mapping(bytes32 requestId => Made) internal made;
    Pot[] internal pots;
    mapping(bytes32 pot => bool) internal potKnown;
    address[][] internal epochs; // members by epoch - 1
    bool internal isPaused;

    // Sums by asset.
    uint256[2] internal balances;
    uint256[2] internal reservations;
    uint256[2] internal unsettled;
    uint256[2] internal unpaidEarnings;
    uint256 internal stakes;
    uint256 internal slashedLeft;

    uint256 private _entropy;
    mapping(bytes32 what => uint256) private _reached;

    function build() internal {
        startCommittee(4, 3 days);
        epochs.push(operators);
        for (uint256 i = 4; i < OPERATORS; ++i) {
            operators.push(address(uint160(0x1000 + i)));
            register(operators[i], signerKey(i), blsKey(i));
        }
        stakes = OPERATORS * MIN_STAKE;
        token = new PlainToken();
        vm.deal(address(this), FUNDS);
        deployRouter(address(committee), address(token));
        router.setGuardian(GUARDIAN);
        account[1] = Account(address(this), address(0), Asset.Native, FUNDS, 0, 0);
        (accounts, balances[0]) = (1, FUNDS);
        for (uint256 i; i < PEOPLE; ++i) {
            everyone.push(address(uint160(0x9e09e + i)));
        }
        for (uint256 i; i < PLAYERS; ++i) {
            players.push(new Player());
            everyone.push(address(players[i]));
        }
        for (uint256 i; i < OPERATORS; ++i) {
            everyone.push(operators[i]);
        }
        vm.fee(1 gwei);
        vm.txGasPrice(2 gwei);
    }

    /// @dev How often something was reached since the start.
    function reached(string memory what) public view returns (uint256) {
        return _reached[keccak256(bytes(what))];
    }

    function reach(string memory what) internal {
        ++_reached[keccak256(bytes(what))];
    }

    function begin(uint256 seed) internal {
        _entropy = seed;
        reach("actions");
    }

    function random(uint256 below) internal returns (uint256) {
        _entropy = uint256(keccak256(abi.encode(_entropy)));
        return _entropy % below;
    }

    /// @dev One of the latest, now and then any.
    function randomAccount() internal returns (uint64) {
        return uint64(accounts - random(accounts < 6 || random(6) == 0 ? accounts : 6));
    }

    function exists(uint64 subscription) internal view returns (bool) {
        return account[subscription].owner != address(0);
    }

    function isOpen(bytes32 id) internal view returns (bool) {
        Made storage request = made[id];
        return request.deadline != 0 && request.deliveries + request.expiries == 0;
    }
}
