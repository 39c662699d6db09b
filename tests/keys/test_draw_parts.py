"""Parts of draws: a signer gives its own only of a draw that q of the epoch's members released, and of no other."""

from __future__ import annotations

import shutil
from collections.abc import AsyncIterator, Callable, Sequence
from dataclasses import dataclass, replace
from itertools import combinations
from pathlib import Path
from typing import Any

import pytest
from key_bench import JOURNAL
from share_bench import (
    FUNCTION,
    MARK,
    Made,
    Signers,
    draw_of,
    epoch_of,
    keys_of,
    make_key,
    plan_of,
    release_of,
    settled,
)

from executor.crypto import bls
from executor.crypto.digests import keccak256
from executor.crypto.draws import committee_digest
from executor.crypto.threshold import Share, combine
from executor.errors import InvalidEncoding, InvalidValue, SigningBarred, SigningRefused
from executor.keys.calls import SignerCalls
from executor.keys.client import SignerClient
from executor.keys.draw_messages import DealShares, JudgeDealing, OpenShare, SignPart
from executor.keys.interchange import export_record, import_record
from executor.keys.messages import AskOnWire
from executor.keys.record import SignerRecord
from executor.keys.shares import Shares
from executor.keys.signer import Signer
from executor.keys.standing import JournalMark
from executor.model.codec import decode, encode
from executor.model.committee import Epoch
from executor.model.draw import MAX_DRAWS
from executor.model.ids import Address, Digest, FunctionId, RequestId, TranscriptHash
from executor.model.report import Report, Status
from executor.model.view import View
from executor.protocol.dealings import Dealing, Opened
from executor.protocol.releases import Release, Stated
from executor.protocol.statements import PrepareStatement, ReportsStatement
from executor.testing.key_committee import KeyCommittee

REQUEST, OTHER = (RequestId(keccak256(name)) for name in (b"request", b"another request"))
LOCKED, VIEW = TranscriptHash(keccak256(b"transcript")), View(3, 2)


@dataclass
class Drawing:
    """Four signers that made a key and signed it, and their release of one request's draws."""

    signers: Signers
    made: Made
    release: Release

    @property
    def epoch(self) -> Epoch:
        """Theirs."""
        return self.signers.epoch

    async def part(self, member: int, request: RequestId = REQUEST, ordinal: int = 0) -> bytes:
        """A member's part."""
        draw, calls = draw_of(self.epoch, request, ordinal), self.signers.calls[member]
        return await calls.sign_part(self.epoch.identity, FUNCTION, draw, self.release, MARK)


@pytest.fixture
async def drawing(tmp_path: Path) -> AsyncIterator[Drawing]:
    """Made in memory; records on disk."""
    signers = Signers(tmp_path)
    calls = dict(enumerate(signers.calls))
    made = await make_key(signers.epoch, calls)
    for each in signers.calls:
        await each.sign_draw_key(signers.epoch.identity, made.public_key, made.hash, MARK)
    release = await release_of(calls, settled(signers.epoch, REQUEST, LOCKED, VIEW))
    yield Drawing(signers, made, release)
    signers.close()


async def test_any_f_and_one_parts_make_one_signature(drawing: Drawing) -> None:
    """The one that the key verifies; after a restart, too, and one release serves all of a request's draws."""
    for ordinal in (0, MAX_DRAWS - 1):
        digest = committee_digest(draw_of(drawing.epoch, REQUEST, ordinal))
        parts = {member: await drawing.part(member, ordinal=ordinal) for member in range(4)}
        assert parts[1] == bytes(parts[1])
        for member, part in parts.items():
            assert bls.verify(drawing.made.shares[member], digest, part, bls.DST_DRAW)
        (signature,) = {combine({one: parts[one], two: parts[two]}) for one, two in combinations(range(4), 2)}
        assert bls.verify(drawing.made.public_key, digest, signature, bls.DST_DRAW)
        drawing.signers.restart(2)
        assert parts[2] == await drawing.part(2, ordinal=ordinal)


def _changed(release: Release, **changes: Any) -> Release:
    return replace(release, **changes)


def _forged(release: Release) -> Release:
    first, *others = release.statements
    return _changed(release, statements=(replace(first, signature=others[0].signature), *others))


