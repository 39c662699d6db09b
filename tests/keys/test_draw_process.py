"""Draw keys over a real signer process: killed at every step, listened to, searched for a share, locked."""

from __future__ import annotations

import asyncio
import contextlib
import subprocess
import sys
from collections.abc import AsyncIterator, Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from share_bench import (
    FUNCTION,
    MARK,
    Signers,
    draw_of,
    epoch_of,
    make_key,
    plan_of,
    put_together,
    release_of,
    settled,
)

from executor.crypto import secp256k1
from executor.crypto.threshold import Share
from executor.errors import InvalidValue, SignerLocked, SignerUnavailable, SigningRefused
from executor.keys.calls import SignerCalls
from executor.keys.client import SignerClient
from executor.keys.keyset import KeySet
from executor.keys.sealing import unseal_share
from executor.keys.shares import Shares
from executor.model.committee import Epoch
from executor.model.ids import FunctionId, RequestId, TranscriptHash
from executor.protocol.key_plan import resharing_context

Start = Callable[[], Any]
REQUEST = RequestId(b"r" * 32)


class Committee:
    """Member 0 is a process over `keys`; three others are in memory."""

    def __init__(self, keys: KeySet, others: Signers) -> None:
        self.keys, self.others = keys, others
        self.epoch = epoch_of([keys, *others.sets])

    def with_process(self, client: SignerCalls) -> dict[int, SignerCalls]:
        return {0: client, **{index + 1: calls for index, calls in enumerate(self.others.calls)}}


@pytest.fixture
def committee(tmp_path: Path, keys: KeySet) -> Any:
    """Four members of one epoch."""
    others = Signers(tmp_path, 3, first=1)
    yield Committee(keys, others)
    others.close()


async def test_a_key_is_made_though_its_signer_is_killed_after_every_step(start: Start, committee: Committee) -> None:
    """SIGKILL after dealing, judging, opening and signing: the next process goes on as if nothing had been."""
    epoch, plan, one = committee.epoch, plan_of(committee.epoch, 0), start()
    client = SignerClient(one.socket)

    def killed() -> None:
        nonlocal one
        one.kill()
        one = start()

    first = await client.deal_shares(epoch, plan, MARK)
    killed()
    assert first == await client.deal_shares(epoch, plan, MARK)
    others = [await calls.deal_shares(epoch, plan_of(epoch, 1 + index), MARK)
              for index, calls in enumerate(committee.others.calls)]  # fmt: skip
    dealings = tuple(dealt.dealing for dealt in [first, *others] if dealt.dealing is not None)
    assert [await client.judge_dealing(epoch.identity, dealing) for dealing in dealings] == [True] * 4
    killed()
    opened = await client.open_share(epoch.identity, dealings, MARK)
    killed()
    assert opened == await client.open_share(epoch.identity, dealings, MARK)
    shown = {0: opened.opened, **{index + 1: (await calls.open_share(epoch.identity, dealings, MARK)).opened
                                  for index, calls in enumerate(committee.others.calls)}}  # fmt: skip
    made = put_together(epoch, dealings, shown, reshared=False)
    signed = await client.sign_draw_key(epoch.identity, made.public_key, made.hash, MARK)
    killed()
    assert signed == await client.sign_draw_key(epoch.identity, made.public_key, made.hash, MARK)
    with pytest.raises(SigningRefused, match="the draw key"):
        await client.sign_draw_key(epoch.identity, made.shares[0], made.hash, MARK)
    await client.close()


DIES = """
import os, sys
from executor.keys import process, record
admit = record.SignerRecord.admit_with
def dies(self, admission, change):
    if sys.argv[1] == "after":
        admit(self, admission, change)
    os.kill(os.getpid(), 9)
record.SignerRecord.admit_with = dies
sys.exit(process.main(sys.argv[2:]))
"""


@pytest.mark.parametrize("moment", ["before", "after"])
async def test_a_kill_around_the_commit_of_a_dealing_makes_no_second_one(
    directory: Path, start: Start, committee: Committee, tmp_path: Path, moment: str
) -> None:
    """Before it nothing was dealt; after it, and before the answer, what was dealt is what the next process answers."""
    path, epoch = tmp_path / "run" / "s.sock", committee.epoch
    command = [sys.executable, "-c", DIES, moment, "--directory", str(directory), "--socket", str(path)]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as process:  # noqa: ASYNC220 # nothing else runs
        assert process.stdin is not None
        assert process.stdout is not None
        process.stdin.write("correct horse\n")
        process.stdin.flush()
        assert "listens on" in process.stdout.readline()
        with pytest.raises(SignerUnavailable):
            await SignerClient(path).deal_shares(epoch, plan_of(epoch, 0), MARK)
        assert process.wait(10) == -9
    client = SignerClient(start().socket)
    assert await client.record_counter() == {"before": 0, "after": 2}[moment]
    dealt = await client.deal_shares(epoch, plan_of(epoch, 0), MARK)
    assert dealt.record_counter == 2
    assert dealt == await client.deal_shares(epoch, plan_of(epoch, 0), MARK)
    await client.close()


