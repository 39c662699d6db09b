"""What members keep of each other's signer records, so that a member restored with both its files is noticed.

Rule 1. A statement is a counter over the signature of the member it is about, for one epoch: nobody can invent one.
Rule 2. The highest statement of each member is kept; a member's new ones count MAX_A_ROUND times a round.
Rule 3. Who starts shows its own statement and asks; each member answers with the highest it keeps of the asker.
Rule 4. Until quorum - 1 others answered, who started signs nothing: honest members are among them, and what any of
        them was ever told is shown. A lie shows nothing, because the statement must be the asker's own.
Rule 5. What is shown and higher than the member's own goes to its signer, which alone decides (keys/standing.py).
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Final as Constant

from executor.crypto.digests import counter_digest, epoch_digest
from executor.crypto.secp256k1 import is_signed_by
from executor.errors import RuleBroken
from executor.model.committee import Epoch
from executor.protocol.messages import CounterMessage

NONCE_BYTES: Constant = 16
MAX_A_ROUND: Constant = 8  # of one member: a few restarts; 33 liars cost 66 saves a second in rounds of 4 s


@dataclass(frozen=True, slots=True)
class Heard:
    """What follows from a message: a statement to keep, an answer to its sender, a statement for the own signer."""

    keep: CounterMessage | None = None
    answer: CounterMessage | None = None
    shown: CounterMessage | None = None


class Counters:
    """The statements one member keeps, and who answered it since it started."""

    def __init__(
        self, epoch: Epoch, index: int, kept: Mapping[int, CounterMessage], own: CounterMessage, nonce: bytes
    ) -> None:
        self._epoch = epoch
        self._digest = epoch_digest(epoch.identity)
        self._index = index
        self._kept = dict(kept)
        self._new: dict[int, tuple[int, int]] = {}  # member -> (round, new statements in it)
        self._answered: set[int] = set()
        self._nonce = nonce
        self.own = own

    @property
    def cleared(self) -> bool:
        """Rule 4: whether this member may sign."""
        return len(self._answered) >= self._epoch.quorum - 1

    def question(self) -> CounterMessage:
        """To all, at the start and until enough have answered."""
        return replace(self.own, nonce=self._nonce)

    def received(self, sender: int, message: CounterMessage, round: int) -> Heard:
        """A message of a member; raises RuleBroken."""
        if message.member not in (sender, self._index):
            raise RuleBroken(f"a statement about member {message.member}'s record", sender)
        if len(message.nonce) not in (0, NONCE_BYTES):
            raise RuleBroken(f"a nonce of {len(message.nonce)} bytes", sender)
        known, statement = self._kept.get(message.member), replace(message, nonce=b"")
        if statement != known and not self._is_true(statement):
            raise RuleBroken(f"a statement that member {message.member} did not sign", sender)
        if message.member == self._index:
            if message.nonce == self._nonce:
                self._answered.add(sender)
            return Heard(shown=statement if message.counter > self.own.counter else None)
        keep = answer = None
        if (known is None or statement.counter > known.counter) and self._has_place(sender, round):
            keep = self._kept[sender] = statement
        if message.nonce and sender in self._kept:
            answer = replace(self._kept[sender], nonce=message.nonce)
        return Heard(keep=keep, answer=answer)

    def _is_true(self, message: CounterMessage) -> bool:
        signer = self._epoch.members[message.member].signer
        return is_signed_by(counter_digest(self._digest, message.counter), message.signature, signer)

    def _has_place(self, member: int, round: int) -> bool:
        """Rule 2."""
        last, count = self._new.get(member, (round, 0))
        count = count if last == round else 0
        self._new[member] = (round, count + 1)
        return count < MAX_A_ROUND
