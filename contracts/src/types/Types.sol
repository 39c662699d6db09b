// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

/// @notice What a quorum attests about one request (docs/wire.md §2).
struct Report {
    bytes32 requestId;
    bytes32 functionId;
    bytes32 transcriptHash;
    uint8 status; // 0 Returned, 1 Failed, 2 Trapped
    uint32 round;
    uint16 slots;
    uint64 fuelUsed;
    bytes32 outputHash;
}

/// @notice An open request. It is deleted when the request closes.
struct Pending {
    address consumer; // zero when there is no such request, or no longer
    uint32 callbackGasLimit;
    uint32 epoch;
    uint32 deadline; // block.timestamp from which the request can only expire
    uint64 subscription;
    uint80 reserved; // of the subscription's balance, in its asset
    uint32 prices; // version it is charged by
}

/// @notice What a request was told it costs.
struct Quote {
    uint80 maxCost; // reserved, in the subscription's asset
    uint32 prices; // version it is charged by
}

/// @notice Where a triggered report came from. Its id is Digests.triggered(router, registration, functionId, epoch, eventHash).
struct Origin {
    bytes32 registration;
    bytes32 eventHash; // of what the trigger's kind says (docs/wire.md §1, `trigger`)
}

/// @notice The fields of a request that its id commits to and that the router fills in or passes on (docs/wire.md §1).
struct RequestContext {
    uint64 nonce;
    uint64 blockNumber;
    uint64 blockTimestamp;
    bytes32 parentHash;
    address sender;
    uint64 subscription;
    bytes32 functionId;
    uint64 epoch;
    bytes32 inputHash;
    uint32 callbackGasLimit;
    address consumer;
}

/// @notice One operator's registered keys. Records are never changed: registering again writes a new one for later epochs.
struct Member {
    address operator;
    address signer; // secp256k1
    bytes32 encryptionKey; // X25519
    bytes publicKey; // BLS12-381 G2, EIP-2537, 256 bytes
    string endpoint;
}

/// @notice One frozen configuration of the committee.
struct Epoch {
    uint64 startBlock;
    uint64 startTime;
    uint32 roundLength; // seconds
    bytes32 profileId;
    uint256 faults; // f = (n - 1) / 3
    uint256 quorum; // q = n - f
    address[] verifiers;
    address[] operators; // member i is operators[i]
}
