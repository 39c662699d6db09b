"""What a transaction pays (EIP-1559), and what it pays when it has to replace one that waits."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Final as Constant

from executor.errors import FeeTooHigh, InvalidConfig
from executor.model.transaction import Transaction

GWEI: Constant = 10**9
PRIORITY_FEE_WEI: Constant = GWEI
MAX_FEE_WEI: Constant = 1_000 * GWEI  # Ethereum's base fee was above it for minutes only, in sales of 2021 and 2022
# Nodes take a replacement that pays a tenth more (geth, reth, anvil), some an eighth.
BUMP: Constant = (9, 8)
STEEP_BUMP: Constant = (3, 2)  # when a node refused what we offered: what it wants is not known


@dataclass(frozen=True, slots=True)
class FeePolicy:
    """What the operator pays, in wei for each unit of gas; `max_fee_wei` is never exceeded."""

    priority_fee_wei: int = PRIORITY_FEE_WEI
    max_fee_wei: int = MAX_FEE_WEI

    def __post_init__(self) -> None:
        if not 0 <= self.priority_fee_wei <= self.max_fee_wei:
            raise InvalidConfig("the priority fee is between 0 and the maximum fee")

    def price(self, blank: Transaction, base_fee_wei: int) -> Transaction:
        """The transaction with today's fees; raises FeeTooHigh."""
        least = base_fee_wei + self.priority_fee_wei
        if least > self.max_fee_wei:
            raise FeeTooHigh(
                f"the chain asks {least} wei for each unit of gas, the operator allows {self.max_fee_wei} (max_fee_wei)"
            )
        # Twice the base fee outlasts six full blocks (EIP-1559: an eighth a block).
        fee = min(2 * base_fee_wei + self.priority_fee_wei, self.max_fee_wei)
        return replace(blank, max_priority_fee_per_gas=self.priority_fee_wei, max_fee_per_gas=fee)

    def outbid(
        self, waiting: Transaction, blank: Transaction, base_fee_wei: int, bump: tuple[int, int] = BUMP
    ) -> Transaction:
        """`blank` with fees that replace `waiting`, and not below today's; raises FeeTooHigh."""
        today = self.price(blank, base_fee_wei)
        up, down = bump
        tip = max(waiting.max_priority_fee_per_gas * up // down + 1, today.max_priority_fee_per_gas)
        fee = max(waiting.max_fee_per_gas * up // down + 1, today.max_fee_per_gas, tip)
        if fee > self.max_fee_wei:
            raise FeeTooHigh(
                f"to replace what waits with nonce {waiting.nonce} takes {fee} wei for each unit of gas, "
                f"the operator allows {self.max_fee_wei} (max_fee_wei)"
            )
        return replace(blank, max_priority_fee_per_gas=tip, max_fee_per_gas=fee)
