"""Real drivers of a committee in one process: real keys, records, journals and envelopes; guests are scripted."""

import asyncio
from collections.abc import Callable, Coroutine
from pathlib import Path
from typing import Any

from executor.crypto import bls
from executor.crypto.digests import function_id, keccak256, profile_id, request_id
from executor.errors import ChainError, DrawUnavailable
from executor.keys.calls import LocalSigner
from executor.keys.keyset import KeySet
from executor.keys.record import SignerRecord
from executor.keys.signer import Signer
from executor.model.committee import Epoch, Verifier
from executor.model.committee import Member as Registered
from executor.model.draw import Draw
from executor.model.function import Function
from executor.model.ids import Address, Digest, RequestId
from executor.model.manifest import Terms
from executor.model.observation import Kind, Observation
from executor.model.outcome import Awaiting, Outcome, Returned
from executor.model.profile import PROFILE
from executor.model.report import Scheme
from executor.model.request import Request
from executor.model.transcript import Transcript
from executor.node.draw_key.desk import DrawKeys
from executor.node.draw_key.registration import Keys
from executor.node.draw_key.share_signing import ShareSigning
from executor.node.driver import Driver
from executor.node.metrics.meters import no_traffic
from executor.node.node import KEY_MESSAGE
from executor.node.sessions import Session, Sessions
from executor.node.signing import ProtocolSigner
from executor.protocol.effects import Attested, Transmit
from executor.protocol.member import Member
from executor.store.events import EventLog
from executor.store.journal import Journal
from executor.testing.fast_signatures import ROUNDS_SECRET, sign_round
from executor.transport.memory import MemoryNetwork

MEDIAN = b'{"aggregate":"median","label":"price"}'
FUNCTION = Function(b"\0asm\x01\0\0\0", Terms(), b"")
ROUTER = Address(b"\x02" * 20)
ZERO = Address(bytes(20))


def make_keys(index: int) -> KeySet:
    secret = [keccak256(b"%s %d" % (name, index)) for name in (b"signer", b"transmitter", b"encryption")]
    return KeySet(secret[0], secret[1], bls.secret_from_seed(bytes([index + 1]) * 32), secret[2])


def make_epoch(n: int, round_length_s: int = 1, endpoint: str = "memory://{}") -> Epoch:
    public = [make_keys(index).public for index in range(n)]
    members = tuple(
        Registered(i, Address(bytes([i + 1]) * 20), keys.signer, keys.bls_key, keys.encryption_key, endpoint.format(i))
        for i, keys in enumerate(public)
    )
    verifiers = (Verifier(Scheme.ECDSA, Address(b"\x01" * 20)),)
    return Epoch(31337, ROUTER, Address(b"\x03" * 20), 1, profile_id(PROFILE), round_length_s, members, verifiers)


def make_request(nonce: int = 0, *, epoch: int = 1, timestamp: int = 1_000, function: Function = FUNCTION) -> Request:
    return Request(
        31337, ROUTER, nonce, 7, timestamp, Digest(bytes(32)), ZERO, 0, function_id(function), epoch, b"", 0, ZERO
    )


class Script:
    """Runs without guests: counts what was asked; `gate` holds every run back while it is not set."""

    def __init__(self, run: Callable[[Transcript], Outcome], look: Callable[[], Observation]) -> None:
        self.run, self.look = run, look
        self.executed = self.observed = 0
        self.gate = asyncio.Event()
        self.gate.set()

    async def execute(self, function: Function, request: Request, transcript: Transcript) -> Outcome:
        self.executed += 1
        await self.gate.wait()
        return self.run(transcript)

    async def observe(self, function: Function, request: Request, transcript: Transcript) -> Observation:
        self.observed += 1
        await self.gate.wait()
        return self.look()


def no_slot(transcript: Transcript) -> Outcome:
    return Returned(b"42", 5)


def one_slot(transcript: Transcript) -> Outcome:
    return Returned(transcript[0].value, 11) if transcript else Awaiting(0, MEDIAN)


class Rounds:
    """A relay that has every round; `failing` makes it fail so many times first."""

    def __init__(self) -> None:
        self.failing = self.asked = 0

    async def obtain(self, draw: Draw) -> bytes:
        self.asked += 1
        if self.asked <= self.failing:
            raise DrawUnavailable("no relay has it")
        return sign_round(ROUNDS_SECRET, draw.round)


