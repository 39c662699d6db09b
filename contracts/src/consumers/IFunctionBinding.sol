// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

/// @notice Whose word a consumer takes: one function, run on request or by triggers of one owner. A change is announced and
/// takes effect after a delay, so that who does not trust it can leave.
interface IFunctionBinding {
    /// @notice Another binding was announced; the owner can make it effective from `readyAt`.
    event BindingProposed(bytes32 functionId, address triggerOwner, uint256 readyAt);
    /// @notice The announced binding was taken back.
    event BindingProposalCancelled();
    /// @notice From now on this function is believed. Answers to requests of earlier versions are not.
    event BindingChanged(uint32 indexed version, bytes32 functionId, address triggerOwner);
    /// @notice Requests are paid by this subscription.
    event SubscriptionChanged(uint64 subscription);
    /// @notice A run failed; `failure` is the start of the guest's error or its trap code. Nothing else changed.
    event RunFailed(bytes32 indexed requestId, bytes failure);
    /// @notice An answer came from a function that is not believed any more. Nothing else changed.
    event AnswerSuperseded(bytes32 indexed requestId, uint32 version);

    /// @notice This contract is not waiting for such a request.
    error UnknownRequest(bytes32 requestId);
    /// @notice The function id is zero.
    error NoFunction();
    /// @notice Nothing is announced, or its delay is not over (`readyAt` 0: nothing).
    error BindingNotReady(uint256 readyAt);
    /// @notice The delay is shorter than `MIN_DELAY` or longer than `MAX_DELAY`.
    error BadDelay(uint256 delay);

    /// @notice Announces another function and trigger owner; replaces an earlier announcement. Owner only.
    /// @param triggerOwner whose triggers are believed; zero for nobody's.
    function proposeBinding(bytes32 functionId, address triggerOwner) external;

    /// @notice Makes the announced binding effective once its delay is over. Owner only.
    function applyBinding() external;

    /// @notice Takes the announcement back. Owner only.
    function cancelBinding() external;

    /// @notice Names the subscription that pays for requests; it has no say in results. Owner only.
    function setSubscription(uint64 subscription) external;

    /// @notice What is believed now; versions begin with 1.
    function binding() external view returns (uint32 version, bytes32 functionId, address triggerOwner);

    /// @notice What is announced; `readyAt` is 0 when nothing is.
    function proposedBinding() external view returns (uint256 readyAt, bytes32 functionId, address triggerOwner);
}
