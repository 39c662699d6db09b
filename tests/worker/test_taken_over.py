"""What a worker that was taken over tries on the node and on other functions: its run fails, and nothing else does."""

from __future__ import annotations

import asyncio
import json
import signal
import struct

import pytest
from vm.guests import SPEC, program, request

from executor.errors import HostFault
from executor.model.observation import Kind, Observation
from executor.model.outcome import Awaiting, Failed, Returned, TrapCode, Trapped
from executor.model.profile import PROFILE
from executor.model.transcript import Entry
from executor.vm import Diagnostics, LogLine
from executor.worker.frames import TOLD_BLOB_BYTES, TOLD_HEADER_BYTES, Frame
from executor.worker.handle import LAST_WORDS_BYTES, SAID_BYTES, WorkerHandle, WorkerSettings
from executor.worker.messages import End, end_frame
from executor.worker.serving import TimeLimits
from executor.worker.spawn import spawn
from worker.pools import HTTP, observer, until
from worker.test_lying_workers import RUNNING, liar, no_code
from worker.worlds import World

TARGET = observer(grants=HTTP)
FUEL = TARGET.function.terms.limits.fuel
OUTPUT = TARGET.function.terms.limits.output_bytes


def raw(number: str, end: str = "returned", message: str = '""', logs: str = "[]") -> bytes:
    """An end frame with numbers and texts that our own encoder would not write."""
    fields = f'"number":{number},"logs":{logs},"message":{message},"memory_bytes":0,"loaded":true'
    header = f'{{"kind":"end","end":"{end}",{fields}}}'.encode()
    return struct.pack("<III", len(header), 1, 1) + header + b"x"


async def told(said: bytes, verb: str = "execute", transcript: tuple[Entry, ...] = ()) -> End:
    """What comes of a run whose worker says this, and that no other run gets the worker after a lie."""
    worker = await liar(said)
    try:
        world = World() if verb == "observe" else None
        end, _ = await worker.run(verb, TARGET.function, request(TARGET), transcript, world, no_code)
    except HostFault:
        assert not worker.alive
        raise
    finally:
        await worker.kill()
    return end


NUMBERS = {
    "no number of this world": raw("1e999"),
    "a number below nothing": raw("-1"),
    "a fraction": raw("1.5"),
    "a truth": raw("true"),
    "a number in words": raw('"7"'),
    "a number of many digits": raw("9" * 5_000),
    "a text that is none": raw("1", message='"\\ud800"'),
    "a log that is none": raw("1", logs='[[1,"\\udfff"]]'),
    "a level beyond all": raw("1", logs='[[1e999,"a"]]'),
    "a kind of its own length": Frame("victory" * 1_000, {}).encode(),
    "a kind that is no word": struct.pack("<II", 15, 0) + b'{"kind":["end"]}'[:15],
    "a kind that is a list": struct.pack("<II", 16, 0) + b'{"kind":["end"]}',
}


@pytest.mark.parametrize("lie", NUMBERS)
async def test_numbers_and_texts_that_break_readers_are_host_faults(lie: str) -> None:
    """What Python's own conversions choke on is a fault of the worker, not an error that ends the node."""
    with pytest.raises(HostFault, match=r"a worker sent|a malformed frame") as caught:
        await told(RUNNING + NUMBERS[lie])
    assert len(str(caught.value)) < 400


ENDS: dict[str, End] = {
    "more fuel than there was": Returned(b"", FUEL + 1),
    "more output than allowed": Returned(bytes(OUTPUT + 1), 1),
    "an error of its own length": Failed(bytes(PROFILE.ceilings.error_bytes + 1), 1),
    "a trap that cost less than all": Trapped(TrapCode.TRAP, FUEL - 1),
    "another slot": Awaiting(1, SPEC),
    "what nobody can observe": Awaiting(0, b"{}"),
    "a draw that was not granted": Awaiting(0, b'{"draw":{}}'),
    "an observation larger than any": Observation(Kind.VALUE, bytes(PROFILE.ceilings.observation_bytes + 1)),
}


@pytest.mark.parametrize("lie", ENDS)
async def test_an_end_that_no_run_has_is_a_host_fault(lie: str) -> None:
    """It would be an error in the protocol, whose every member may run the same hostile guest at the same time."""
    with pytest.raises(HostFault, match="a worker said"):
        await told(RUNNING + end_frame(ENDS[lie], Diagnostics()).encode())


@pytest.mark.parametrize("end", [Returned(bytes(OUTPUT), FUEL), Trapped(TrapCode.STACK, FUEL), Awaiting(0, SPEC)])
async def test_the_largest_ends_pass(end: End) -> None:
    """The control: what lies on the limit is believed."""
    assert await told(RUNNING + end_frame(end, Diagnostics()).encode()) == end


