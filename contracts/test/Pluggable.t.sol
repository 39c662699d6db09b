// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {ICommittee} from "../src/interfaces/ICommittee.sol";
import {IEpochVerifier} from "../src/interfaces/IEpochVerifier.sol";
import {IVerifier} from "../src/interfaces/IVerifier.sol";
import {Digests} from "../src/libraries/Digests.sol";
import {MerkleRoot} from "../src/libraries/MerkleRoot.sol";
import {PackedReports} from "../src/libraries/PackedReports.sol";
import {Member, Report} from "../src/types/Types.sol";
import {Recorder} from "./support/Consumers.sol";
import {Network} from "./support/Network.sol";

/// @notice A scheme nobody should use: the proof is the bitmap followed by as many words, each the digest hashed with a key.
contract HashEpochVerifier is IEpochVerifier {
    function verify(bytes32 digest, bytes calldata proof) external pure returns (uint256 signers) {
        uint256 quorum;
        assembly {
            codecopy(0, sub(codesize(), 32), 32)
            quorum := and(mload(0), 0xff)
        }
        signers = uint128(bytes16(proof));
        for (uint256 i; i < quorum; ++i) {
            if (bytes32(proof[16 + 32 * i:]) != keccak256(abi.encode(digest, i))) revert BadSignature(i);
        }
    }
}

contract HashVerifier is IVerifier {
    string public constant scheme = "hash";

    function epochCode(Member[] calldata members, uint256 quorum) external pure returns (bytes memory) {
        return bytes.concat(type(HashEpochVerifier).runtimeCode, abi.encode(members.length << 8 | quorum));
    }
}

contract PluggableTest is Network {
    function setUp() public {
        startCommittee(4, DELAY);
        deployRouter(address(committee), address(0));
    }

    function test_a_third_verifier_comes_with_an_epoch_after_the_delay_and_the_router_stays() public {
        verifiers.push(address(new HashVerifier()));
        committee.proposeEpoch(operators, PROFILE, 4, verifiers);
        (, uint256 readyAt) = committee.proposal();
        vm.assertEq(readyAt, time() + DELAY);
        vm.warp(readyAt - 1);
        vm.expectRevert(abi.encodeWithSelector(ICommittee.EpochNotReady.selector, readyAt));
        committee.startEpoch(operators, PROFILE, 4, verifiers);
        vm.warp(readyAt);
        uint64 epoch = committee.startEpoch(operators, PROFILE, 4, verifiers);
        Recorder consumer = new Recorder(address(router));
        sponsor(address(consumer));
        Report memory r = report(consumer.ask("", 200_000), 0, "output");
        bytes32 digest = router.attestationDigest(epoch, Digests.leaf(r));
        bytes memory proof = abi.encodePacked(uint128(7));
        for (uint256 i; i < 3; ++i) {
            proof = bytes.concat(proof, keccak256(abi.encode(digest, i)));
        }
        bytes memory wrong = bytes.concat(proof);
        wrong[50] ^= 0x01;
        vm.expectRevert(abi.encodeWithSelector(IEpochVerifier.BadSignature.selector, 1));
        router.fulfill(epoch, 2, pack(r, "output"), wrong);
        router.fulfill(epoch, 2, pack(r, "output"), proof);
        vm.assertEq(consumer.output(), "output");
    }

    /// @dev The assembly of PackedReports and MerkleRoot against plain Solidity.
    function testFuzz_packed_reports_have_the_root_of_their_plain_leaves(Report memory seed, uint256 count) public view {
        count = bound(count, 1, 20);
        bytes memory packed;
        bytes32[] memory leaves = new bytes32[](count);
        for (uint256 i; i < count; ++i) {
            bytes memory output = new bytes(uint256(keccak256(abi.encode(seed, i))) % 100);
            for (uint256 j; j < output.length; ++j) {
                output[j] = bytes1(uint8(i + j));
            }
            seed.requestId = keccak256(abi.encode(seed.requestId));
            seed.outputHash = keccak256(output);
            packed = bytes.concat(packed, pack(seed, output));
            leaves[i] = Digests.leaf(seed);
        }
        bytes32 expected = plainRoot(leaves);
        vm.assertEq(this.root(packed), expected);
        vm.assertEq(MerkleRoot.root(leaves), expected);
    }

    function root(bytes calldata packed) external pure returns (bytes32 hash) {
        (hash,) = PackedReports.root(packed);
    }

    function plainRoot(bytes32[] memory row) private pure returns (bytes32) {
        if (row.length == 1) return row[0];
        bytes32[] memory next = new bytes32[]((row.length + 1) / 2);
        for (uint256 i; i < next.length; ++i) {
            if (2 * i + 1 == row.length) {
                next[i] = row[2 * i];
                continue;
            }
            (bytes32 a, bytes32 b) = (row[2 * i], row[2 * i + 1]);
            next[i] = keccak256(a < b ? abi.encode(a, b) : abi.encode(b, a));
        }
        return plainRoot(next);
    }
}