NO_RELEASE: dict[str, Callable[[Release], Release]] = {
    "nobody": lambda release: _changed(release, statements=()),
    "too few": lambda release: _changed(release, statements=release.statements[:2]),
    "one of them twice": lambda release: _changed(release, statements=(release.statements[0],) * 3),
    "out of order": lambda release: _changed(release, statements=release.statements[::-1]),
    "another's signature": _forged,
    "another transcript": lambda release: _changed(release, transcript_hash=TranscriptHash(bytes(32))),
    "another view": lambda release: _changed(release, view=View(4, 2)),
    "no signatures": lambda release: _changed(release, statements=tuple(Stated(each, b"") for each in range(4))),
    "no members": lambda release: _changed(
        release, statements=tuple(Stated(each, bytes(64)) for each in range(9, 60_000))
    ),
}


async def test_no_part_is_given_of_a_draw_that_is_not_released(drawing: Drawing) -> None:
    """By q distinct members, in order, each with a good signature over the same transcript and view."""
    released = drawing.release
    for change in NO_RELEASE.values():
        drawing.release = change(released)
        with pytest.raises(InvalidValue, match="this draw is not released"):
            await drawing.part(0)


async def test_a_release_is_of_one_request_function_and_epoch(drawing: Drawing) -> None:
    """Shown with another of any, it releases nothing; nor do statements of another epoch's members."""
    epoch, release, calls = drawing.epoch, drawing.release, drawing.signers.calls[0]
    draw = draw_of(epoch, REQUEST)
    with pytest.raises(InvalidValue, match="not released"):
        await drawing.part(0, OTHER)
    with pytest.raises(InvalidValue, match="not released"):
        await calls.sign_part(epoch.identity, FunctionId(bytes(32)), draw, release, MARK)
    later = replace(epoch, number=2)
    await make_key(later, dict(enumerate(drawing.signers.calls)))
    with pytest.raises(InvalidValue, match="not released"):
        await calls.sign_part(later.identity, FUNCTION, draw_of(later, REQUEST), release, MARK)
    strangers = Signers(drawing.signers.paths[0].parent, 3, first=10)
    others: dict[int, SignerCalls] = dict(enumerate([calls, *strangers.calls]))
    drawing.release = await release_of(others, settled(epoch, REQUEST, LOCKED, VIEW))
    with pytest.raises(InvalidValue, match="not released"):
        await drawing.part(0)
    strangers.close()


async def test_a_vote_or_prepare_is_no_statement_that_a_draw_may_be_made(drawing: Drawing) -> None:
    """Their digests have other tags: signatures of q members that a peer collected release nothing."""
    statement = PrepareStatement(drawing.epoch.identity, REQUEST, FUNCTION, LOCKED, VIEW)
    drawing.release = await release_of(dict(enumerate(drawing.signers.calls)), statement)
    with pytest.raises(InvalidValue, match="not released"):
        await drawing.part(0)


async def test_a_draw_is_of_the_epochs_own_chain_and_router(drawing: Drawing) -> None:
    """And one of the numbers that draws have."""
    calls, identity, draw = drawing.signers.calls[0], drawing.epoch.identity, draw_of(drawing.epoch, REQUEST)
    for wrong in (
        replace(draw, chain_id=1),
        replace(draw, router=Address(bytes(20))),
        replace(draw, ordinal=MAX_DRAWS),
        replace(draw, ordinal=-1),
        replace(draw, ordinal=2**32),
    ):
        with pytest.raises(InvalidValue, match="is no draw of epoch 1"):
            await calls.sign_part(identity, FUNCTION, wrong, drawing.release, MARK)
    ask = encode(SignPart(identity, FUNCTION, draw, drawing.release, MARK))
    for wrong_request in (b'"request":"0x00"', b'"request":7'):
        spoiled = ask.replace(b'"request":"0x' + REQUEST.hex().encode() + b'"', wrong_request)
        assert spoiled != ask
        with pytest.raises(InvalidEncoding):
            decode(AskOnWire, spoiled, limit=len(ask))


