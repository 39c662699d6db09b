"""The signer process over its socket: clean, killed, restarted, and fed garbage."""

from __future__ import annotations

import asyncio
import stat
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from key_bench import MARK

from executor.errors import InvalidValue, SignerUnavailable, SigningRefused
from executor.keys.client import SignerClient
from executor.keys.frames import frame, read_frame
from executor.keys.keyset import KeySet
from executor.keys.messages import MAX_FRAME_BYTES, VERSION, Call, Hello
from executor.keys.sealing import seal
from executor.keys.server import MAX_CONNECTIONS
from executor.model.codec import encode
from executor.model.committee import EpochIdentity
from executor.model.report import Report
from executor.protocol.statements import ReportsStatement

Start = Callable[[], Any]
MakeReport = Callable[..., Report]


HELLO = frame(encode(Call(1, None, Hello(VERSION, "a test"))))


def call(ask: bytes) -> bytes:
    """A frame with an ask of these bytes."""
    return frame(b'{"ask":' + ask + b',"id":7,"key":null}')


async def raw(socket: Path, data: bytes) -> bytes | None:
    """The answer frame to raw bytes after a hello, or None when the signer just hangs up."""
    reader, writer = await asyncio.open_unix_connection(socket)
    try:
        writer.write(HELLO)
        assert b"welcome" in (await read_frame(reader) or b"")
        writer.write(data)
        writer.write_eof()
        async with asyncio.timeout(10):
            return await read_frame(reader)
    finally:
        writer.close()


async def test_it_signs_and_stops_cleanly(
    start: Start, keys: KeySet, epoch: EpochIdentity, make_report: MakeReport
) -> None:
    """Every path over the socket; the socket is 0600 and gone after SIGTERM."""
    one = start()
    assert stat.S_IMODE(one.socket.stat().st_mode) == 0o600
    client = SignerClient(one.socket)
    assert await client.public_keys() == keys.public
    signed = await client.sign(ReportsStatement(epoch, (make_report(),)), MARK, bls=True)
    assert (len(signed.signatures.ecdsa), len(signed.signatures.bls)) == (64, 48)
    assert signed.record_counter == 1
    with pytest.raises(SigningRefused, match="another outcome"):
        await client.sign(ReportsStatement(epoch, (make_report(output=b"other"),)), MARK, bls=True)
    assert await client.unseal(seal(keys.public.encryption_key, b"x" * 100_000)) == b"x" * 100_000
    with pytest.raises(InvalidValue):
        await client.unseal(b"garbage")
    together = await asyncio.gather(*(client.sign_message(epoch, 0, 1, bytes([i])) for i in range(20)))
    assert len(set(together)) == 20
    assert one.stop() == 0  # with the client still connected
    assert "refused to sign" in one.log.read_text()
    assert "Traceback" not in one.log.read_text()
    assert not one.socket.exists()
    with pytest.raises(SignerUnavailable):
        await client.public_keys()


DIES_BEFORE_SIGNING = """
import os, sys
from executor.crypto import secp256k1
from executor.keys import process
secp256k1.sign = lambda *_: os.kill(os.getpid(), 9)
sys.exit(process.main(sys.argv[1:]))
"""


async def test_a_kill_between_record_and_signature_loses_nothing(
    directory: Path, start: Start, epoch: EpochIdentity, make_report: MakeReport, tmp_path: Path
) -> None:
    """Killed at the moment of signing: the outcome is on record, it alone is signed after the restart."""
    path = tmp_path / "run" / "s.sock"
    command = [sys.executable, "-c", DIES_BEFORE_SIGNING, "--directory", str(directory), "--socket", str(path)]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as process:  # noqa: ASYNC220 # nothing else runs
        assert process.stdin is not None
        assert process.stdout is not None
        process.stdin.write("correct horse\n")
        process.stdin.flush()
        assert "listens on" in process.stdout.readline()
        with pytest.raises(SignerUnavailable):
            await SignerClient(path).sign(ReportsStatement(epoch, (make_report(),)), MARK, bls=False)
        assert process.wait(10) == -9

    client = SignerClient(start().socket)
    assert await client.record_counter() == 1
    with pytest.raises(SigningRefused):
        await client.sign(ReportsStatement(epoch, (make_report(output=b"other"),)), MARK, bls=False)
    assert len((await client.sign(ReportsStatement(epoch, (make_report(),)), MARK, bls=False)).signatures.ecdsa) == 64
    assert await client.record_counter() == 1
    await client.close()


async def test_the_client_reconnects(start: Start, epoch: EpochIdentity) -> None:
    """One client outlives its signer: an ask in between fails by name, the next one after the restart is answered."""
    one = start()
    client = SignerClient(one.socket)
    before = await client.sign_message(epoch, 0, 1, b"payload")
    one.kill()
    with pytest.raises(SignerUnavailable, match="does not answer"):
        await client.sign_message(epoch, 0, 1, b"payload")
    two = start()
    assert before == await client.sign_message(epoch, 0, 1, b"payload")
    two.kill()
    start()
    assert before == await client.sign_message(epoch, 0, 1, b"payload")
    await client.close()


