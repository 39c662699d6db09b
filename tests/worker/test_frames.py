"""Frames between parent and worker: neither side trusts a length or a shape."""

from __future__ import annotations

import asyncio
import socket
import struct

import pytest
from hypothesis import given
from hypothesis import strategies as st

from executor.errors import HostFault, InvalidModule, TranscriptMismatch
from executor.model.observation import Kind, Observation
from executor.model.outcome import Awaiting, Failed, Returned, TrapCode, Trapped
from executor.vm import Answer, Diagnostics, LogLine, Refusal
from executor.worker.frames import TOLD_BLOB_BYTES, TOLD_HEADER_BYTES, Frame, receive, receive_async, send
from executor.worker.messages import (
    End,
    end_frame,
    fault_frame,
    read_end,
    read_fault,
    read_response,
    response_frame,
)

ENDS = st.one_of(
    st.builds(Returned, st.binary(max_size=50), st.integers(0, 2**62)),
    st.builds(Failed, st.binary(min_size=1, max_size=50), st.integers(0, 2**62)),
    st.builds(Trapped, st.sampled_from(TrapCode), st.integers(0, 2**62)),
    st.builds(Awaiting, st.integers(0, 65_535), st.binary(max_size=50)),
    st.binary(max_size=50).map(lambda value: Observation(Kind.VALUE, value)),
    st.just(Observation.error("http-503")),
)


def through(data: bytes) -> Frame:
    """What a parent reads from these bytes."""

    async def read() -> Frame:
        reader = asyncio.StreamReader()
        reader.feed_data(data)
        reader.feed_eof()
        return await receive_async(reader)

    return asyncio.run(read())


@given(ENDS, st.lists(st.tuples(st.integers(0, 2**32 - 1), st.text(max_size=9)), max_size=3), st.text(max_size=20))
def test_every_end_travels(end: End, logs: list[tuple[int, str]], message: str) -> None:
    """What is sent is what is read, byte for byte."""
    diagnostics = Diagnostics([LogLine(*line) for line in logs], message, 65_536)
    assert read_end(through(end_frame(end, diagnostics).encode())) == (end, diagnostics)


@given(st.one_of(st.builds(Answer, st.binary(max_size=100)), st.just(Refusal("timeout"))))
def test_every_response_travels(response: Answer | Refusal) -> None:
    """Answers and refusals."""
    assert read_response(through(response_frame(response).encode())) == response


@pytest.mark.parametrize("error", [HostFault("a"), TranscriptMismatch("b"), InvalidModule("c")])
def test_faults_keep_their_type(error: HostFault) -> None:
    """A typed error stays one."""
    read = read_fault(through(fault_frame(error).encode()))
    assert (type(read), str(read)) == (type(error), str(error))


def test_blocking_and_asyncio_sides_agree() -> None:
    """The worker's reader reads what the parent's writes."""
    ours, theirs = socket.socketpair()
    with ours, theirs:
        frame = Frame("call", {"operation": "http.fetch"}, (b"", b"x" * 100_000))
        send(ours, frame)
        assert receive(theirs) == frame == through(frame.encode())
        ours.close()
        with pytest.raises(EOFError):
            receive(theirs)


@pytest.mark.parametrize(
    "data",
    [
        struct.pack("<II", TOLD_HEADER_BYTES + 1, 0),
        struct.pack("<II", 2, 5),
        struct.pack("<III", 2, 1, TOLD_BLOB_BYTES + 1),
        struct.pack("<II", 2, 0) + b"{}",
        struct.pack("<II", 2, 0) + b"[]",
        struct.pack("<II", 2, 0) + b"\xff\xff",
        struct.pack("<II", 1, 0) + b"1",
    ],
)
def test_malformed_frames_are_host_faults(data: bytes) -> None:
    """Lengths over the limits and headers that are no object with a kind."""
    with pytest.raises(HostFault, match="frame"):
        through(data)


@pytest.mark.parametrize(
    "frame",
    [
        Frame("end", {}, (b"",)),
        Frame("end", {"end": "returned", "number": 1, "logs": [], "message": "", "memory_bytes": 0}, ()),
        Frame("end", {"end": "returned", "number": "x", "logs": [], "message": "", "memory_bytes": 0}, (b"",)),
        Frame("end", {"end": "failed", "number": 1, "logs": [], "message": "", "memory_bytes": 0}, (b"",)),
        Frame("end", {"end": "trapped", "number": 1, "logs": [], "message": "", "memory_bytes": 0}, (b"\x09",)),
        Frame("end", {"end": "trapped", "number": 1, "logs": [], "message": "", "memory_bytes": 0}, (b"",)),
        Frame("end", {"end": "observation", "number": 1, "logs": [], "message": "", "memory_bytes": 0}, (b"A B",)),
        Frame("end", {"end": "observation", "number": 2, "logs": [], "message": "", "memory_bytes": 0}, (b"a",)),
        Frame("end", {"end": "victory", "number": 1, "logs": [], "message": "", "memory_bytes": 0}, (b"",)),
        Frame("end", {"end": "returned", "number": 1, "logs": [1], "message": "", "memory_bytes": 0}, (b"",)),
    ],
)
def test_malformed_ends_are_host_faults(frame: Frame) -> None:
    """What a broken worker sends never becomes an outcome."""
    with pytest.raises(HostFault, match="a worker sent"):
        read_end(frame)
