// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {Report, RequestContext} from "../types/Types.sol";

/// @notice The digests the chain computes, docs/wire.md §1 and §2. Vectors: fixtures/vectors/digests.json.
library Digests {
    bytes32 internal constant FUNCTION = keccak256("executor/v1/function");
    bytes32 internal constant MANIFEST = keccak256("executor/v1/manifest");
    bytes32 internal constant NAME = keccak256("executor/v1/name");
    bytes32 internal constant REGISTRATION = keccak256("executor/v1/registration");
    bytes32 internal constant REQUEST = keccak256("executor/v1/request");
    bytes32 internal constant TRIGGER = keccak256("executor/v1/trigger");
    bytes32 internal constant POSSESSION = keccak256("executor/v1/possession");
    bytes32 internal constant TICKET = keccak256("executor/v1/ticket");
    bytes32 internal constant RANDOMNESS = keccak256("executor/v1/randomness");
    bytes32 internal constant DRAW = keccak256("executor/v1/draw");
    bytes32 internal constant DOMAIN_TYPE =
        keccak256("EIP712Domain(string name,string version,uint256 chainId,address verifyingContract)");
    bytes32 internal constant ATTESTATION_TYPE = keccak256("Attestation(address committee,uint64 epoch,bytes32 root)");
    bytes32 internal constant DRAW_KEY_TYPE =
        keccak256("DrawKey(address committee,uint64 epoch,bytes publicKey,bytes32 dkgHash)");

    function manifest(bytes32 termsHash) internal pure returns (bytes32) {
        return keccak256(abi.encode(MANIFEST, termsHash));
    }

    function functionId(bytes32 moduleId, bytes32 sourceHash, bytes32 manifestHash) internal pure returns (bytes32) {
        return keccak256(abi.encode(FUNCTION, moduleId, sourceHash, manifestHash));
    }

    function nameId(address owner, bytes32 nameHash) internal pure returns (bytes32) {
        return keccak256(abi.encode(NAME, owner, nameHash));
    }

    function registration(address triggers, address owner, uint64 nonce) internal view returns (bytes32) {
        return keccak256(abi.encode(REGISTRATION, block.chainid, triggers, owner, nonce));
    }

    function requestId(address router, RequestContext memory context) internal view returns (bytes32) {
        // RequestContext has static fields only, so its encoding is theirs in order.
        return keccak256(abi.encode(REQUEST, block.chainid, router, context));
    }

    function triggered(address router, bytes32 origin, bytes32 ofFunction, uint64 epoch, bytes32 eventHash)
        internal
        view
        returns (bytes32)
    {
        return keccak256(abi.encode(TRIGGER, block.chainid, router, origin, ofFunction, epoch, eventHash));
    }

    function possession(address committee, address operator, bytes32 publicKeyHash) internal view returns (bytes32) {
        return keccak256(abi.encode(POSSESSION, block.chainid, committee, operator, publicKeyHash));
    }

    function ticket(address beacon, address consumer, uint64 nonce) internal view returns (bytes32) {
        return keccak256(abi.encode(TICKET, block.chainid, beacon, consumer, nonce));
    }

    function randomness(bytes32 drandRandomness, bytes32 ticketId) internal pure returns (bytes32) {
        return keccak256(abi.encode(RANDOMNESS, drandRandomness, ticketId));
    }

    function draw(address router, bytes32 id, uint32 ordinal) internal view returns (bytes32) {
        return keccak256(abi.encode(DRAW, block.chainid, router, id, ordinal));
    }

    function drawKey(address router, address committee, uint64 epoch, bytes32 publicKeyHash, bytes32 dkgHash)
        internal
        view
        returns (bytes32)
    {
        bytes32 message = keccak256(abi.encode(DRAW_KEY_TYPE, committee, epoch, publicKeyHash, dkgHash));
        return keccak256(abi.encodePacked(hex"1901", domainSeparator(router), message));
    }

    function leaf(Report memory report) internal pure returns (bytes32) {
        return keccak256(bytes.concat(keccak256(abi.encode(report))));
    }

    function domainSeparator(address router) internal view returns (bytes32) {
        return keccak256(abi.encode(DOMAIN_TYPE, keccak256("Executor"), keccak256("1"), block.chainid, router));
    }

    /// @dev keccak256(1901 ++ domain ++ keccak256(abi.encode(ATTESTATION_TYPE, committee, epoch, root))).
    function attestation(bytes32 domain, address committee, uint64 epoch, bytes32 root)
        internal
        pure
        returns (bytes32 digest)
    {
        bytes32 typeHash = ATTESTATION_TYPE;
        assembly ("memory-safe") {
            let free := mload(0x40)
            mstore(free, typeHash)
            mstore(add(free, 32), shr(96, shl(96, committee)))
            mstore(add(free, 64), and(epoch, 0xffffffffffffffff))
            mstore(add(free, 96), root)
            let message := keccak256(free, 128)
            mstore(free, shl(240, 0x1901))
            mstore(add(free, 2), domain)
            mstore(add(free, 34), message)
            digest := keccak256(free, 66)
        }
    }
}