GARBAGE = {
    "no JSON": frame(b"garbage"),
    "empty": frame(b""),
    "an unknown kind": call(b'{"kind":"sign-anything"}'),
    "no statement": call(b'{"bls":false,"kind":"sign-statement","statement":{"kind":"digest"}}'),
    "an extra field": call(b'{"kind":"show-keys","more":1}'),
    "not canonical": call(b'{ "kind":"show-keys"}'),
    "a digest to sign": call(b'{"digest":"0x00","kind":"sign-message"}'),
    "a lone surrogate": call(b'{"kind":"\\ud800"}'),
    "a digest to draw": call(b'{"digest":"0x00","kind":"sign-part"}'),
    "a share to be shown": call(b'{"epoch":null,"kind":"show-share"}'),
    "half a dealing": call(b'{"dealing":{"dealer":0,"type":"dealing"},"epoch":null,"kind":"judge-dealing"}'),
    "a second hello": call(b'{"client":"again","kind":"hello","version":1}'),
    "no call": frame(b'{"kind":"show-keys"}'),
    "deeply nested": frame(b"[" * 100_000),
    "invalid UTF-8": frame(b"\xff\xff"),
    "cut short": frame(b'{"kind":"show-keys"}')[:-1],
    "cut in the length": b"\0\0",
    "oversized": (MAX_FRAME_BYTES + 1).to_bytes(4, "big"),
    "http": b"GET / HTTP/1.1\r\n\r\n",
}


async def test_garbage_is_answered_and_harmless(start: Start, keys: KeySet) -> None:
    """Each kind of garbage gets an `invalid` answer by name, and the next client is served."""
    one = start()
    for name, data in GARBAGE.items():
        answer = await raw(one.socket, data)
        assert answer is not None, name
        assert b'"kind":"invalid"' in answer, name
    assert await raw(one.socket, b"") is None
    client = SignerClient(one.socket)
    assert await client.public_keys() == keys.public
    await client.close()
    assert "Traceback" not in one.log.read_text()


async def test_connections_are_bounded(start: Start, keys: KeySet) -> None:
    """Idle connections up to the bound cost nothing; one more is hung up on, and a freed place serves again."""
    one = start()
    idle = [await asyncio.open_unix_connection(one.socket) for _ in range(MAX_CONNECTIONS)]
    client = SignerClient(one.socket, timeout_s=5)
    with pytest.raises(SignerUnavailable):
        await client.public_keys()
    for _, writer in idle:
        writer.close()
        await writer.wait_closed()
    await asyncio.sleep(0.2)  # the signer notices in its own time
    assert await client.public_keys() == keys.public
    await client.close()


async def test_the_client_refuses_what_it_cannot_send(tmp_path: Path, epoch: EpochIdentity) -> None:
    """No socket: SignerUnavailable. A payload over the frame limit: InvalidValue, before anything is sent."""
    client = SignerClient(tmp_path / "absent.sock")
    with pytest.raises(SignerUnavailable):
        await client.public_keys()
    with pytest.raises(InvalidValue, match="limit"):
        await client.sign_message(epoch, 0, 1, bytes(MAX_FRAME_BYTES // 2))


async def test_a_silent_signer_is_unavailable(tmp_path: Path) -> None:
    """A socket that accepts and never answers, and one that answers nonsense."""

    async def silent(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.read()
        writer.close()

    async def nonsense(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await read_frame(reader)
        writer.write(frame(b'{"kind":"keys"}'))
        await writer.drain()
        writer.close()

    for behaviour, why in ((silent, "does not answer"), (nonsense, "malformed")):
        path = tmp_path / f"{behaviour.__name__}.sock"
        server = await asyncio.start_unix_server(behaviour, path)
        client = SignerClient(path, timeout_s=0.3)
        with pytest.raises(SignerUnavailable, match=why):
            await client.public_keys()
        await client.close()
        server.close()
        await server.wait_closed()


def run(directory: Path, socket: Path, password: str, *more: str) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-m", "executor.keys.process", "--directory", directory, "--socket", socket, *more]
    return subprocess.run([str(part) for part in command], input=password, capture_output=True, text=True, timeout=60)


def test_it_says_why_it_does_not_start(directory: Path, tmp_path: Path, start: Start) -> None:
    """One line and exit code 1: wrong password, none, no keys, no record, an open directory, a second signer."""
    place = tmp_path / "run"
    place.mkdir(mode=0o700)
    socket = place / "s.sock"

    def why(result: subprocess.CompletedProcess[str]) -> str:
        assert result.returncode == 1
        assert result.stderr.count("\n") == 1
        return result.stderr

    assert "wrong password" in why(run(directory, socket, "wrong\n"))
    assert "no password" in why(run(directory, socket, ""))
    assert "cannot read the password file" in why(run(directory, socket, "", "--password-file", str(tmp_path / "no")))
    assert "cannot read the keys' directory" in why(run(tmp_path / "nowhere", socket, "correct horse\n"))
    assert "longer than" in why(run(directory, place / ("x" * 120), "correct horse\n"))
    place.chmod(0o755)
    assert "open to other users" in why(run(directory, socket, "correct horse\n"))
    place.chmod(0o700)
    (place / "file").write_bytes(b"")
    assert "no socket" in why(run(directory, place / "file", "correct horse\n"))
    running = start()
    assert "locked" in why(run(directory, socket, "correct horse\n"))
    running.kill()
    (directory / "record.sqlite3").unlink()
    assert "could sign twice" in why(run(directory, socket, "correct horse\n"))
