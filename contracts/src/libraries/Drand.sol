// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {Bls12381} from "./Bls12381.sol";

/// @notice drand's quicknet: chain 52db9ba70e0cc0f6eaf7803dd07447a1f5477735fd3f661792ba94600c84e971, scheme
/// bls-unchained-g1-rfc9380. Facts and rounds: fixtures/vectors/randomness.json.
library Drand {
    uint256 internal constant GENESIS = 1_692_803_367; // unix time of round 1
    uint256 internal constant PERIOD = 3; // seconds

    // The group's key, in G2 as EIP-2537 has it. It never changes: drand reshares the secret among new members.
    bytes internal constant PUBLIC_KEY =
        hex"000000000000000000000000000000000d1fec758c921cc22b0e17e63aaf4bcb5ed66304de9cf809bd274ca73bab4af5a6e9c76a4bc09e76eae8991ef5ece45a"
        hex"0000000000000000000000000000000003cf0f2896adee7eb8b5f01fcad3912212c437e0073e911fb90022d3e760183c8c4b450b6a0a6c3ac6a5776a2d106451"
        hex"000000000000000000000000000000000e5db2b6bfbb01c867749cadffca88b36c24f3012ba09fc4d3022c5c37dce0f977d3adb5d183c7477c442b1f04515273"
        hex"0000000000000000000000000000000001a714f2edb74119a2f2b0d5a7c75ba902d163700a61bc224ededd8e63aef7be1aaf8e93d7a9718b047ccddb3eb5d68b";

    /// @notice The first round that is published at `time` or later.
    function roundAt(uint256 time) internal pure returns (uint256) {
        return roundAt(time, GENESIS, PERIOD);
    }

    /// @notice The same of a chain with another clock; `period` is not zero.
    function roundAt(uint256 time, uint256 genesis, uint256 period) internal pure returns (uint256) {
        return time <= genesis ? 1 : (time - genesis + period - 1) / period + 1;
    }

    /// @notice When a round is published; rounds begin with 1.
    function timeOf(uint256 round) internal pure returns (uint256) {
        return GENESIS + (round - 1) * PERIOD;
    }

    /// @notice Whether `signature` is over the round, by the group with this key (256 bytes).
    function verify(bytes memory publicKey, uint64 round, bytes calldata signature) internal view returns (bool) {
        return Bls12381.verify(publicKey, sha256(abi.encodePacked(round)), signature, Bls12381.DRAND_DST);
    }

    /// @notice drand's own randomness: sha256 of the compressed signature.
    function randomness(bytes calldata signature) internal pure returns (bytes32) {
        return sha256(Bls12381.compress(signature));
    }
}