async def test_words_of_guests_are_bounded_on_the_way_too() -> None:
    """Lines beyond what guests may log, or beyond what a frame may say, are never kept."""
    whole = [LogLine(1, "\0" * 65), *[LogLine(1, "é" * 65)] * 999]
    passed = Diagnostics(whole, "x" * 4_096)
    assert await told(RUNNING + end_frame(Returned(b"", 1), passed).encode()) == Returned(b"", 1)
    for logs in ([LogLine(1, "")] * 2_001, [LogLine(1, "x" * 131_073)]):
        with pytest.raises(HostFault, match="a worker sent"):
            await told(RUNNING + end_frame(Returned(b"", 1), Diagnostics(logs)).encode())


@pytest.mark.parametrize(
    "head",
    [
        struct.pack("<II", TOLD_HEADER_BYTES + 1, 0),
        struct.pack("<III", 2, 1, TOLD_BLOB_BYTES + 1),
        struct.pack("<IIII", 2, 2, TOLD_BLOB_BYTES, 1),
    ],
)
async def test_a_frame_larger_than_any_honest_one_is_not_read(head: bytes) -> None:
    """The node's memory and its loop are not a worker's to fill: megabytes of JSON cost a second each."""
    with pytest.raises(HostFault, match="a frame"):
        await told(head)


@pytest.mark.parametrize("operation", ["http.fetch" * 7, "\x1b[2J" * 100_000, None, 7, ["http.fetch"]])
async def test_an_operation_that_no_guest_can_name_is_not_asked(operation: object) -> None:
    """The world never sees it, nor does a log."""
    call = Frame("call", {"operation": operation}, (b"1.5",)).encode()
    with pytest.raises(HostFault, match="cannot make") as caught:
        await told(RUNNING + call, "observe")
    assert len(str(caught.value)) < 100


async def test_a_fault_is_told_in_few_and_printable_words() -> None:
    """A worker's words go into events and logs of the node."""
    header = json.dumps({"kind": "fault", "error": "HostFault", "message": "\ud800" + "x" * 100_000})
    with pytest.raises(HostFault) as caught:
        await told(struct.pack("<II", len(header), 0) + header.encode())
    assert len(str(caught.value)) <= 4_096
    assert str(caught.value).encode("utf-8")


@pytest.mark.parametrize("kind", ["InvalidModule", "InvalidManifest", "TranscriptMismatch"])
async def test_a_worker_that_blames_the_function_is_recycled(kind: str) -> None:
    """Such a fault is no outcome; a worker that tells it of others' functions does not stay for long."""
    worker = await liar(Frame("fault", {"error": kind, "message": "no"}).encode())
    with pytest.raises(Exception, match="no"):
        await worker.run("execute", TARGET.function, request(TARGET), (), None, no_code)
    assert worker.stopped_a_guest
    await worker.kill()


async def test_a_worker_that_refuses_its_code_goes() -> None:
    """Else it would have the code of every other function made again and again, and none of them run."""

    async def code() -> bytes:
        return b"code"

    said = Frame("need").encode() + Frame("stale", {"message": "not mine"}).encode()
    worker = await liar(said)
    with pytest.raises(Exception):  # noqa: B017 # CodeMissing is the pool's own, no error of ours
        await worker.run("execute", TARGET.function, request(TARGET), (), None, code)
    assert not worker.alive
    await worker.kill()


SHOUTER = """
import os
while True:
    os.write(2, b"x" * 65_536)
"""


async def test_a_worker_cannot_keep_the_node_busy_with_its_last_words() -> None:
    """Beyond what a traceback has nobody reads on: who shouts is ended."""
    settings = WorkerSettings(TimeLimits(20, 20), 1 << 30, require_confinement=False)
    worker = WorkerHandle(await spawn(["-c", SHOUTER]), settings)
    await until(lambda: not worker.alive)
    async with asyncio.timeout(20):
        assert await worker._process.wait() == -signal.SIGKILL
    assert worker.heard_bytes <= SAID_BYTES + LAST_WORDS_BYTES
    pipe = worker._process._transport.get_pipe_transport(2)  # which nobody may have read to its end
    await worker.kill()
    assert pipe.is_closing()


def test_the_limits_hold_what_the_rules_allow() -> None:
    """A call's request, an output, and logs of both modes in their longest spelling fit."""
    logs = [LogLine(0, "\0" * 65)] * 2_000
    frame = end_frame(Returned(b"", 1), Diagnostics(logs, "\0" * 4_096)).encode()
    assert len(frame) < TOLD_HEADER_BYTES
    assert max(PROFILE.ceilings.call_request_bytes, OUTPUT) <= TOLD_BLOB_BYTES


def test_a_program_that_awaits_within_its_rights_is_believed() -> None:
    """The control for awaited slots after agreed ones."""
    from executor.worker.ends import check_end  # beside its only use

    target = program(limits={"observations": 2})
    entry = Entry(SPEC, Kind.VALUE, b"1")
    check_end(Awaiting(1, SPEC), target.function, request(target), (entry,))
    with pytest.raises(HostFault, match="observations: 3"):
        check_end(Awaiting(2, SPEC), target.function, request(target), (entry, entry))