async def test_who_holds_no_share_of_the_key_that_was_signed_gives_no_part(drawing: Drawing) -> None:
    """It opened nothing; it signed another key than the one it opened its share of; the epoch is over."""
    signers, made = drawing.signers, drawing.made
    later = replace(signers.epoch, number=2)
    for index in range(4):
        await signers.calls[index].deal_shares(later, plan_of(later, index), MARK)
    release = await release_of(dict(enumerate(signers.calls)), settled(later, REQUEST, LOCKED, VIEW))
    ask = (later.identity, FUNCTION, draw_of(later, REQUEST), release, MARK)
    with pytest.raises(InvalidValue, match="no share of epoch 2's draw key"):
        await signers.calls[0].sign_part(*ask)
    await signers.calls[0].sign_draw_key(later.identity, made.public_key, Digest(bytes(32)), MARK)
    await make_key(later, dict(enumerate(signers.calls)))
    with pytest.raises(InvalidValue, match="no share of epoch 2's draw key"):
        await signers.calls[0].sign_part(*ask)
    assert len(await signers.calls[1].sign_part(*ask)) == 48  # it signed no key yet, and opened one list
    await signers.calls[1].forget_shares(later.identity)
    with pytest.raises(InvalidValue, match="no share of epoch 2's draw key"):
        await signers.calls[1].sign_part(*ask)


async def test_an_old_copy_gives_no_part(drawing: Drawing, tmp_path: Path) -> None:
    """It holds the share and gives no part with it in the epochs it is barred from, whatever it is shown."""
    signers = drawing.signers
    shutil.copy(signers.paths[0], tmp_path / "copy")
    shutil.copy(f"{signers.paths[0]}-wal", tmp_path / "copy-wal")
    part = await drawing.part(0)
    later = replace(signers.epoch, number=2)
    await signers.calls[0].deal_shares(later, plan_of(later, 0), MARK)
    known = JournalMark(JOURNAL, 1, await signers.calls[0].record_counter(), 2)
    assert part == await drawing.part(0)
    signers.records[0].close()
    shutil.copy(tmp_path / "copy", signers.paths[0])
    shutil.copy(tmp_path / "copy-wal", f"{signers.paths[0]}-wal")
    calls, draw = signers.restart(0), draw_of(signers.epoch, REQUEST)
    for mark in (known, MARK):
        with pytest.raises(SigningBarred):
            await calls.sign_part(signers.epoch.identity, FUNCTION, draw, drawing.release, mark)


async def test_a_committee_of_a_node_s_invention_releases_nothing(drawing: Drawing, tmp_path: Path) -> None:
    """Named after the epoch's own was: its statements count for nothing, also once the shares were forgotten."""
    signers, strangers = drawing.signers, Signers(tmp_path, 3, first=20)
    invented = epoch_of([signers.sets[0], *strangers.sets])
    calls: dict[int, SignerCalls] = dict(enumerate([signers.calls[0], *strangers.calls]))
    release = await release_of(calls, settled(invented, OTHER, LOCKED, VIEW))
    await signers.calls[0].forget_shares(drawing.epoch.identity)
    await signers.calls[0].deal_shares(drawing.epoch, plan_of(drawing.epoch, 0), MARK)
    assert (
        drawing.made.opened[0]
        == (await signers.calls[0].open_share(drawing.epoch.identity, drawing.made.dealings, MARK)).opened
    )
    with pytest.raises(InvalidValue, match="not released"):
        await signers.calls[0].sign_part(invented.identity, FUNCTION, draw_of(invented, OTHER), release, MARK)
    assert len(await drawing.part(0)) == 48
    strangers.close()


async def test_parts_over_the_socket_are_those_of_the_share(
    start: Callable[[], Any], drawing: Drawing, keys: Any
) -> None:
    """The same verb of a signer process: killed, it gives the same part; locked, none."""
    others, epoch = drawing.signers, epoch_of([keys, *(keys_of(index) for index in (1, 2, 3))], 5)
    one = start()
    client = SignerClient(one.socket)
    calls: dict[int, SignerCalls] = {0: client, **{index: others.calls[index] for index in (1, 2, 3)}}
    made = await make_key(epoch, calls)
    release, draw = await release_of(calls, settled(epoch, REQUEST, LOCKED, VIEW)), draw_of(epoch, REQUEST)
    parts = {
        index: await each.sign_part(epoch.identity, FUNCTION, draw, release, MARK) for index, each in calls.items()
    }
    assert bls.verify(made.public_key, committee_digest(draw), combine({0: parts[0], 3: parts[3]}), bls.DST_DRAW)
    with pytest.raises(InvalidValue, match="not released"):
        await client.sign_part(epoch.identity, FUNCTION, draw, _forged(release), MARK)
    one.kill()
    start()
    assert parts[0] == await client.sign_part(epoch.identity, FUNCTION, draw, release, MARK)
    await client.close()


