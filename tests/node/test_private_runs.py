"""Observe runs in worker processes that read private data: what they see, and what is told when they end badly."""

from __future__ import annotations

import contextlib
import json
import logging
import os
import signal
from collections.abc import AsyncIterator, Iterator
from dataclasses import replace
from pathlib import Path

import pytest
from aiohttp.test_utils import TestServer
from eth_abi.abi import encode as abi_encode
from node_bench import make_request
from secrets_bench import DAY, NOW, OWNER, Desk, members

from executor.capabilities import HttpSettings
from executor.cli._compile import compile_c
from executor.crypto.digests import function_id, keccak256
from executor.errors import HostFault
from executor.keys.private_inputs import seal_private_input
from executor.model.function import Function
from executor.model.ids import Address
from executor.model.observation import Kind, Observation
from executor.model.request import Request
from executor.node.runs import WorkerRuns
from executor.node.secrets.claims import make_secret
from executor.projects import load_project
from executor.testing.identity_provider import API_KEY, HOST, PEOPLE, application
from executor.worker import WorkerPool

EXAMPLE = Path(__file__).parents[2] / "examples" / "identity_gate_c"
POLICY, GATE, ACCOUNT = bytes(keccak256(b"of-age")), Address(b"\x0a" * 20), Address(b"\x0b" * 20)
NULLIFIER_KEY = "marker-of-the-nullifiers-key-8a61"
VALUES = {"PROVIDER_KEY": API_KEY, "NULLIFIER_KEY": NULLIFIER_KEY}
MARKERS = (API_KEY, NULLIFIER_KEY, *PEOPLE, *(str(person["number"]) for person in PEOPLE.values()))


class Member:
    """One member's runs, with the example and its secrets."""

    def __init__(self, desk: Desk, runs: WorkerRuns, pool: WorkerPool, function: Function) -> None:
        self.desk, self.runs, self.pool, self.function = desk, runs, pool, function

    def request(self, document: str) -> Request:
        """What the gate asks about an account with this document."""
        text = {"account": str(ACCOUNT), "document": document, "gate": str(GATE), "policy": "0x" + POLICY.hex()}
        envelope = seal_private_input(self.desk.epoch, function_id(self.function), GATE, json.dumps(text).encode())
        input = abi_encode(["address", "bytes32", "bytes"], [bytes(ACCOUNT), POLICY, envelope])
        return replace(make_request(function=self.function), input=input, consumer=GATE)

    async def look(self, document: str) -> Observation:
        """What this member sees."""
        return await self.runs.observe(self.function, self.request(document), ())

    def workers(self) -> Iterator[int]:
        """The processes of its pool."""
        for worker in self.pool._crew.workers:
            yield worker._process.pid


@pytest.fixture
async def member(tmp_path: Path) -> AsyncIterator[Member]:
    project = load_project(EXAMPLE)
    compile_c(project.source_path, tmp_path / "gate.wasm")
    function = Function((tmp_path / "gate.wasm").read_bytes(), project.manifest.terms)
    async with (
        members(tmp_path, 1) as (desk,),
        TestServer(application()) as provider,
        WorkerPool(size=1, cache=tmp_path / "compiled", spares=0) as pool,
    ):
        for name, value in VALUES.items():
            await desk.desk.put(
                make_secret(
                    *(OWNER.private_key, OWNER.address, desk.epoch, function_id(function), name, value.encode()),
                    version=1,
                    expires=int(NOW) + DAY,
                    subscription=7,
                )
            )
        runs = WorkerRuns(pool, HttpSettings(overrides={HOST: f"127.0.0.1:{provider.port}"}))
        runs.private = desk.desk.open_for
        yield Member(desk, runs, pool, function)


def nullifier(document: str) -> bytes:
    number = str(PEOPLE[document]["number"]).encode()
    return b"0x" + keccak256(NULLIFIER_KEY.encode() + POLICY + number).hex().encode()


async def test_a_run_in_a_worker_reads_secrets_and_the_private_input(member: Member) -> None:
    """And only the verdict comes out of it."""
    assert await member.look("X1234567") == Observation(Kind.VALUE, nullifier("X1234567"))
    assert await member.look("X7654321") == Observation(Kind.VALUE, b"no")
    assert await member.look("X0000000") == Observation.error("http-status")
    member.runs.private = None  # a node that has no desk
    assert await member.look("X1234567") == Observation.error("input-unreadable")


class Deadly:
    """A member's private data; whoever reads a secret through it dies, so many times."""

    def __init__(self, member: Member, times: int) -> None:
        self._member, self._times = member, times

    def open_for(self, function: Function, request: Request) -> Deadly:
        self._opening = self._member.desk.desk.open_for(function, request)
        return self

    async def input(self, envelope: bytes) -> bytes:
        return await self._opening.input(envelope)

    async def secret(self, name: str) -> bytes:
        value = await self._opening.secret(name)
        if self._times > 0:
            self._times -= 1
            for process in list(self._member.workers()):
                with contextlib.suppress(ProcessLookupError):
                    os.kill(process, signal.SIGABRT)  # what would leave a core file, were there any
        return value


async def test_a_worker_that_dies_in_the_middle_tells_nothing(member: Member, caplog: pytest.LogCaptureFixture) -> None:
    """Once, and another one goes on; twice, and the fault has no words: they could be the guest's."""
    caplog.set_level(logging.DEBUG)
    member.runs.private = Deadly(member, 1).open_for
    assert await member.look("X1234567") == Observation(Kind.VALUE, nullifier("X1234567"))
    member.runs.private = Deadly(member, 2).open_for
    with pytest.raises(HostFault) as fault:
        await member.look("X1234567")
    assert str(fault.value) == "WorkerDied; its words are not told, for the run reads private data"
    assert fault.value.__suppress_context__
    told = caplog.text + "".join(str(event.plain()) for event in member.desk.events.after(0))
    assert [marker for marker in MARKERS if marker in told] == []
    files = [path.read_bytes() for path in member.desk.folder.iterdir()]
    assert [marker for marker in MARKERS for data in files if marker.encode() in data] == []
