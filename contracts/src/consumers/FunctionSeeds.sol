// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {FunctionConsumer} from "../FunctionConsumer.sol";
import {ISubscriptions} from "../interfaces/ISubscriptions.sol";
import {SeedSource} from "./SeedSource.sol";

/// @notice Seeds that a function draws (docs/lottery.md). A commitment is the request made in that very call; its seed is the
/// request's first draw, of which there is one: whatever comes late, twice, or wrong, a commitment is never asked again.
/// @dev The function takes no input and returns its draw, 32 bytes (examples/raffle_seed). It is opened by the committee's
/// answer, or by the draw's own proof, which anybody can bring: who withholds the answer gains nothing.
abstract contract FunctionSeeds is SeedSource, FunctionConsumer {
    struct Asked {
        uint64 drawnAt; // what the request fixed its draw to, not zero: a round, say
        bool answered;
    }

    uint256 private constant SEED_LENGTH = 32;
    uint32 public constant CALLBACK_GAS = 60_000; // keeping a seed takes about 30,000: one new word, one changed

    bytes32 public immutable functionId; // for good: another function would be another draw
    uint64 public immutable subscription;
    uint32 public immutable drawDelay; // seconds; what the function's manifest says

    mapping(bytes32 requestId => Asked) private _asked;
    /// @notice The seed of a request; zero while it is not known.
    mapping(bytes32 requestId => bytes32) public seedOf;

    /// @notice A seed is fixed: the first draw of this request.
    event SeedFixed(bytes32 indexed requestId, uint64 drawnAt);
    /// @notice The committee answered with the seed.
    event SeedAnswered(bytes32 indexed requestId, bytes32 seed);
    /// @notice The run failed, or gave no 32 bytes. The draw can still be proven.
    event SeedNotAnswered(bytes32 indexed requestId);
    /// @notice An answer came that is not what had been proven before; it changed nothing. Somebody is wrong.
    event SeedContradicted(bytes32 indexed requestId, bytes32 proven, bytes32 answered);

    /// @notice This contract is not waiting for such a request.
    error UnknownRequest(bytes32 requestId);
    /// @notice The seed is not known yet: wait for the answer, or prove the draw.
    error NoSeed(bytes32 requestId);
    /// @notice The function id is zero.
    error NoFunction();
    /// @notice Only the subscription's owner begins games: each seed of them costs a request.
    error NotPayer(address caller);

    modifier onlyPayer() {
        if (ISubscriptions(address(router)).subscriptionInfo(subscription).owner != msg.sender) revert NotPayer(msg.sender);
        _;
    }

    constructor(address router, bytes32 functionId_, uint64 subscription_, uint32 drawDelay_) FunctionConsumer(router) {
        if (functionId_ == 0) revert NoFunction();
        (functionId, subscription, drawDelay) = (functionId_, subscription_, drawDelay_);
    }

    /// @inheritdoc SeedSource
    function _fixSeed(uint32) internal virtual override returns (bytes32 commitment) {
        commitment = _request(subscription, functionId, "", CALLBACK_GAS);
        uint64 drawnAt = _drawnAt();
        _asked[commitment].drawnAt = drawnAt;
        emit SeedFixed(commitment, drawnAt);
    }

    /// @inheritdoc SeedSource
    /// @dev What is known first stays. An empty proof opens what was answered.
    function _openSeed(bytes32 commitment, bytes calldata proof) internal virtual override returns (bytes32 seed) {
        seed = seedOf[commitment];
        if (seed != 0) return seed;
        if (proof.length == 0) revert NoSeed(commitment);
        seed = _proven(commitment, _asked[commitment].drawnAt, proof);
        seedOf[commitment] = seed;
    }

    /// @inheritdoc SeedSource
    function _takesDelay(uint32 delay) internal view virtual override returns (bool) {
        return delay == drawDelay;
    }

    /// @inheritdoc FunctionConsumer
    function _fulfill(bytes32 requestId, bytes calldata output, bytes calldata failure) internal virtual override {
        Asked memory asked = _asked[requestId];
        if (asked.drawnAt == 0 || asked.answered) revert UnknownRequest(requestId);
        _asked[requestId].answered = true;
        bytes32 answered = failure.length == 0 && output.length == SEED_LENGTH ? bytes32(output) : bytes32(0);
        bytes32 known = seedOf[requestId];
        if (answered == 0) {
            emit SeedNotAnswered(requestId);
        } else if (known == 0) {
            seedOf[requestId] = answered;
            emit SeedAnswered(requestId, answered);
        } else if (known != answered) {
            emit SeedContradicted(requestId, known, answered);
        }
    }

    /// @notice What a request made now draws from, not zero.
    function _drawnAt() internal view virtual returns (uint64);

    /// @notice The first draw of a request of this contract; reverts unless `proof` shows it.
    function _proven(bytes32 requestId, uint64 drawnAt, bytes calldata proof) internal view virtual returns (bytes32 seed);
}
