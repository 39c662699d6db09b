// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {Bls12381} from "../../src/libraries/Bls12381.sol";

/// @notice What members do off chain, on the precompiles: keys, signatures, sums.
library Bls {
    uint256 internal constant ORDER = 0x73eda753299d7d483339d80809a1d80553bda402fffe5bfeffffffff00000001;

    bytes internal constant G2 = hex"00000000000000000000000000000000024aa2b2f08f0a91260805272dc51051c6e47ad4fa403b02b4510b647ae3d1770bac0326a805bbefd48056c8c121bdb8"
        hex"0000000000000000000000000000000013e02b6052719f607dacd3a088274f65596bd0d09920b61ab5da61bbdc7f5049334cf11213945d57e5ac7d055d042b7e"
        hex"000000000000000000000000000000000ce5d527727d6e118cc9cdc6da2e351aadfd9baa8cbdd3a76d429a695160d12c923ac9cc3baca289e193548608b82801"
        hex"000000000000000000000000000000000606c4a02ea734cc32acd2b02bc28b99cb3e287e85a763af267492ab572e99ab3f370d275cec1da1aaa9075ff05f79be";

    function publicKey(uint256 secret) internal view returns (bytes memory) {
        return multiplyG2(G2, secret);
    }

    function multiplyG2(bytes memory point, uint256 scalar) internal view returns (bytes memory) {
        return run(0x0e, bytes.concat(point, bytes32(scalar)));
    }

    function sign(uint256 secret, bytes32 digest, bytes memory dst) internal view returns (bytes memory) {
        return run(0x0c, bytes.concat(hashToG1(digest, dst), bytes32(secret)));
    }

    function hashToG1(bytes32 digest, bytes memory dst) internal view returns (bytes memory point) {
        point = new bytes(256);
        uint256 to;
        assembly ("memory-safe") {
            to := add(point, 32)
        }
        Bls12381.hashToG1(digest, dst, to);
        assembly ("memory-safe") {
            mstore(point, 128)
        }
    }

    function addG1(bytes memory a, bytes memory b) internal view returns (bytes memory) {
        return run(0x0b, bytes.concat(a, b));
    }

    function addG2(bytes memory a, bytes memory b) internal view returns (bytes memory) {
        return run(0x0d, bytes.concat(a, b));
    }

    function run(uint160 precompile, bytes memory input) private view returns (bytes memory result) {
        bool ran;
        (ran, result) = address(precompile).staticcall(input);
        require(ran && result.length > 0, "precompile");
    }
}
