"""The registered triggers, kept in the journal as of the finalized blocks that were read.

Rule 1. A change counts from the block after its own: every member has the same registrations at the same home block.
Rule 2. So many are kept; those beyond are told and start nothing here. What cannot be read starts nothing anywhere.
Rule 3. Of the events of one hour, by the home blocks' time, `per_hour` start a run: the first, in the chain's order.
        What is beyond is dropped; the first is told, the second, the fourth ...
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from typing import Final as Constant

from executor.chain.triggers import Change, PauseChanged, Registered, Removed
from executor.errors import InvalidTrigger
from executor.model.codec import Natural, decode, encode
from executor.model.ids import RegistrationId, RequestId
from executor.model.request import Request
from executor.model.trigger import LogEvent, Registration, TriggerKind
from executor.model.trigger_config import LogConfig, TriggerConfig, parse_trigger_config
from executor.store.events import EventLog
from executor.store.journal import Journal

KIND: Constant = "registration"
MAX_REGISTRATIONS: Constant = 5_000  # configs in memory: some 10 kB each at worst
MAX_RECORD_BYTES: Constant = 131_072  # config and input in hex, 41 kB
HOUR_S: Constant = 3_600
MAX_CALLBACK_GAS: Constant = 5_000_000  # contracts/src/Settings.sol


@dataclass(frozen=True, slots=True)
class Kept:
    """As journaled: `since` is the block it was registered in; `hour` and `started` count (Rule 3)."""

    registration: Registration
    since: Natural
    paused: bool
    hour: Natural = 0
    started: Natural = 0


@dataclass(slots=True)
class Entry:
    """A registration in memory, without its input; `config` is None where it cannot be read."""

    kept: Kept
    config: TriggerConfig | None
    dropped: int = 0  # in this hour
    unfunded: int = 0  # since the node's start

    @property
    def registration_id(self) -> RegistrationId:
        """Which one."""
        return self.kept.registration.registration_id

    @property
    def active(self) -> bool:
        """Whether it starts runs."""
        return self.config is not None and not self.kept.paused


class Registrations:
    """The table."""

    def __init__(self, journal: Journal, events: EventLog, *, most: int = MAX_REGISTRATIONS) -> None:
        self._journal = journal
        self._events = events
        self._most = most
        self._entries: dict[RegistrationId, Entry] = {}
        for key, value in journal.load(KIND):
            self._entries[RegistrationId(key)] = _entry(decode(Kept, value, limit=MAX_RECORD_BYTES))

    def __len__(self) -> int:
        return len(self._entries)

    def __iter__(self) -> Iterator[Entry]:
        return iter(list(self._entries.values()))

    def find(self, registration: RegistrationId) -> Entry | None:
        """A registration, active or not."""
        return self._entries.get(registration)

    def callback_gas(self, request: Request) -> int:
        """What a request's consumer, or its trigger's receiver, may burn; the most, where that is not known."""
        if request.origin is None:
            return request.callback_gas_limit
        entry = self._entries.get(request.origin.registration)
        return MAX_CALLBACK_GAS if entry is None else entry.kept.registration.callback_gas_limit

    def stands_for_good(self, request: Request) -> bool:
        """Whether a request whose block is final cannot come again from another chain's event in another place."""
        origin = request.origin
        if origin is None or not isinstance(origin.event, LogEvent) or origin.event.source_chain_id == request.chain_id:
            return True
        entry = self._entries.get(origin.registration)  # who removed it may have had a reason
        return entry is not None and isinstance(entry.config, LogConfig) and entry.config.confirmations == "finalized"

    def active(self, kind: TriggerKind, block: int | None) -> list[Entry]:
        """Those of a kind that start runs with this home block, or with any."""
        of_kind = [entry for entry in self._entries.values() if entry.kept.registration.kind is kind]
        return [entry for entry in of_kind if entry.active and (block is None or entry.kept.since < block)]

    def whole(self, entry: Entry) -> Registration:
        """The registration with its input."""
        value = self._journal.find(RequestId(entry.registration_id), KIND)
        assert value is not None, "what is in the table is journaled"
        kept: Kept = decode(Kept, value, limit=MAX_RECORD_BYTES)
        return kept.registration

    def apply(self, change: Change) -> None:
        """Take a change as read from the chain; again is no error."""
        key = change.registration_id
        match change:
            case Registered(registration, block):
                self._add(registration, block)
            case PauseChanged(_, paused, _) if (entry := self._entries.get(key)) is not None:
                self._save(replace(self._kept(entry), paused=paused), entry)
                self._events.add("trigger-paused" if paused else "trigger-resumed", "", registration=str(key))
            case Removed() if key in self._entries:
                del self._entries[key]
                self._journal.delete(RequestId(key), KIND)
                self._events.add("trigger-removed", "", registration=str(key))
            case _:
                pass

    def spend(self, entry: Entry, time_s: int) -> bool:
        """Count an event of this time; False when its hour has had enough (Rule 3)."""
        assert entry.config is not None, "only active ones start runs"
        hour, kept = time_s // HOUR_S, entry.kept
        if hour > kept.hour:
            kept, entry.dropped = replace(kept, hour=hour, started=0), 0
        if kept.started >= entry.config.per_hour:
            entry.dropped += 1
            if entry.dropped & (entry.dropped - 1) == 0:
                told = {"dropped": entry.dropped, "per_hour": entry.config.per_hour}
                self._events.add("trigger-limited", "", registration=str(entry.registration_id), **told)
            return False
        whole = replace(kept, started=kept.started + 1, registration=self.whole(entry))
        self._save(whole, entry)
        return True

    def give_back(self, entry: Entry, time_s: int) -> None:
        """An event that was counted is asked for again."""
        if entry.kept.hour == time_s // HOUR_S and entry.kept.started:
            whole = self.whole(entry)
            self._save(replace(entry.kept, started=entry.kept.started - 1, registration=whole), entry)

    def _add(self, registration: Registration, block: int) -> None:
        key = registration.registration_id
        if key in self._entries:
            return
        if len(self._entries) >= self._most:
            self._events.add("trigger-ignored", "", registration=str(key), reason=f"{self._most} are followed")
            return
        kept = Kept(registration, block, paused=False)
        self._journal.save(RequestId(key), KIND, encode(kept))
        entry = self._entries[key] = _entry(kept)
        kind, function = registration.kind.name.lower(), str(registration.function_id)
        self._events.add(
            "trigger-registered", "", registration=str(key), trigger=kind, function_id=function, block=block
        )
        if entry.config is None:
            self._events.add("trigger-ignored", "", registration=str(key), reason=why_unreadable(registration))

    def _kept(self, entry: Entry) -> Kept:
        return replace(entry.kept, registration=self.whole(entry))

    def _save(self, kept: Kept, entry: Entry) -> None:
        with self._journal.soon():  # read again, with the blocks that came after the cursor
            self._journal.save(RequestId(entry.registration_id), KIND, encode(kept))
        entry.kept = replace(kept, registration=entry.kept.registration)


def why_unreadable(registration: Registration) -> str:
    """What is wrong with a config; empty when nothing is."""
    try:
        parse_trigger_config(registration.kind, registration.config)
    except InvalidTrigger as error:
        return str(error)
    return ""


def _entry(kept: Kept) -> Entry:
    try:
        config = parse_trigger_config(kept.registration.kind, kept.registration.config)
    except InvalidTrigger:
        config = None
    return Entry(replace(kept, registration=replace(kept.registration, input=b"", config=b"")), config)