async def at_once() -> None:
    """No member has to be heard before anything is signed."""


class Node:
    """One driver and all it needs; `stop` and `start` are a kill and a restart: only files survive."""

    def __init__(
        self,
        folder: Path,
        network: MemoryNetwork,
        index: int,
        run=no_slot,
        beacon: Keys | None = None,
        *,
        keys: int | None = None,
        before: Epoch | None = None,
    ) -> None:
        folder.mkdir(parents=True, exist_ok=True)
        self.folder, self.network, self.index = folder, network, index
        self.runs = Script(run, lambda: Observation(Kind.VALUE, b"10%d" % index))
        self.draws = Rounds()
        self.beacon = beacon
        self.keys = index if keys is None else keys
        self.before = before
        self.epoch_is_final = True
        self.attested: list[Attested] = []
        self.transmitted: list[Transmit] = []
        self.task: asyncio.Task[None] | None = None

    async def start(self) -> None:
        keys, path = make_keys(self.keys), self.folder / "record.sqlite3"
        opened = SignerRecord.open if path.exists() else SignerRecord.create
        self.record = opened(path, keys.public.signer)
        self.signer = LocalSigner(Signer(keys, self.record))
        self.journal = Journal(self.folder / "journal.sqlite3")
        self.events = EventLog(self.folder / "events.jsonl")
        epoch = self.network.epoch
        self.draw_keys = DrawKeys(self.beacon, self.journal, self.events, no_traffic, self.is_final, self.load)
        self.member = Member(epoch, self.index, draw_key=self.draw_keys.known(epoch))
        statements = ProtocolSigner(self.signer, epoch, self.index, self.journal)
        await statements.begin()
        self.driver = Driver(
            self.member,
            journal=statements.counting(self.journal),
            signer=statements,
            runs=self.runs,
            draws=self.draws,
            parts=self.draw_keys.parts(epoch.number),
            events=self.events,
            on_attested=self.attested.append,
            transmit=self.transmit,
        )
        self.sessions = Sessions()
        self.sessions.add(Session(epoch, self.index, self.driver))
        self.transport = self.network.join(self.index, self.signer, self.deliver)
        self.driver.attach(self.transport)
        await self.transport.start()
        self.task = asyncio.create_task(self.driver.run())
        self.beside: list[asyncio.Task[None]] = []
        shares = ShareSigning(self.signer, epoch, statements, cleared=at_once, flush=self.journal.flush)
        self.draw_keys.serve(epoch, self.index, shares=shares, driver=self.driver, wire=self.transport, tasks=self)

    async def is_final(self, epoch: Epoch) -> bool:
        return self.epoch_is_final

    async def load(self, number: int) -> Epoch:
        if self.before is None or number != self.before.number:
            raise ChainError(f"epoch {number}: no such epoch")
        return self.before

    def create_task(self, work: Coroutine[Any, Any, None]) -> asyncio.Task[None]:
        self.beside.append(task := asyncio.create_task(work))
        return task

    async def deliver(self, sender: int, data: bytes) -> None:
        if data.startswith(KEY_MESSAGE):
            await self.draw_keys.received(self.network.epoch.number, sender, data)
        else:
            await self.driver.received(sender, data)

    async def stop(self) -> None:
        await self.transport.close()
        for task in (self.task, *self.beside):
            task.cancel()
        await asyncio.gather(self.task, *self.beside, return_exceptions=True)
        self.journal.close()
        self.record.close()

    async def transmit(self, effect: Transmit) -> None:
        self.transmitted.append(effect)

    async def see(self, request: Request) -> RequestId:
        key = request_id(request)
        await self.driver.seen(key, request, FUNCTION)
        return key

    def told(self, kind: str) -> list[dict]:
        return [event.plain() for event in self.events.after(0) if event.kind == kind]


async def until(done: Callable[[], object], timeout_s: float = 8.0) -> None:
    """Wait until `done`, for a bounded time."""
    async with asyncio.timeout(timeout_s):
        while not done():  # noqa: ASYNC110 # any condition
            await asyncio.sleep(0.01)