@contextlib.asynccontextmanager
async def listened(socket: Path, path: Path, heard: bytearray) -> AsyncIterator[None]:
    """A socket that passes everything on to another one, both ways, and keeps it."""

    async def carry(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        while data := await reader.read(65536):
            heard.extend(data)
            writer.write(data)
            await writer.drain()
        writer.close()

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        there, back = await asyncio.open_unix_connection(socket)
        await asyncio.gather(carry(reader, back), carry(there, writer))

    server = await asyncio.start_unix_server(serve, path)
    try:
        yield
    finally:
        server.close()


def shares_of(epoch: Epoch, dealings: tuple[Any, ...], index: int, secret: bytes) -> list[Share]:
    """Each share that a member was dealt, and their sum, as only its signer can know them."""
    dealt = [
        Share.decode(unseal_share(secret, dealing.sealed[index]).removeprefix(resharing_context(epoch, dealing.dealer)))
        for dealing in dealings
    ]
    holder = Shares(epoch, index, plan_of(epoch, index), b"", secret)
    holder.open(dealings)
    return [*dealt, holder.share(holder.made(dealings))]


def forms(number: int) -> list[bytes]:
    """How a number might be written."""
    encoded = number.to_bytes(32, "big")
    return [encoded, encoded[::-1], encoded.hex().encode(), encoded[::-1].hex().encode(), str(number).encode()]


def contents(directory: Path) -> bytes:
    """Every file of a folder."""
    return b"".join(path.read_bytes() for path in directory.iterdir())


async def test_no_share_is_in_anything_that_a_signer_says(
    start: Start, directory: Path, committee: Committee, keys: KeySet, tmp_path: Path
) -> None:
    """All its traffic and its log, over two epochs' keys and every kind of refused ask; nor on its disk."""
    one, heard, epoch = start(), bytearray(), committee.epoch
    async with listened(one.socket, tmp_path / "ear.sock", heard):
        client = SignerClient(tmp_path / "ear.sock")
        made = await make_key(epoch, committee.with_process(client))
        later = replace(epoch, number=2)
        again = await make_key(later, committee.with_process(client), made.shares)
        assert made.public_key == again.public_key
        await client.sign_draw_key(epoch.identity, made.public_key, made.hash, MARK)
        statement = settled(epoch, REQUEST, TranscriptHash(bytes(32)))
        release, draw = await release_of(committee.with_process(client), statement), draw_of(epoch, REQUEST)
        assert len(await client.sign_part(epoch.identity, FUNCTION, draw, release, MARK)) == 48
        asks: list[Callable[[], Any]] = [
            *(
                lambda dealing=dealing: client.unseal(dealing.sealed[0])
                for dealing in (*made.dealings, *again.dealings)
            ),
            lambda: client.open_share(epoch.identity, made.dealings[:3], MARK),
            lambda: client.open_share(epoch.identity, again.dealings, MARK),
            lambda: client.sign_part(epoch.identity, FUNCTION, replace(draw, ordinal=99), release, MARK),
            lambda: client.sign_part(epoch.identity, FunctionId(bytes(32)), draw, release, MARK),
            lambda: client.sign_draw_key(epoch.identity, made.shares[0], made.hash, MARK),
            lambda: client.deal_shares(epoch, replace(plan_of(epoch, 0), threshold=1), MARK),
            lambda: client.judge_dealing(epoch.identity, replace(made.dealings[0], sealed=())),
        ]
        for ask in asks:
            with pytest.raises((InvalidValue, SigningRefused)):
                await ask()
        await client.forget_shares(later.identity)
        await client.close()
    assert one.stop() == 0
    said = bytes(heard) + one.log.read_bytes()
    said += contents(directory)
    secrets = shares_of(epoch, made.dealings, 0, keys.encryption)
    assert secp256k1.address_of(keys.signer) == epoch.members[0].signer
    for share in secrets:
        assert not [form for form in forms(share.value) + forms(share.hiding) if form in said]
    assert made.shares[0].hex().encode() in said  # the public key of a share is said: a share would be found
    assert made.opened[0].proof.hex().encode() in said


async def test_a_locked_signer_has_no_shares(start: Start, committee: Committee) -> None:
    """Until it is unlocked; then it has them again, from its record."""
    client = SignerClient(start().socket)
    made = await make_key(committee.epoch, committee.with_process(client))
    identity = committee.epoch.identity
    await client.lock()
    for ask in (
        lambda: client.deal_shares(committee.epoch, plan_of(committee.epoch, 0), MARK),
        lambda: client.judge_dealing(identity, made.dealings[0]),
        lambda: client.open_share(identity, made.dealings, MARK),
        lambda: client.sign_draw_key(identity, made.public_key, made.hash, MARK),
        lambda: client.forget_shares(identity),
    ):
        with pytest.raises(SignerLocked):
            await ask()
    await client.unlock("correct horse")
    assert made.opened[0] == (await client.open_share(identity, made.dealings, MARK)).opened
    await client.close()
