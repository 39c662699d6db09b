"""Several key sets behind one socket: locked and unlocked, rotated, under a new password, for other users."""

from __future__ import annotations

import asyncio
import os
import shutil
import stat
import tempfile
from collections.abc import AsyncIterator, Callable
from pathlib import Path
from typing import Any

import pytest
import pytest_asyncio
from key_bench import MARK

from executor.crypto import secp256k1
from executor.crypto.digests import epoch_digest, message_digest
from executor.errors import InvalidValue, KeyStoreError, SignerLocked, SignerUnavailable, SigningRefused, WrongPassword
from executor.keys.access import Access, Peer, access_of, check_place
from executor.keys.client import SignerClient
from executor.keys.keyset import MAX_SETS, load_keys
from executor.keys.messages import MAX_PIPELINE, Begin, Call, Invalid, Lock, Locked, Up, Upcheck
from executor.keys.ring import Keyring
from executor.keys.rotation import change_password, rotate_keys
from executor.keys.server import SignerServer
from executor.model.committee import EpochIdentity
from executor.model.report import Report
from executor.protocol.statements import ReportsStatement

PASSWORD = "correct horse"
MakeReport = Callable[..., Report]


class Served:
    """A server in this process and where it listens."""

    def __init__(self, place: Path) -> None:
        self.socket = place / "s.sock"
        self.servers: list[tuple[SignerServer, Keyring]] = []

    async def serve(self, directory: Path, access: Access | None = None, *, locked: bool = False) -> SignerClient:
        ring = Keyring.open(directory)
        if not locked:
            ring.unlock(ring.decrypt(PASSWORD))
        server = SignerServer(ring, self.socket, access)
        self.servers.append((server, ring))
        await server.start()
        return SignerClient(self.socket)

    async def stop(self) -> None:
        while self.servers:
            server, ring = self.servers.pop()
            await server.close()
            ring.close()


@pytest_asyncio.fixture
async def served() -> AsyncIterator[Served]:
    """Serves directories; stops in the end."""
    with tempfile.TemporaryDirectory(prefix="ring-", dir="/tmp") as place:
        one = Served(Path(place))
        yield one
        await one.stop()


def vote(epoch: EpochIdentity, report: Report) -> ReportsStatement:
    return ReportsStatement(epoch, (report,))


async def test_a_locked_signer_signs_nothing_until_it_is_unlocked(
    served: Served, directory: Path, epoch: EpochIdentity, make_report: MakeReport
) -> None:
    """Also one started without a password; a wrong one unlocks nothing; what is public stays readable."""
    client = await served.serve(directory, locked=True)
    for _ in range(2):
        assert await client.is_locked()
        assert (await client.list_keys()).locked
        for ask in (client.public_keys(), client.sign(vote(epoch, make_report()), MARK, bls=False), client.unseal(b"")):
            with pytest.raises(SignerLocked, match="executor keys unlock"):
                await ask
        with pytest.raises(InvalidValue, match="wrong password"):
            await client.unlock("wrong")
        assert await client.is_locked()
        await client.unlock(PASSWORD)
        assert len((await client.sign(vote(epoch, make_report()), MARK, bls=False)).signatures.ecdsa) == 64
        await client.lock()
    await client.close()


async def test_rotated_keys_stand_beside_the_old(
    served: Served, directory: Path, epoch: EpochIdentity, make_report: MakeReport
) -> None:
    """Each call names its set; each record is its own, and what one refuses the other may sign."""
    rotated = rotate_keys(directory, PASSWORD, keep_transmitter=True, fast=True)
    assert rotated.directory == directory / "set-02"
    with pytest.raises(WrongPassword):
        rotate_keys(directory, "wrong", fast=True)
    client = await served.serve(directory)
    listed = (await client.list_keys()).sets
    assert [each.name for each in listed] == ["", "set-02"]
    assert listed[0].public.transmitter == listed[1].public.transmitter
    assert listed[1].public == rotated.public
    assert listed[0].public.signer != listed[1].public.signer
    with pytest.raises(InvalidValue, match="name the key set"):
        await client.public_keys()
    for number, each in enumerate(listed):
        chosen = client.of(each.public.signer)
        await chosen.sign(vote(epoch, make_report(output=b"%d" % number)), MARK, bls=False)
        digest = message_digest(epoch_digest(epoch), 0, 1, b"payload")
        signature = await chosen.sign_message(epoch, 0, 1, b"payload")
        assert secp256k1.is_signed_by(digest, signature, each.public.signer)
        with pytest.raises(SigningRefused, match="another outcome"):
            await chosen.sign(vote(epoch, make_report(output=b"%d" % (1 - number))), MARK, bls=False)
    with pytest.raises(InvalidValue, match="no key set"):
        await client.of(epoch.committee).public_keys()
    assert [each.record_counter for each in (await client.list_keys()).sets] == [1, 1]
    await client.close()


