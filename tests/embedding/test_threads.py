"""Programs are shared by threads: every outcome and every unit of fuel is the one a single thread gets."""

from __future__ import annotations

import asyncio
import json
import sys
import threading
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from pathlib import Path
from random import Random
from typing import Any

import pytest

from executor import (
    PROFILE,
    Answer,
    Diagnostics,
    Function,
    HostFault,
    Kind,
    Loader,
    Observation,
    Program,
    Refusal,
    Response,
    TranscriptMismatch,
    TrapCode,
    Trapped,
    engine_for,
    execute,
    load,
    observe,
)
from executor.model.codec import from_plain
from executor.model.manifest import parse_terms
from executor.model.request import Request
from executor.model.transcript import Transcript

ROOT = Path(__file__).resolve().parents[2]
ROWS = json.loads((ROOT / "fixtures" / "vectors" / "execute.json").read_text())["tests"]
HTTP = parse_terms({"capabilities": {"http": {"hosts": ["a.example"]}}})
LOOKS = b"""import { http, identical, observe } from "executor";
export default (input) => observe(identical, () => http.get("https://a.example/" + input.text()).text());
"""
THREADS = 8
LOAD = Loader()  # the engine is compiled once
SMALL_STACK = 256 * 1024


@pytest.fixture(scope="module")
def runs() -> list[tuple[Program, Request, Transcript, object]]:
    """Every run of the vectors that loads: returned, failed, each trap, awaiting, mismatches; what each ends in."""
    found = []
    for row in ROWS:
        if row.get("error") == "InvalidModule":
            continue
        stated = row["module"]
        module = (ROOT / stated["file"]).read_bytes() if "file" in stated else bytes.fromhex(stated["wasm"][2:])
        program = LOAD(Function(module, parse_terms(row["terms"]), bytes.fromhex(row["source"][2:])))
        request = replace(from_plain(Request, row["request"]), function_id=program.function_id)
        transcript = from_plain(Transcript, row["transcript"])
        found.append((program, request, transcript, end(program, request, transcript)))
    assert {TrapCode.STACK, TrapCode.OUT_OF_FUEL} <= {run[3].code for run in found if isinstance(run[3], Trapped)}
    return found


def end(program: Program, request: Request, transcript: Transcript) -> object:
    """An outcome, or the mismatch's text."""
    try:
        return execute(program, request, transcript)
    except TranscriptMismatch as mismatch:
        return str(mismatch)


@pytest.fixture
def small_stacks() -> Iterator[None]:
    """New threads have little stack."""
    before = threading.stack_size(SMALL_STACK)
    yield
    threading.stack_size(before)


@pytest.fixture
def often() -> Iterator[None]:
    """Threads take turns as often as the interpreter can."""
    before = sys.getswitchinterval()
    sys.setswitchinterval(1e-5)
    yield
    sys.setswitchinterval(before)


@pytest.mark.usefixtures("small_stacks", "often")
def test_many_threads_run_the_same_and_different_programs_at_once(runs: list[Any]) -> None:
    """Each of eight threads with 256 KiB of stack runs everything, in an order of its own: deep recursion, too."""

    def everything(seed: int) -> None:
        for program, request, transcript, expected in Random(seed).sample(runs, len(runs)):
            assert end(program, request, transcript) == expected

    with ThreadPoolExecutor(THREADS) as threads:
        list(threads.map(everything, range(THREADS)))


@pytest.mark.usefixtures("often")
def test_threads_load_at_once(runs: list[Any]) -> None:
    """The same functions, loaded anew by each thread while others run: same ids, same outcomes."""
    small = [run for run in runs if not run[0].function.source][:12]

    def anew(seed: int) -> None:
        for program, request, transcript, expected in Random(seed).sample(small, len(small)):
            again = load(program.function)
            assert again.function_id == program.function_id
            assert end(again, request, transcript) == expected

    with ThreadPoolExecutor(THREADS) as threads:
        list(threads.map(anew, range(THREADS)))


