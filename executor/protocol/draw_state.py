"""What a member holds of one request's draws by its committee, for itself and, in its turn, as the leader."""

from __future__ import annotations

from dataclasses import dataclass, field

from executor.protocol.messages import Settled
from executor.protocol.releases import Release


@dataclass(slots=True)
class DrawState:
    """`proofs` are those of the first draws, in order; `part`, and the members' `parts`, are of the one after them."""

    # Durable (record.py).
    release: Release | None = None
    proofs: tuple[bytes, ...] = ()
    # Rebuilt.
    settled: Settled | None = None  # this member's own statement, of the lock it was made under
    part: bytes = b""
    asked: tuple[int, str, int] | None = None  # what the signer was asked for, and in which round
    begun_with: int = 0  # proofs when the round began: what comes in it, its leader tells everybody
    gained_in: int = -1  # in which round the release came
    shown_in: int = -1  # in which round the leader's question for it was answered, or, leading, everybody was told
    announced: int = 0  # proofs that everybody was told of while this member led
    answered: set[int] = field(default_factory=set)  # in this round
    waits_for_key: bool = False  # and people were told
    # The leader's.
    asking: set[int] = field(default_factory=set)  # for a release, in this round
    statements: dict[int, Settled] = field(default_factory=dict)
    parts: dict[int, bytes] = field(default_factory=dict)
