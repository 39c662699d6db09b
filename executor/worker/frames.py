"""What parent and worker say to each other: frames over a socket pair.

A frame is `header length (u32) ++ blob count (u32) ++ blob lengths (u32 each) ++ header (JSON) ++ blobs`, all
little-endian. Large bytes travel as blobs, so nothing is written in hex but small model values. The reader of either
side checks every length before it reads. What a worker says has limits of its own: one that was taken over says what
it likes, and its node reads it.

parent -> worker: run {verb, request, transcript}; load {function_id}; compile {terms} [module, source];
    function {terms} [module, source, code]; response {status} [bytes]
worker -> parent: ready {confinement}; need; running; call {operation} [request]; end {...} [bytes]; loaded;
    compiled [code]; stale; fault {error, message}

A run is answered by `need` where the worker does not hold the function, then by `running`, calls and `end`. `stale`
says that the engine refuses the code.
"""

from __future__ import annotations

import asyncio
import json
import socket
import struct
from dataclasses import dataclass, field
from typing import Any, Final

from executor.errors import HostFault
from executor.model.codec import check_nesting

MAX_HEADER_BYTES: Final = 1 << 24  # 32 entries of 32 kB in hex are 2 MB
MAX_BLOBS: Final = 4
MAX_KIND: Final = 16  # letters: the kinds above
MAX_CODE_BYTES: Final = 1 << 28  # compiled code of the largest modules
TOLD_HEADER_BYTES: Final = 1 << 20  # from a worker: what guests may log, six bytes a character, is 0.9 MB
TOLD_BLOB_BYTES: Final = 1 << 18  # from a worker: the request of a call; outputs and observations are smaller
_LENGTHS: Final = struct.Struct("<II")


@dataclass(frozen=True, slots=True)
class Frame:
    """One message."""

    kind: str
    fields: dict[str, Any] = field(default_factory=dict)
    blobs: tuple[bytes, ...] = ()

    def encode(self) -> bytes:
        """Its bytes."""
        header = json.dumps({"kind": self.kind, **self.fields}, separators=(",", ":")).encode("utf-8")
        lengths = struct.pack(f"<{len(self.blobs)}I", *[len(blob) for blob in self.blobs])
        return b"".join([_LENGTHS.pack(len(header), len(self.blobs)), lengths, header, *self.blobs])


def send(connection: socket.socket, frame: Frame) -> None:
    """Send a frame, blocking."""
    connection.sendall(frame.encode())


def receive(connection: socket.socket) -> Frame:
    """The next frame, blocking; raises EOFError when the other side is gone."""
    header_bytes, count = _check_head(_exactly(connection, _LENGTHS.size), MAX_HEADER_BYTES)
    sizes = _check_sizes(_exactly(connection, 4 * count), MAX_CODE_BYTES)
    header = _exactly(connection, header_bytes)
    return _frame(header, tuple([_exactly(connection, size) for size in sizes]))


async def receive_async(reader: asyncio.StreamReader, blob_bytes: int = TOLD_BLOB_BYTES) -> Frame:
    """The next frame of a worker; raises asyncio.IncompleteReadError when it is gone. `blob_bytes`: of all blobs."""
    header_bytes, count = _check_head(await reader.readexactly(_LENGTHS.size), TOLD_HEADER_BYTES)
    sizes = _check_sizes(await reader.readexactly(4 * count), blob_bytes)
    header = await reader.readexactly(header_bytes)
    return _frame(header, tuple([await reader.readexactly(size) for size in sizes]))


def _check_head(head: bytes, limit: int) -> tuple[int, int]:
    header_bytes, count = _LENGTHS.unpack(head)
    if header_bytes > limit or count > MAX_BLOBS:
        raise HostFault(f"a frame of {header_bytes} header bytes and {count} blobs")
    return header_bytes, count


def _check_sizes(lengths: bytes, limit: int) -> tuple[int, ...]:
    sizes = struct.unpack(f"<{len(lengths) // 4}I", lengths)
    if sum(sizes) > limit:
        raise HostFault(f"a frame with blobs of {sizes} bytes")
    return sizes


def _frame(header: bytes, blobs: tuple[bytes, ...]) -> Frame:
    try:
        text = header.decode("utf-8")
        check_nesting(text)
        fields = json.loads(text)
        kind = fields.pop("kind")
    except (ValueError, KeyError, AttributeError, TypeError) as error:
        raise HostFault(f"a malformed frame: {str(error)[:200]}") from error
    if not isinstance(kind, str) or len(kind) > MAX_KIND:
        raise HostFault("a malformed frame: its kind is no word of ours")
    return Frame(kind, fields, blobs)


def _exactly(connection: socket.socket, size: int) -> bytes:
    data = bytearray()
    while len(data) < size:
        part = connection.recv(min(size - len(data), 1 << 20))
        if not part:
            raise EOFError("the other side closed the connection")
        data += part
    return bytes(data)