class World:
    """Answers by what is asked: a body, a refusal, or a failure of this host's."""

    def call(self, operation: str, request: bytes) -> Response:
        """Any thread, no state."""
        url = json.loads(request[4 : 4 + int.from_bytes(request[:4], "little")])["url"]
        match url.rsplit("/", 1)[1].split("-"):
            case ["body", body]:
                return message(body.encode())
            case ["refused", code]:
                return Refusal(code)
            case _:
                raise RuntimeError(f"no answer to {url}")


def message(body: bytes) -> Answer:
    """A reply as docs/wire.md §5 writes it."""
    head = b'{"headers":{},"status":200}'
    return Answer(len(head).to_bytes(4, "little") + head + body)


@pytest.mark.usefixtures("often")
def test_each_thread_sees_its_own_world_and_its_own_faults() -> None:
    """Answers, refusals and exceptions of capabilities, mixed: none of them ever reaches another thread's run."""
    program, world = LOAD(Function(engine_for("javascript"), HTTP, LOOKS)), World()

    def look(number: int) -> object:
        kind = ("body", "refused", "broken")[number % 3]
        request = Request.local(program.function_id, f"{kind}-{number}".encode())
        diagnostics = Diagnostics()
        try:
            return observe(program, request, (), world, diagnostics=diagnostics)
        except HostFault as fault:
            return str(fault)

    with ThreadPoolExecutor(THREADS) as threads:
        for number, seen in enumerate(threads.map(look, range(90))):
            match number % 3:
                case 0:
                    assert seen == Observation(Kind.VALUE, f"{number}".encode())
                case 1:
                    assert seen == Observation.error(f"{number}")
                case _:
                    assert f"no answer to https://a.example/broken-{number}" in str(seen)


async def test_runs_leave_the_event_loop_free(runs: list[Any]) -> None:
    """`asyncio.to_thread`: the loop goes on while guests run."""
    turns = 0

    async def count() -> None:
        nonlocal turns
        while True:
            turns += 1
            await asyncio.sleep(0)

    counting = asyncio.create_task(count())
    some = runs[::7]
    ends = await asyncio.gather(*(asyncio.to_thread(end, *run[:3]) for run in some))
    counting.cancel()
    assert ends == [run[3] for run in some]
    assert turns > 2, "a loop that is held takes one turn"


def test_two_profiles_live_in_one_process() -> None:
    """A profile is an argument, not a setting: each program keeps its own, also when they run at once."""
    shallow = replace(PROFILE, name="shallow", metering=replace(PROFILE.metering, depth=100))
    [row] = [row for row in ROWS if row["comment"] == "calls itself 15 deep, about 2,000 times"]
    nested = Function(bytes.fromhex(row["module"]["wasm"][2:]))
    here, there = LOAD(nested), LOAD(nested, shallow)
    assert here.function_id == there.function_id
    assert here.profile != there.profile
    request = Request.local(here.function_id)

    def both(number: int) -> str:
        return type(execute((here, there)[number % 2], request)).__name__

    with ThreadPoolExecutor(4) as threads:
        assert list(threads.map(both, range(16))) == ["Returned", "Trapped"] * 8


def test_a_run_inside_a_run_is_a_run() -> None:
    """A capability may itself execute functions: nothing is held in the thread."""
    program, inner = LOAD(Function(engine_for("javascript"), HTTP, LOOKS)), World()

    class Nested:
        def __init__(self, deeper: Callable[[str, bytes], Response]) -> None:
            self.deeper = deeper

        def call(self, operation: str, request: bytes) -> Response:
            seen = observe(program, Request.local(program.function_id, b"body-inner"), (), inner)
            answer = self.deeper(operation, request)
            assert isinstance(answer, Answer)
            return Answer(answer.data + seen.value)

    seen = observe(program, Request.local(program.function_id, b"body-outer"), (), Nested(inner.call))
    assert seen == Observation(Kind.VALUE, b"outerinner")
