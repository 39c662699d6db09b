"""What the machines of one member share: who it is, what time it is, and the list of effects they fill."""

from __future__ import annotations

from executor.crypto.digests import transcript_hash
from executor.crypto.suite import REAL, Suite
from executor.model.committee import Epoch
from executor.model.draw_key import DrawKey
from executor.model.outcome import Outcome
from executor.model.transcript import Transcript
from executor.protocol.effects import Effect, Execute, Send
from executor.protocol.inbox import MAX_AHEAD, Inbox
from executor.protocol.lifecycle import Life
from executor.protocol.messages import Message
from executor.protocol.schedule import Schedule
from executor.protocol.settings import Settings


class Desk:
    """Identity, schedule and outgoing effects of one member."""

    def __init__(self, epoch: Epoch, index: int, settings: Settings, suite: Suite = REAL) -> None:
        self.epoch = epoch
        self.index = index
        self.settings = settings
        self.suite = suite
        self.schedule = Schedule(epoch)
        self.caught: set[int] = set()  # members whose bad BLS signature was found (attesting.py, Rule 5)
        self.ahead = Inbox(epoch.n, MAX_AHEAD)  # what members whose clocks are ahead sent for the next round
        self.draw_key: DrawKey | None = None  # of the epoch, once its members have made it
        self._effects: list[Effect] = []

    @property
    def now(self) -> float:
        """The latest time any input brought."""
        return self.schedule.now

    @property
    def round(self) -> int:
        """The current round."""
        return self.schedule.round

    @property
    def leader(self) -> int:
        """The current round's leader."""
        return self.schedule.leader()

    @property
    def leads(self) -> bool:
        """Whether this member leads the current round."""
        return self.leader == self.index

    def emit(self, effect: Effect) -> None:
        """Append an effect."""
        self._effects.append(effect)

    def to_leader(self, message: Message, *, sealed: bool = False) -> None:
        """Send to the current leader; member.py carries messages to itself without the network."""
        self.emit(Send(self.leader, message, sealed))

    @property
    def pending(self) -> bool:
        """Whether effects wait that no input returned yet."""
        return bool(self._effects)

    def take(self) -> list[Effect]:
        """The effects so far; the list starts empty again."""
        effects, self._effects = self._effects, []
        return effects

    def outcome(self, life: Life, transcript: Transcript) -> Outcome | None:
        """The outcome over a transcript, asking for its execution when it is not known."""
        hashed = transcript_hash(transcript)
        if (known := life.outcomes.get(hashed)) is not None:
            return known
        if ("execute", hashed) not in life.asked:
            life.asked["execute", hashed] = self.round
            self.emit(Execute(life.subject.request_id, transcript))
        return None
