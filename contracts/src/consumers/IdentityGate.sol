// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {FunctionBinding} from "./FunctionBinding.sol";
import {IIdentityGate, Pass} from "./IIdentityGate.sol";
import {Words} from "./Words.sol";

/// @notice Keeps verdicts about accounts, and nothing about people (docs/consumers.md).
contract IdentityGate is IIdentityGate, FunctionBinding {
    using Words for bytes;

    struct Request {
        address account;
        bytes32 policy;
    }

    uint256 public constant ANSWER_LENGTH = 160;
    uint32 public constant CALLBACK_GAS = 180_000; // a first pass takes about 110,000: three new words, five cleared
    uint256 public constant MAX_CIPHERTEXT = 4_096; // attributes and a sealed box for each of 31 members fit
    uint64 public constant MAX_LIFETIME = 366 days;

    uint256 public fee; // wei
    mapping(bytes32 policy => uint64) public lifetimeOf;
    mapping(bytes32 policy => mapping(bytes32 nullifier => address)) public accountOf;
    mapping(address account => mapping(bytes32 policy => Pass)) private _passes;
    mapping(address account => mapping(bytes32 policy => bytes32)) private _latest; // the request that counts
    mapping(bytes32 requestId => Request) private _requests;

    constructor(address router, address owner, bytes32 functionId, uint256 delay)
        FunctionBinding(router, owner, functionId, address(0), delay)
    {}

    /// @inheritdoc IIdentityGate
    function openPolicy(bytes32 policy, uint64 maxLifetime) external onlyOwner {
        if (lifetimeOf[policy] != 0) revert BadPolicy(policy);
        if (maxLifetime == 0 || maxLifetime > MAX_LIFETIME) revert BadLifetime(maxLifetime);
        lifetimeOf[policy] = maxLifetime;
        emit PolicyOpened(policy, maxLifetime);
    }

    /// @inheritdoc IIdentityGate
    function closePolicy(bytes32 policy) external onlyOwner {
        if (lifetimeOf[policy] == 0) revert BadPolicy(policy);
        delete lifetimeOf[policy];
        emit PolicyClosed(policy);
    }

    /// @inheritdoc IIdentityGate
    function setFee(uint256 fee_) external onlyOwner {
        fee = fee_;
        emit FeeChanged(fee_);
    }

    /// @inheritdoc IIdentityGate
    function withdrawFees(address to) external onlyOwner {
        (bool paid,) = to.call{value: address(this).balance}("");
        if (!paid || to == address(0)) revert PaymentFailed(to); // the call to nobody succeeds, and burns it
    }

    /// @inheritdoc IIdentityGate
    function request(bytes32 policy, bytes calldata ciphertext) external payable returns (bytes32 requestId) {
        if (lifetimeOf[policy] == 0) revert BadPolicy(policy);
        if (msg.value != fee) revert WrongFee(msg.value, fee);
        if (ciphertext.length == 0 || ciphertext.length > MAX_CIPHERTEXT) {
            revert BadCiphertext(ciphertext.length, MAX_CIPHERTEXT);
        }
        requestId = _ask(abi.encode(msg.sender, policy, ciphertext), CALLBACK_GAS);
        _requests[requestId] = Request(msg.sender, policy);
        _latest[msg.sender][policy] = requestId;
        emit VerdictRequested(requestId, msg.sender, policy);
    }

    /// @inheritdoc IIdentityGate
    function revoke(bytes32 policy) external {
        if (_passes[msg.sender][policy].expiresAt == 0 && _latest[msg.sender][policy] == 0) {
            revert NothingToRevoke(msg.sender, policy);
        }
        delete _passes[msg.sender][policy];
        delete _latest[msg.sender][policy];
        emit PassRevoked(msg.sender, policy);
    }

    /// @inheritdoc IIdentityGate
    function isVerified(address account, bytes32 policy) external view returns (bool) {
        return block.timestamp < _passes[account][policy].expiresAt;
    }

    /// @inheritdoc IIdentityGate
    function passOf(address account, bytes32 policy) external view returns (Pass memory) {
        return _passes[account][policy];
    }

    /// @inheritdoc IIdentityGate
    function requestOf(bytes32 requestId) external view returns (address account, bytes32 policy) {
        return (_requests[requestId].account, _requests[requestId].policy);
    }

    /// @inheritdoc FunctionBinding
    function _answered(bytes32 requestId, bytes calldata output) internal override {
        Request memory asked = closeRequest(requestId);
        if (!wellFormed(output)) return refuse(requestId, asked, Refusal.Malformed);
        bool same = address(uint160(output.word(0))) == asked.account && bytes32(output.word(1)) == asked.policy;
        if (!same) return refuse(requestId, asked, Refusal.OtherRequest);
        if (_latest[asked.account][asked.policy] != requestId) return refuse(requestId, asked, Refusal.Replaced);
        delete _latest[asked.account][asked.policy];
        if (output.word(2) == 1) return grant(requestId, asked, uint64(output.word(3)), bytes32(output.word(4)));
        delete _passes[asked.account][asked.policy];
        emit PassDenied(asked.account, asked.policy);
    }

    /// @inheritdoc FunctionBinding
    function _failed(bytes32 requestId, bytes calldata) internal override {
        Request memory asked = closeRequest(requestId);
        if (_latest[asked.account][asked.policy] == requestId) delete _latest[asked.account][asked.policy];
        refuse(requestId, asked, Refusal.RunFailed);
    }

    function grant(bytes32 requestId, Request memory asked, uint64 expiresAt, bytes32 nullifier) private {
        uint256 lifetime = lifetimeOf[asked.policy];
        if (lifetime == 0) return refuse(requestId, asked, Refusal.PolicyClosed);
        if (expiresAt <= block.timestamp) return refuse(requestId, asked, Refusal.Expired);
        address holder = accountOf[asked.policy][nullifier];
        if (holder != address(0) && holder != asked.account) return refuse(requestId, asked, Refusal.NullifierTaken);
        if (expiresAt > block.timestamp + lifetime) expiresAt = uint64(block.timestamp + lifetime);
        if (holder == address(0)) accountOf[asked.policy][nullifier] = asked.account;
        _passes[asked.account][asked.policy] = Pass(expiresAt, nullifier);
        emit PassGranted(asked.account, asked.policy, expiresAt);
    }

    function closeRequest(bytes32 requestId) private returns (Request memory asked) {
        asked = _requests[requestId];
        delete _requests[requestId];
    }

    function refuse(bytes32 requestId, Request memory asked, Refusal refusal) private {
        emit AnswerRefused(requestId, asked.account, asked.policy, refusal);
    }

    /// @dev A verdict in favour names a person; one against may not.
    function wellFormed(bytes calldata output) private pure returns (bool) {
        return output.length == ANSWER_LENGTH && output.fits(0, 160) && output.fits(2, 1) && output.fits(3, 64)
            && (output.word(2) == 0 || output.word(4) != 0);
    }
}
