// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {IEarnings} from "../../src/interfaces/IEarnings.sol";
import {IEpochVerifier} from "../../src/interfaces/IEpochVerifier.sol";
import {IRouter} from "../../src/interfaces/IRouter.sol";
import {ISubscriptions} from "../../src/interfaces/ISubscriptions.sol";
import {Bls12381} from "../../src/libraries/Bls12381.sol";
import {Digests} from "../../src/libraries/Digests.sol";
import {MerkleRoot} from "../../src/libraries/MerkleRoot.sol";
import {Asset} from "../../src/types/Billing.sol";
import {Report} from "../../src/types/Types.sol";
import {Bls} from "../support/Bls.sol";
import {FUNCTION} from "../support/Functions.sol";
import {Accounts} from "./Accounts.sol";
import {Player} from "./Player.sol";

/// @notice Consumers that ask, and transmitters that deliver what members really signed.
abstract contract Deliverers is Accounts {
    uint256 private constant RECENT = 10; // requests that deliveries mostly are about

    bytes[] private _deliveries; // calldata of deliveries that succeeded
    Pot[] private _credited; // and where each put what it took

    function ask(uint256 seed) external {
        begin(seed);
        if (requests.length > 600) return;
        uint64 subscription = randomAccount();
        address consumer = address(players[random(PLAYERS)]);
        for (uint256 i; i < 6 && !(spends[subscription][consumer] && exists(subscription)); ++i) {
            subscription = randomAccount();
        }
        uint32 gasLimit = random(5) == 0 ? 0 : uint32(100_000 + random(200_001));
        bytes memory message = requestOf(subscription, gasLimit);
        if (isPaused) return mustFail(consumer, address(router), message, IRouter.Paused.selector);
        if (!spends[subscription][consumer]) {
            if (random(8) != 0) return;
            return mustFail(consumer, address(router), message, ISubscriptions.NotConsumer.selector);
        }
        if (!exists(subscription)) {
            return mustFail(consumer, address(router), message, ISubscriptions.UnknownSubscription.selector);
        }
        Account storage payer = account[subscription];
        if (router.estimateCost(FUNCTION, gasLimit, payer.asset, 0) > payer.balance) {
            return mustFail(consumer, address(router), message, ISubscriptions.InsufficientBalance.selector);
        }
        must(consumer, address(router), 0, message);
    }

    /// @dev Tells a player what to do when it is called next.
    function tell(uint256 seed) external {
        begin(seed);
        Player player = players[random(PLAYERS)];
        if (random(5) == 0) return player.plan(true, address(0), "");
        uint64 subscription = randomAccount();
        bytes memory message;
        uint256 kind = random(9);
        if (kind == 0) message = requestOf(subscription, 60_000);
        if (kind == 1 && requests.length != 0) message = abi.encodeCall(IRouter.expire, (recent()));
        if (kind == 2) message = abi.encodeCall(IEarnings.withdrawEarnings, (Asset(random(2)), address(player)));
        if (kind == 3) message = withdrawal(subscription, uint96(1 + random(1 ether)), address(player));
        if (kind == 4) message = abi.encodeCall(ISubscriptions.cancelSubscription, (subscription, address(player)));
        if (kind == 5) message = abi.encodeCall(ISubscriptions.removeConsumer, (subscription, address(player)));
        if (kind == 6 && pots.length != 0) message = settlement(pots[random(pots.length)], Asset(random(2)));
        if (kind > 6 && _deliveries.length != 0) message = again(_deliveries.length - 1, address(player));
        player.plan(false, message.length == 0 ? address(0) : address(router), message);
    }

    function deliver(uint256 seed) external {
        begin(seed);
        if (requests.length == 0) return;
        uint64 epoch = random(6) == 0 ? uint64(1 + random(epochs.length)) : made[recent()].epoch;
        bytes32[] memory ids = new bytes32[](1 + random(5));
        (bytes memory reports, bytes32 root) = draft(ids);
        uint256 bitmap = signers(epoch, random(12) == 0);
        uint256 verifier = random(6) == 0 ? 1 : 0;
        bytes memory proof = proofOf(verifier, epoch, router.attestationDigest(epoch, root), bitmap);
        bytes memory message = abi.encodeCall(IRouter.fulfill, (epoch, verifier, reports, proof));
        address transmitter = everyone[random(everyone.length)];
        if (count(bitmap) < quorumOf(epoch)) {
            return mustFail(transmitter, address(router), message, IEpochVerifier.QuorumNotReached.selector);
        }
        know(Pot(epoch, bitmap, transmitter));
        bool[] memory due = new bool[](ids.length);
        for (uint256 i; i < ids.length; ++i) {
            due[i] = isOpen(ids[i]) && made[ids[i]].epoch == epoch && block.timestamp < made[ids[i]].deadline;
        }
        must(transmitter, address(router), 0, message);
        for (uint256 i; i < ids.length; ++i) {
            if (due[i]) vm.assertTrue(!isOpen(ids[i])); // nothing in the batch keeps another report back
        }
        _deliveries.push(message);
        _credited.push(Pot(epoch, bitmap, transmitter));
        reach(verifier == 0 ? "delivery by ecdsa" : "delivery by bls");
    }

    /// @dev The same bytes once more, by someone else.
    function repeat(uint256 seed) external {
        begin(seed);
        if (_deliveries.length == 0) return;
        address transmitter = everyone[random(everyone.length)];
        must(transmitter, address(router), 0, again(random(_deliveries.length), transmitter));
        reach("repeated");
    }

    function expire(uint256 seed) external {
        begin(seed);
        if (requests.length == 0) return;
        bytes32 id = recent();
        bytes memory message = abi.encodeCall(IRouter.expire, (id));
        if (!isOpen(id)) mustFail(payee(), address(router), message, IRouter.NotPending.selector);
        else if (block.timestamp < made[id].deadline) mustFail(payee(), address(router), message, IRouter.NotExpired.selector);
        else must(payee(), address(router), 0, message);
    }

    /// @dev The calldata of a delivery, for another transmitter.
    function again(uint256 index, address transmitter) private returns (bytes memory) {
        Pot memory pot = _credited[index];
        pot.transmitter = transmitter;
        know(pot);
        return _deliveries[index];
    }

    function requestOf(uint64 subscription, uint32 gasLimit) private pure returns (bytes memory) {
        return abi.encodeCall(IRouter.request, (subscription, FUNCTION, "input", gasLimit));
    }

    function recent() private returns (bytes32) {
        uint256 length = requests.length;
        return requests[length - 1 - random(length < RECENT ? length : RECENT)];
    }

    /// @dev Fills the ids, now and then with one that is nobody's or one a second time, and packs reports about them.
    function draft(bytes32[] memory ids) private returns (bytes memory reports, bytes32 root) {
        bytes32[] memory leaves = new bytes32[](ids.length);
        for (uint256 i; i < ids.length; ++i) {
            ids[i] = random(20) == 0 ? keccak256(abi.encode(random(8))) : i != 0 && random(10) == 0 ? ids[i - 1] : recent();
            uint8 status = uint8(random(3));
            bytes memory output = status == 2 ? bytes(hex"01") : new bytes(status + random(100));
            Report memory r = report(ids[i], status, output);
            r.fuelUsed = random(10) == 0 ? type(uint64).max : uint64(random(200_000_000));
            r.slots = uint16(random(6));
            leaves[i] = Digests.leaf(r);
            reports = bytes.concat(reports, pack(r, output));
        }
        root = MerkleRoot.root(leaves);
    }

    function signers(uint64 epoch, bool tooFew) private returns (uint256 bitmap) {
        uint256 n = epochs[epoch - 1].length;
        uint256 first = random(n);
        uint256 size = tooFew ? quorumOf(epoch) - 1 : quorumOf(epoch) + (random(3) == 0 ? random(n - quorumOf(epoch) + 1) : 0);
        for (uint256 i; i < size; ++i) {
            bitmap |= 1 << (first + i) % n;
        }
    }

    function proofOf(uint256 verifier, uint64 epoch, bytes32 digest, uint256 bitmap) private view returns (bytes memory proof) {
        proof = abi.encodePacked(uint128(bitmap));
        bytes memory sum = new bytes(128);
        address[] storage members = epochs[epoch - 1];
        for (uint256 i; i < members.length; ++i) {
            if (bitmap >> i & 1 == 0) continue;
            uint256 operator = uint160(members[i]) - 0x1000;
            if (verifier == 0) proof = bytes.concat(proof, sign(signerKey(operator), digest));
            else sum = Bls.addG1(sum, Bls.sign(blsKey(operator), digest, Bls12381.SIGNATURE_DST));
        }
        if (verifier == 1) proof = bytes.concat(proof, sum);
    }

    function know(Pot memory pot) private {
        bytes32 key = keccak256(abi.encode(pot));
        if (potKnown[key]) return;
        potKnown[key] = true;
        pots.push(pot);
    }

    function quorumOf(uint64 epoch) internal view returns (uint256) {
        uint256 n = epochs[epoch - 1].length;
        return n - (n - 1) / 3;
    }

    function count(uint256 bitmap) private pure returns (uint256 bits) {
        for (; bitmap != 0; bitmap &= bitmap - 1) {
            ++bits;
        }
    }
}
