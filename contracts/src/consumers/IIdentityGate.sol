// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

/// @notice What the gate knows about an account under a policy: all there is, and nothing of it private.
struct Pass {
    uint64 expiresAt; // block timestamp from which it is worth nothing; 0: no pass
    bytes32 nullifier; // the person, under this policy only
}

/// @notice Lets accounts prove that a person behind them satisfies a policy, without saying who.
/// @dev Input of the function: abi.encode(address account, bytes32 policy, bytes ciphertext). Output, 160 bytes:
/// abi.encode(address account, bytes32 policy, bool verdict, uint64 expiresAt, bytes32 nullifier).
///
/// The ciphertext is public: anyone can send a copy of it. So the sealed text must itself name account, policy and gate, and
/// the function must answer with an error where they differ from its input and the request's consumer. The nullifier must be
/// a keyed hash (the key a secret of the function) of a personal number and the policy: without a key everybody could try
/// all numbers, without the policy passes of different policies could be linked.
interface IIdentityGate {
    /// @notice Why an answer changed nothing.
    enum Refusal {
        RunFailed, // the function gave an error or trapped; what it said is not repeated, for it may be private
        Malformed, // not the bytes above
        OtherRequest, // about another account or policy than was asked about
        Replaced, // the account asked again, or revoked, after this request
        PolicyClosed,
        Expired, // the verdict is good until a moment that has passed
        NullifierTaken // another account of the same person has, or had, a pass under this policy
    }

    /// @notice The policy can be asked about; a pass lasts `maxLifetime` seconds at most.
    event PolicyOpened(bytes32 indexed policy, uint64 maxLifetime);
    /// @notice The policy cannot be asked about any more; passes last until they expire.
    event PolicyClosed(bytes32 indexed policy);
    /// @notice What a request costs its sender changed.
    event FeeChanged(uint256 fee);
    /// @notice An account asked for a verdict.
    event VerdictRequested(bytes32 indexed requestId, address indexed account, bytes32 indexed policy);
    /// @notice The account satisfies the policy until `expiresAt`.
    event PassGranted(address indexed account, bytes32 indexed policy, uint64 expiresAt);
    /// @notice The account does not satisfy the policy; a pass it had is gone.
    event PassDenied(address indexed account, bytes32 indexed policy);
    /// @notice The account gave its pass up.
    event PassRevoked(address indexed account, bytes32 indexed policy);
    /// @notice An answer changed nothing.
    event AnswerRefused(bytes32 indexed requestId, address indexed account, bytes32 indexed policy, Refusal refusal);

    /// @notice The policy is not open, or it is already.
    error BadPolicy(bytes32 policy);
    /// @notice The lifetime is zero or longer than `MAX_LIFETIME`.
    error BadLifetime(uint64 maxLifetime);
    /// @notice The ciphertext is empty or too long.
    error BadCiphertext(uint256 length, uint256 maximum);
    /// @notice A request costs exactly `fee`.
    error WrongFee(uint256 paid, uint256 fee);
    /// @notice There is neither a pass nor a request to give up.
    error NothingToRevoke(address account, bytes32 policy);
    /// @notice The native coin could not be sent to this address.
    error PaymentFailed(address to);

    /// @notice Opens a policy. What it demands stands in the function, which knows it by this id. Owner only.
    function openPolicy(bytes32 policy, uint64 maxLifetime) external;

    /// @notice Closes a policy. Owner only.
    function closePolicy(bytes32 policy) external;

    /// @notice Sets what a request costs, which keeps strangers from spending the gate's subscription. Owner only.
    /// @dev Zero at first: set it before a policy is opened.
    function setFee(uint256 fee) external;

    /// @notice Pays the collected fees to `to`. Owner only.
    function withdrawFees(address to) external;

    /// @notice Asks whether the caller satisfies a policy; replaces an earlier request that is still open.
    /// @param ciphertext the attributes, sealed to the committee.
    function request(bytes32 policy, bytes calldata ciphertext) external payable returns (bytes32 requestId);

    /// @notice Gives up the caller's pass and its open request. The nullifier stays with the caller's account.
    function revoke(bytes32 policy) external;

    /// @notice Whether the account has a pass under this policy now.
    function isVerified(address account, bytes32 policy) external view returns (bool);

    /// @notice The account's pass, also when it has expired.
    function passOf(address account, bytes32 policy) external view returns (Pass memory);

    /// @notice The one account of a person under a policy; zero when there is none.
    function accountOf(bytes32 policy, bytes32 nullifier) external view returns (address);

    /// @notice Whom and what an open request is about; zero when it is closed or unknown.
    function requestOf(bytes32 requestId) external view returns (address account, bytes32 policy);

    /// @notice How long a pass under this policy lasts at most; zero when it is not open.
    function lifetimeOf(bytes32 policy) external view returns (uint64);
}
