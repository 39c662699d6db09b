// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {IStake, SignedReport} from "../../src/interfaces/IStake.sol";
import {Votes} from "./Votes.sol";

/// @notice Does at random what operators, provers, the owner and time do to a committee, and says beforehand from a model of
/// its own whether each step must succeed: a step that comes out otherwise reverts here.
contract StakeHandler is Votes {
    struct Account {
        uint256 paid;
        uint256 takenOut;
        uint256 stake;
        uint256 exitAt;
        uint64 lastEpoch;
        uint64 slashedIn; // the current epoch at that time
        uint256 key; // the signer's
    }

    struct Started {
        uint256 time;
        uint256 proposed;
        address[] members;
        uint256[] keys;
    }

    address public constant PROVER = address(0xbeef);
    address public constant TREASURY = address(0xcafe);
    uint256 private constant POOL = 7;
    uint256 private constant DELAY = 2 days;

    mapping(address operator => Account) private _accounts;
    address[] private _proposed;
    uint256 private _readyAt;
    Started[] private _epochs;
    uint256 private _keys = 1_000;
    uint256 public slashings;

    constructor() {
        startCommittee(POOL, DELAY);
        for (uint256 i; i < POOL; ++i) {
            _accounts[operators[i]] = Account(MIN_STAKE, 0, MIN_STAKE, 0, 1, 0, signerKey(i));
        }
        _epochs.push();
        keepEpoch(operators, POOL);
    }

    function addStake(uint256 who, uint256 amount) external {
        (address operator, Account storage account) = pick(who);
        pay(operator, amount = bound(amount, 1, 3 ether));
        vm.prank(operator);
        try committee.addStake{value: amount}() {
            expect(account.slashedIn == 0);
            (account.paid, account.stake) = (account.paid + amount, account.stake + amount);
        } catch {
            expect(account.slashedIn != 0);
        }
    }

    function registerAgain(uint256 who, uint256 amount) external {
        (address operator, Account storage account) = pick(who);
        if (account.slashedIn != 0) return;
        amount = bound(amount, 0, 1) * MIN_STAKE;
        account.key = ++_keys;
        register(operator, account.key, blsKey(_keys), amount);
        (account.paid, account.stake) = (account.paid + amount, account.stake + amount);
    }

    function requestExit(uint256 who) external {
        (address operator, Account storage account) = pick(who);
        vm.prank(operator);
        try committee.requestExit() {
            expect(account.exitAt == 0);
            account.exitAt = time();
        } catch {
            expect(account.exitAt != 0);
        }
    }

    function cancelExit(uint256 who) external {
        (address operator, Account storage account) = pick(who);
        vm.prank(operator);
        try committee.cancelExit() {
            expect(account.exitAt != 0);
            account.exitAt = 0;
        } catch {
            expect(account.exitAt == 0);
        }
    }

    /// @dev Every other time when the stake should be free, if that is known.
    function withdrawStake(uint256 who) external {
        (address operator, Account storage account) = pick(who);
        bool free = account.stake != 0 && account.exitAt != 0 && account.lastEpoch != epochs();
        if (free) {
            uint256 replaced = _epochs[account.lastEpoch + 1].time;
            uint256 releaseAt = (account.exitAt > replaced ? account.exitAt : replaced) + 15 days;
            if (who >> 8 & 1 == 0 && time() < releaseAt) vm.warp(releaseAt - (who >> 9 & 1));
            free = time() >= releaseAt;
        }
        uint256 before = operator.balance;
        vm.prank(operator);
        try committee.withdrawStake(operator) {
            expect(free && operator.balance - before == account.stake);
            (account.takenOut, account.stake) = (account.takenOut + account.stake, 0);
        } catch {
            expect(!free);
        }
    }

    function proposeEpoch(uint256 seed) external {
        delete _proposed;
        for (uint256 i; i < POOL; ++i) {
            if ((seed >> 8 | seed >> 16) >> i & 1 == 1) _proposed.push(operators[(i + seed % POOL) % POOL]);
        }
        if (_proposed.length == 0) _proposed.push(operators[seed % POOL]);
        committee.proposeEpoch(_proposed, PROFILE, 4, verifiers);
        _readyAt = time() + DELAY;
    }

    /// @dev Three of four times when the proposal should be ready.
    function startEpoch(uint256 caller) external {
        if (caller & 3 != 0 && time() < _readyAt) vm.warp(_readyAt - (caller >> 2 & 1));
        address[] memory expected = eligible();
        uint256 n = _proposed.length;
        bool startable = n != 0 && time() >= _readyAt && expected.length >= n - (n - 1) / 3;
        vm.prank(address(uint160(bound(caller, 1, 9))));
        try committee.startEpoch(_proposed, PROFILE, 4, verifiers) returns (uint64 epoch) {
            expect(startable && epoch == epochs() + 1);
            keepEpoch(expected, n);
            delete _proposed;
        } catch {
            expect(!startable);
        }
    }

    function pass(uint256 duration) external {
        vm.warp(time() + bound(duration, 1 hours, 5 days));
    }

    /// @dev Seldom, lest nobody be left.
    function proveEquivocation(uint256 seed) external {
        if (seed & 3 != 0) return accuseTheHonest(seed, uint32(seed));
        uint64 epoch = uint64(bound(seed, 1, epochs()));
        uint256 member = (seed >> 64) % _epochs[epoch].members.length;
        uint256 key = _epochs[epoch].keys[member];
        SignedReport[2] memory votes =
            [vote(key, epoch, outcome("one"), 1 + seed % 5, 0), vote(key, epoch, outcome("another"))];
        Account storage account = _accounts[_epochs[epoch].members[member]];
        uint256 before = PROVER.balance;
        vm.prank(PROVER);
        try committee.proveEquivocation(ROUTER, epoch, member, votes) {
            expect(account.slashedIn == 0 && PROVER.balance - before == account.stake / 10);
            (account.slashedIn, account.stake) = (uint64(epochs()), 0);
            ++slashings;
        } catch {
            expect(account.slashedIn != 0);
        }
    }

    /// @dev An honest member votes for one outcome, as often as it likes, in any round and batch.
    function accuseTheHonest(uint256 seed, uint32 round) public {
        uint64 epoch = uint64(bound(seed, 1, epochs()));
        uint256 member = (seed >> 64) % _epochs[epoch].members.length;
        uint256 key = _epochs[epoch].keys[member];
        SignedReport[2] memory votes = [vote(key, epoch, outcome("one")), vote(key, epoch, outcome("one"), 4, seed % 4)];
        votes[0].report.round = round;
        votes[0] = vote(key, epoch, votes[0].report);
        vm.prank(PROVER);
        try committee.proveEquivocation(ROUTER, epoch, member, votes) {
            expect(false);
        } catch {}
    }

    function withdrawSlashed() external {
        committee.withdrawSlashed(TREASURY);
    }

    function subject() external view returns (IStake) {
        return committee;
    }

    function pool() external view returns (address[] memory) {
        return operators;
    }

    function accountOf(address operator) external view returns (Account memory) {
        return _accounts[operator];
    }

    function epochs() public view returns (uint256) {
        return _epochs.length - 1;
    }

    function started(uint256 epoch) external view returns (Started memory) {
        return _epochs[epoch];
    }

    /// @dev The proposed operators that the model lets in.
    function eligible() private view returns (address[] memory members) {
        members = new address[](_proposed.length);
        uint256 count;
        for (uint256 i; i < _proposed.length; ++i) {
            Account storage account = _accounts[_proposed[i]];
            if (account.slashedIn != 0 || account.exitAt != 0 || account.stake < MIN_STAKE) continue;
            members[count++] = _proposed[i];
        }
        assembly {
            mstore(members, count)
        }
    }

    function keepEpoch(address[] memory members, uint256 proposed) private {
        Started storage epoch = _epochs.push();
        (epoch.time, epoch.proposed, epoch.members) = (time(), proposed, members);
        for (uint256 i; i < members.length; ++i) {
            _accounts[members[i]].lastEpoch = uint64(epochs());
            epoch.keys.push(_accounts[members[i]].key);
        }
    }

    function pick(uint256 who) private view returns (address operator, Account storage account) {
        operator = operators[who % POOL];
        account = _accounts[operator];
    }

    function pay(address operator, uint256 amount) private {
        vm.deal(operator, operator.balance + amount);
    }

    function expect(bool condition) private pure {
        vm.assertTrue(condition, "the committee and its model disagree");
    }
}
