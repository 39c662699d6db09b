// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {ICommittee} from "../../src/interfaces/ICommittee.sol";
import {IRouter} from "../../src/interfaces/IRouter.sol";
import {IStake, SignedReport, StakeInfo} from "../../src/interfaces/IStake.sol";
import {Digests} from "../../src/libraries/Digests.sol";
import {Prices} from "../../src/types/Billing.sol";
import {Report} from "../../src/types/Types.sol";
import {Deliverers} from "./Deliverers.sol";

/// @notice All that can be done to router and committee; what cannot be done now is tried only where its error is known.
contract Handler is Deliverers {
    Prices private _next;
    uint256 private _pricesReadyAt;
    uint256 private _rateSetAt;
    uint64 private constant MOST_EPOCHS = 12;

    function setUp() external {
        build();
    }

    function pass(uint256 seed) external {
        begin(seed);
        uint256 kind = random(30);
        vm.warp(block.timestamp + (kind == 0 ? 1 days + random(9 days) : kind < 5 ? 200 + random(300) : 1 + random(60)));
        vm.roll(block.number + 1 + random(20));
        vm.fee(random(8) == 0 ? 500 gwei : random(30 gwei));
        vm.txGasPrice(block.basefee + random(5 gwei));
    }

    function pause(uint256 seed) external {
        begin(seed);
        if (isPaused) must(address(this), address(router), 0, abi.encodeCall(IRouter.setPaused, (false)));
        else if (random(5) == 0) must(GUARDIAN, address(router), 0, abi.encodeCall(IRouter.setPaused, (true)));
        if (isPaused) reach("paused");
    }

    function setLimits(uint256 seed) external {
        begin(seed);
        router.setLimits(uint32(30 + random(random(4) == 0 ? 7 days - 30 : 600)), 300_000, 1_024);
    }

    function changePrices(uint256 seed) external {
        begin(seed);
        if (_pricesReadyAt == 0) {
            _next = prices(true);
            _next.fuelPrice = uint64(random(300 gwei));
            _next.slotPrice = uint64(random(3_000 gwei));
            _next.maxTip = uint32(random(10));
            _next.premium = uint16(random(10_001));
            _next.headroom = uint16(100 + random(300));
            router.proposePrices(_next);
            _pricesReadyAt = block.timestamp + DELAY;
        } else if (block.timestamp >= _pricesReadyAt) {
            router.applyPrices(_next);
            _pricesReadyAt = 0;
            reach("prices changed");
        }
    }

    function changeRate(uint256 seed) external {
        begin(seed);
        if (block.timestamp < _rateSetAt + 1 hours) return;
        uint128 rate = router.prices(router.pricesVersion()).tokenRate;
        router.setTokenRate(uint128(rate - rate / 4 + random(rate / 2)));
        _rateSetAt = block.timestamp;
        reach("rate changed");
    }

    function changeEpoch(uint256 seed) external {
        begin(seed);
        if (epochs.length == MOST_EPOCHS || random(2) != 0) return;
        address[] memory proposed = new address[](4 + random(4));
        uint256 first = random(OPERATORS);
        uint256 eligible;
        for (uint256 i; i < proposed.length; ++i) {
            proposed[i] = operators[(first + i) % OPERATORS];
            if (committee.isEligible(proposed[i])) ++eligible;
        }
        committee.proposeEpoch(proposed, PROFILE, 4, verifiers);
        vm.warp(block.timestamp + 3 days);
        bytes memory message = abi.encodeCall(ICommittee.startEpoch, (proposed, PROFILE, 4, verifiers));
        if (eligible < proposed.length - (proposed.length - 1) / 3) {
            return mustFail(payee(), address(committee), message, ICommittee.TooFewMembers.selector);
        }
        committee.startEpoch(proposed, PROFILE, 4, verifiers);
        epochs.push(committee.epochInfo(committee.currentEpoch()).operators);
        vm.assertEq(epochs[epochs.length - 1].length, eligible);
        reach(eligible < proposed.length ? "epoch without some" : "epoch changed");
    }

    function stake(uint256 seed) external {
        begin(seed);
        address operator = operators[random(OPERATORS)];
        StakeInfo memory info = committee.stakeOf(operator);
        bytes memory message = abi.encodeCall(IStake.addStake, ());
        if (info.slashed) mustFail(operator, address(committee), message, IStake.AlreadySlashed.selector);
        else must(operator, address(committee), random(2 ether), message);
    }

    function exit(uint256 seed) external {
        begin(seed);
        address operator = operators[random(OPERATORS)];
        StakeInfo memory info = committee.stakeOf(operator);
        if (info.exitAt == 0 && random(10) == 0) return must(operator, address(committee), 0, abi.encodeCall(IStake.requestExit, ()));
        if (info.exitAt == 0) return;
        if (random(4) == 0) return must(operator, address(committee), 0, abi.encodeCall(IStake.cancelExit, ()));
        bytes memory message = abi.encodeCall(IStake.withdrawStake, (payee()));
        if (info.amount == 0) return mustFail(operator, address(committee), message, IStake.NoStake.selector);
        (bool done,) = send(operator, address(committee), 0, message);
        uint256 bound = committee.GRACE_PERIOD() + committee.EVIDENCE_WINDOW();
        vm.assertTrue(!done || block.timestamp > info.exitAt + bound); // longer than grace and evidence together
        vm.assertTrue(!done || info.lastEpoch != committee.currentEpoch());
    }

    /// @dev A member signs two outcomes of one run, and someone shows it.
    function slash(uint256 seed) external {
        begin(seed);
        if (random(12) != 0) return;
        uint64 epoch = uint64(1 + random(epochs.length));
        uint256 member = random(epochs[epoch - 1].length);
        address operator = epochs[epoch - 1][member];
        uint256 key = signerKey(uint160(operator) - 0x1000);
        Report memory first = report(keccak256("equivocal"), 0, "one");
        Report memory second = report(keccak256("equivocal"), 0, "another");
        SignedReport[2] memory votes = [vote(key, epoch, first), vote(key, epoch, second)];
        if (random(4) == 0) votes[1] = vote(key, epoch, first);
        bytes4 reason = committee.stakeOf(operator).slashed
            ? IStake.AlreadySlashed.selector
            : keccak256(abi.encode(votes[0])) == keccak256(abi.encode(votes[1])) ? IStake.NoEquivocation.selector : bytes4(0);
        bytes memory message = abi.encodeCall(IStake.proveEquivocation, (address(router), epoch, member, votes));
        if (reason == 0) must(payee(), address(committee), 0, message);
        else mustFail(payee(), address(committee), message, reason);
    }

    function takeSlashed(uint256 seed) external {
        begin(seed);
        must(address(this), address(committee), 0, abi.encodeCall(IStake.withdrawSlashed, (payee())));
    }

    function vote(uint256 key, uint64 epoch, Report memory r) private view returns (SignedReport memory) {
        return SignedReport(r, new bytes32[](0), sign(key, router.attestationDigest(epoch, Digests.leaf(r))));
    }
}