class SignerShares(Shares):
    """A member of the simulated key committee whose dealings, judgements and share are a signer's."""

    signer: Signer
    shown: Epoch

    @classmethod
    def over(cls, committee: KeyCommittee, index: int, signer: Signer, shown: Epoch) -> SignerShares:
        """In a member's place; `shown` is the epoch with the signers' own addresses."""
        made = cls(shown, index, committee.dealers[index].shares.plan, b"", b"")
        made.signer, made.shown = signer, shown
        committee.dealers[index].shares = made
        return made

    def deal(self) -> Dealing:
        """By the signer."""
        dealing = self.signer.answer(DealShares(self.shown, self.plan, MARK)).dealing
        assert dealing is not None
        return dealing

    def judge(self, dealing: Dealing) -> bool:
        """By the signer."""
        return self.signer.answer(JudgeDealing(self.shown.identity, dealing)).good

    def open(self, dealings: Sequence[Dealing]) -> Opened:
        """By the signer."""
        return self.signer.answer(OpenShare(self.shown.identity, tuple(dealings), MARK)).opened

    def share(self, made: Digest) -> Share:
        """No signer shows it; the simulation asks, and does nothing with it here."""
        return Share(0, 0)


def over_signers(committee: KeyCommittee, signers: Signers) -> Epoch:
    """Put signers in the members' places; the epoch as they, and the machines beside them, know it."""
    members = tuple(
        replace(member, signer=keys.public.signer, bls_key=keys.public.bls_key)
        for member, keys in zip(committee.epoch.members, signers.sets, strict=True)
    )
    shown = replace(committee.epoch, members=members)
    for index in range(len(members)):
        SignerShares.over(committee, index, Signer(signers.sets[index], signers.records[index]), shown)
        committee.dealers[index].machine.epoch = shown
    return shown


async def test_a_committee_of_signers_makes_a_key_draws_with_it_and_hands_it_on(tmp_path: Path) -> None:
    """The key committee's own machines, messages and agreement; every secret side of it in signers with records."""
    signers = Signers(tmp_path)
    first = KeyCommittee(4, seed=5)
    one = over_signers(first, signers)
    assert first.make()
    again = KeyCommittee(4, seed=6, before=first, number=2)
    two = over_signers(again, signers)
    assert again.make()
    assert first.made.public_key == again.made.public_key
    assert first.made.shares != again.made.shares
    for epoch, made in ((one, first.made), (two, again.made)):
        for calls in signers.calls:
            await calls.sign_draw_key(epoch.identity, made.public_key, made.hash, MARK)
        release = await release_of(dict(enumerate(signers.calls)), settled(epoch, REQUEST, LOCKED, VIEW))
        draw, parts = draw_of(epoch, REQUEST), {}
        for index in range(4):
            parts[index] = await signers.restart(index).sign_part(epoch.identity, FUNCTION, draw, release, MARK)
            assert bls.verify(made.shares[index], committee_digest(draw), parts[index], bls.DST_DRAW)
        signature = combine({0: parts[0], 2: parts[2]})
        assert signature == combine({1: parts[1], 3: parts[3]})
        assert bls.verify(made.public_key, committee_digest(draw), signature, bls.DST_DRAW)
    signers.close()


async def test_what_is_settled_is_a_promise(drawing: Drawing) -> None:
    """As a vote is, in whatever view it is said again: a copy of record and journal from before it is noticed by the
    counter, though its member had prepared nothing; and no outcome is signed over what draws come after."""
    calls, epoch = drawing.signers.calls[0], drawing.epoch
    before = await calls.record_counter()
    statement = settled(epoch, OTHER, LOCKED, VIEW)
    assert (await calls.sign(statement, MARK, bls=False)).record_counter == before + 1
    assert (await calls.sign(settled(epoch, OTHER, LOCKED, View(9, 2)), MARK, bls=False)).record_counter == before + 1
    report = Report(OTHER, FUNCTION, LOCKED, Status.RETURNED, VIEW.round, VIEW.slots, 1, keccak256(b""))
    with pytest.raises(SigningRefused, match="another outcome"):
        await calls.sign(ReportsStatement(epoch.identity, (report,)), MARK, bls=False)
    file = export_record(drawing.signers.records[0])
    copy = SignerRecord.create(drawing.signers.paths[0].with_suffix(".copy"), drawing.signers.sets[0].public.signer)
    import_record(copy, file)
    assert list(drawing.signers.records[0].promises(epoch.identity)) == list(copy.promises(epoch.identity))
    copy.close()
