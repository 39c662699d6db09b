"""One member's side of triggers, on the embedded chain with the real contracts."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from chain.support import FUNCTION, Scene

from executor.chain.logs import SeenDelivery
from executor.chain.triggers import register_trigger
from executor.model.ids import RegistrationId
from executor.model.request import Request
from executor.model.trigger_config import KINDS, TriggerConfig
from executor.node.functions import FunctionStore
from executor.node.receipts import ReceiptFiles
from executor.node.requests import RequestBook
from executor.node.sessions import Sessions
from executor.node.triggers.following import TriggerFollower
from executor.node.triggers.logs import LogTriggers
from executor.node.triggers.registrations import Registrations
from executor.node.triggers.starting import Starter
from executor.store.blobs import Blobs
from executor.store.events import EventLog
from executor.store.journal import Journal


class Side:
    """One member's side of triggers: its journal, book and follower; it serves no epoch, so requests only wait."""

    def __init__(self, scene: Scene, folder: Path, start_block: int, max_range: int = 1_000) -> None:
        self.told: list[dict[str, Any]] = []
        folder.mkdir(exist_ok=True)
        self.journal = Journal(folder / "journal.sqlite3")
        events = EventLog(folder / "events.jsonl")
        events.subscribe(lambda event: self.told.append(event.plain()))
        self.book = RequestBook(
            sessions=Sessions(),
            journal=self.journal,
            functions=FunctionStore(self.journal, Blobs(folder / "blobs"), max_functions=1, max_bytes=1),
            events=events,
            receipts=ReceiptFiles(folder / "receipts"),
            load_bill=None,  # type: ignore[arg-type] # nothing of these is quoted
            misses=self,
        )
        self.missed: list[SeenDelivery] = []
        self.events_log = events
        self.registrations = Registrations(self.journal, events)
        self.starter = Starter(scene.client, self.book, self.registrations, events)
        self.logs = LogTriggers(scene.client, self.registrations, self.starter, events)
        self.follower = TriggerFollower(
            scene.client, self.journal, self.book, self.registrations, self.starter, self.logs,
            events,
            start_block=start_block, poll_s=0.01, max_range=max_range,
        )  # fmt: skip

    def miss(self, delivery: SeenDelivery) -> None:
        """The book's way to ask for a receipt."""
        self.missed.append(delivery)

    async def catch_up(self) -> None:
        """Read all there is."""
        while await self.follower.poll():
            pass

    def requests(self, registration: RegistrationId) -> list[Request]:
        """What was begun of a registration and is open, in order."""
        every = [self.book.find(key) for key, _ in self.book.standings(10_000)]
        mine = [each.request for each in every if each is not None and each.request.origin is not None]
        return [each for each in mine if each.origin is not None and each.origin.registration == registration]

    def events(self, kind: str, registration: RegistrationId | None = None) -> list[dict[str, Any]]:
        """What was told."""
        told = [each for each in self.told if each["kind"] == kind]
        return [each for each in told if registration is None or each["registration"] == str(registration)]


async def register(scene: Scene, config: TriggerConfig, **more: Any) -> RegistrationId:
    """A registration without a receiver."""
    (kind,) = [kind for kind, each in KINDS.items() if each is type(config)]
    options = {"subscription": scene.deployment.subscription, **more}
    return await register_trigger(
        scene.client, scene.requester, kind=kind, function=FUNCTION, config=config.canonical(), **options
    )


async def mine_at(scene: Scene, *times: int) -> None:
    """Blocks with these timestamps."""
    for time_s in times:
        await scene.client.rpc.call("evm_setNextBlockTimestamp", hex(time_s))
        await scene.client.rpc.call("evm_mine")


async def next_hour(scene: Scene) -> int:
    """The start of the chain's next hour, so that limits and schedules begin afresh; there is a block just before."""
    start = ((await scene.client.head()).timestamp // 3_600 + 1) * 3_600
    await mine_at(scene, start - 30)
    return start