async def test_what_waits_is_recorded_together_and_judged_alone(
    served: Served, directory: Path, epoch: EpochIdentity, make_report: MakeReport, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Thirty-two votes in one transaction or few; those that contradict another are refused, and only they."""
    client = await served.serve(directory)
    await client.public_keys()
    ((_, ring),) = served.servers
    (holding,) = ring._holdings.values()
    admit, groups = holding.record.admit, []
    monkeypatch.setattr(holding.record, "admit", lambda asks: (groups.append(len(asks)), admit(asks))[1])
    reports = [make_report(number // 2, output=b"other" if number % 8 == 7 else b"output") for number in range(32)]
    asks = [client.sign(vote(epoch, report), MARK, bls=number % 2 == 0) for number, report in enumerate(reports)]
    answers = await asyncio.gather(*asks, return_exceptions=True)
    refused = [number for number, answer in enumerate(answers) if isinstance(answer, SigningRefused)]
    assert refused == [7, 15, 23, 31]
    assert sum(groups) == 32
    assert len(groups) < 8
    assert await client.record_counter() == 16
    await client.close()


async def test_a_pipeline_is_bounded_and_survives_a_restart(
    served: Served, directory: Path, epoch: EpochIdentity
) -> None:
    """More asks than places wait their turn; those under way when the signer goes are asked again."""
    client = await served.serve(directory)
    many = [client.sign_message(epoch, 0, 1, b"%d" % number) for number in range(3 * MAX_PIPELINE)]
    assert len(set(await asyncio.gather(*many))) == 3 * MAX_PIPELINE
    await served.stop()
    again = await served.serve(directory)
    assert await client.sign_message(epoch, 0, 1, b"0") == await again.sign_message(epoch, 0, 1, b"0")
    await client.close()
    await again.close()


async def test_only_listed_users_are_served(served: Served, directory: Path, keys: Any) -> None:
    """By the kernel's word for who connects: a user who is not on the list is hung up on."""
    access = Access(os.getegid(), frozenset({12345}))
    served.socket.parent.chmod(0o710)
    os.chown(served.socket.parent, -1, access.group or 0)
    client = await served.serve(directory, access)
    mode = served.socket.stat()
    assert (stat.S_IMODE(mode.st_mode), mode.st_gid) == (0o660, access.group)
    assert (await client.public_keys()) == keys.public
    await client.close()
    assert access.admits(Peer(os.geteuid()))
    assert all(access.admits(Peer(uid)) for uid in access.uids)
    assert not access.admits(Peer(54321))


def test_root_is_served_by_the_signer_of_any_user(monkeypatch: pytest.MonkeyPatch) -> None:
    """It is root who unlocks, and who asks the doctor; it was hung up on."""
    monkeypatch.setattr(os, "geteuid", lambda: 1000)
    assert Access().admits(Peer(0))
    assert Access().admits(Peer(1000))
    assert not Access().admits(Peer(1001))


async def test_another_user_may_sign_and_not_administer(served: Served, directory: Path, epoch: EpochIdentity) -> None:
    """Lock and unlock are for the signer's own user and root."""
    await served.serve(directory)
    ((server, _),) = served.servers
    stranger = Peer(54321)
    assert isinstance(await server._house.answer(Call(1, None, Lock()), stranger), Invalid)
    assert await server._house.answer(Call(2, None, Upcheck()), stranger) == Up(locked=False)
    assert await server._house.answer(Call(3, None, Lock()), Peer(os.geteuid())) == Up(locked=True)
    refused = await server._house.answer(Call(4, None, Begin(epoch, MARK)), stranger)
    assert isinstance(refused, Locked)


async def test_another_version_is_not_spoken(served: Served, directory: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The hello says so, in both directions by name."""
    await served.serve(directory)
    monkeypatch.setattr("executor.keys.connection.VERSION", 2)
    client = SignerClient(served.socket)
    with pytest.raises(SignerUnavailable, match="speaks version 1, not 2"):
        await client.public_keys()


def test_a_place_that_others_reach_is_refused(tmp_path: Path) -> None:
    """Modes beyond 0700, or beyond 0710 with a group; a group that is not the socket's; one that does not exist."""
    path = tmp_path / "run" / "s.sock"
    check_place(path, Access())
    path.parent.chmod(0o710)
    with pytest.raises(KeyStoreError, match="make it 0700"):
        check_place(path, Access())
    check_place(path, Access(path.parent.stat().st_gid))
    with pytest.raises(KeyStoreError, match="another group"):
        check_place(path, Access(path.parent.stat().st_gid + 1))
    path.parent.chmod(0o711)
    with pytest.raises(KeyStoreError, match="make it 0710"):
        check_place(path, Access(path.parent.stat().st_gid))
    with pytest.raises(KeyStoreError, match="no group"):
        access_of("no-such-group-here", [])
    with pytest.raises(KeyStoreError, match="name it with --group"):
        access_of(None, [1000])


def test_a_new_password_for_every_key(directory: Path) -> None:
    """Over every set; cut short, it is finished by repeating it; wrong, it changes nothing."""
    rotate_keys(directory, PASSWORD, fast=True)
    before = [load_keys(folder, PASSWORD) for folder in (directory, directory / "set-02")]
    with pytest.raises(WrongPassword, match="neither"):
        change_password(directory, "wrong", "also wrong", fast=True)
    half = directory.with_name("half")
    shutil.copytree(directory, half)
    change_password(directory, PASSWORD, "new", fast=True)
    shutil.copy(directory / "bls.json", half)
    change_password(half, PASSWORD, "new", fast=True)
    for place in (directory, half):
        assert before == [load_keys(folder, "new") for folder in (place, place / "set-02")]
        assert {stat.S_IMODE(path.stat().st_mode) for path in place.rglob("*.json")} == {0o600}
    with pytest.raises(WrongPassword):
        load_keys(directory, PASSWORD)
    with pytest.raises(WrongPassword, match="needs a password"):
        change_password(directory, "new", "", fast=True)


def test_too_many_sets_do_not_open(directory: Path) -> None:
    """And none at all neither: KeyStoreError that says what to do."""
    for number in range(MAX_SETS):
        folder = directory / f"set-{number + 2:02d}"
        folder.mkdir()
        shutil.copy(directory / "keys.json", folder)
    with pytest.raises(KeyStoreError, match="move old ones away"):
        Keyring.open(directory)
    empty = directory / "empty"
    empty.mkdir()
    with pytest.raises(KeyStoreError, match="executor keygen"):
        Keyring.open(empty)
