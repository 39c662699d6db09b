// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

/// @notice Money that people have won, earned or get back, pulled by them: nobody's refusal to take it stops a game.
abstract contract Payouts {
    /// @notice Seconds that everybody has to bring a proof, from when the seed may be known. Afterwards what was paid can be
    /// taken back, so that it is not lost if the source falls silent for ever.
    /// @dev Long, because a proof is public and any one of those who gain by it can bring it.
    uint256 public constant PATIENCE = 30 days;
    /// @notice Longest delay a game may have, in seconds.
    uint32 public constant MAX_DELAY = 7 days;

    /// @notice What an account can withdraw, in wei.
    mapping(address account => uint256) public owed;

    /// @notice An account took its money out.
    event Withdrawn(address indexed account, address to, uint256 amount);

    /// @notice There is nothing to withdraw.
    error NothingOwed(address account);
    /// @notice The receiver refused the money.
    error PaymentFailed(address to);
    /// @notice What was sent is not what it costs.
    error WrongPayment(uint256 sent, uint256 price);
    /// @notice The delay is shorter than the seeds' source takes, or longer than `MAX_DELAY`.
    error BadDelay(uint256 delay);
    /// @notice The seed can still be opened until this time.
    error TooEarly(uint256 until);

    /// @notice Pays what the caller is owed to `to`.
    function withdraw(address to) external returns (uint256 amount) {
        amount = owed[msg.sender];
        if (amount == 0) revert NothingOwed(msg.sender);
        delete owed[msg.sender];
        emit Withdrawn(msg.sender, to, amount);
        (bool paid,) = to.call{value: amount}("");
        if (!paid || to == address(0)) revert PaymentFailed(to); // the call to nobody succeeds, and burns it
    }
}
