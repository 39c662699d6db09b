"""A signer's part in draw keys: what it does once, what it keeps, what it refuses, and that no share leaves it."""

from __future__ import annotations

import shutil
import sqlite3
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest
from key_bench import JOURNAL
from share_bench import MARK, Signers, epoch_of, keys_of, make_key, plan_of

from executor.crypto import bls, secp256k1
from executor.crypto.digests import draw_key_digest
from executor.crypto.threshold import Share
from executor.errors import InvalidEncoding, InvalidValue, SigningBarred, SigningRefused, StoreError
from executor.keys.calls import LocalSigner
from executor.keys.draw_messages import OpenShare
from executor.keys.interchange import export_record, import_record
from executor.keys.messages import AskOnWire
from executor.keys.record import SignerRecord
from executor.keys.record_schema import SCHEMA_VERSION
from executor.keys.sealing import seal, seal_share, unseal_share
from executor.keys.share_store import MAX_EPOCHS, MAX_IN_ALL, ShareStore
from executor.keys.shares import Shares
from executor.keys.signer import Signer
from executor.keys.standing import JournalMark
from executor.model.codec import decode, encode
from executor.model.committee import MAX_MEMBERS
from executor.model.ids import Address, Digest
from executor.model.report import Scheme
from executor.protocol.dealings import Dealing


@pytest.fixture
def signers(tmp_path: Path) -> Iterator[Signers]:
    """Four, over fresh records."""
    made = Signers(tmp_path)
    yield made
    made.close()


def all_of(signers: Signers) -> dict:
    return dict(enumerate(signers.calls))


def contents(path: Path) -> bytes:
    """A database, and its log."""
    return path.read_bytes() + Path(f"{path}-wal").read_bytes()


async def dealing_of(signers: Signers, index: int) -> Dealing:
    dealt = await signers.calls[index].deal_shares(signers.epoch, plan_of(signers.epoch, index), MARK)
    assert dealt.dealing is not None
    return dealt.dealing


# What is done once.


async def test_a_dealing_is_the_same_after_every_restart(signers: Signers) -> None:
    """Byte for byte, since two dealings of one dealer cost it its part; it counts as a promise."""
    first = await dealing_of(signers, 0)
    assert first == await dealing_of(signers, 0)
    signers.restart(0)
    assert first == await dealing_of(signers, 0)
    assert await signers.calls[0].record_counter() == 2


async def test_a_dealing_that_cannot_be_recorded_is_not_made(signers: Signers) -> None:
    """A failed write: nothing leaves, and the next life deals for the first time."""
    signers.records[0].connection.execute("PRAGMA query_only = ON")  # as on a full disk
    with pytest.raises(StoreError):
        await dealing_of(signers, 0)
    signers.restart(0)
    assert await signers.calls[0].record_counter() == 0
    assert (await dealing_of(signers, 0)).dealer == 0


async def test_a_key_is_made_with_a_restart_after_every_step(signers: Signers) -> None:
    """Dealt, judged, opened, signed: each step goes on from the record alone, and shows what it showed before."""
    epoch = signers.epoch
    dealings = [await dealing_of(signers, index) for index in range(4)]
    for dealing in dealings:
        assert await signers.restart(1).judge_dealing(epoch.identity, dealing)
    calls = signers.restart(1)
    opened = await calls.open_share(epoch.identity, dealings, MARK)
    calls = signers.restart(1)
    assert opened == await calls.open_share(epoch.identity, dealings, MARK)
    made = await make_key(epoch, all_of(signers))
    signed = await calls.sign_draw_key(epoch.identity, made.public_key, made.hash, MARK)
    calls = signers.restart(1)
    assert signed == await calls.sign_draw_key(epoch.identity, made.public_key, made.hash, MARK)
    assert signed.record_counter == 4


async def test_another_list_is_not_opened(signers: Signers) -> None:
    """One list an epoch: the one that the committee agreed on."""
    made = await make_key(signers.epoch, all_of(signers))
    with pytest.raises(SigningRefused, match="the list of dealings: another one was"):
        await signers.calls[0].open_share(signers.epoch.identity, made.dealings[:3], MARK)


@pytest.mark.parametrize("schemes", [(Scheme.ECDSA,), (Scheme.BLS, Scheme.ECDSA)])
async def test_a_draw_key_is_signed_once(signers: Signers, schemes: tuple[Scheme, ...]) -> None:
    """With the signer's key, and the BLS key where the epoch has that verifier; another key, or the same of another
    list, never."""
    signers.epoch = epoch = epoch_of(signers.sets, schemes=schemes)
    made = await make_key(epoch, all_of(signers))
    calls = signers.calls[2]
    signed = (await calls.sign_draw_key(epoch.identity, made.public_key, made.hash, MARK)).signatures
    digest = draw_key_digest(epoch.identity, bls.to_evm_g2(made.public_key), made.hash)
    assert secp256k1.is_signed_by(digest, signed.ecdsa, epoch.members[2].signer)
    if Scheme.BLS in schemes:
        assert bls.verify(epoch.members[2].bls_key, digest, signed.bls)
    else:
        assert signed.bls == b""
    for other in ((made.shares[0], made.hash), (made.public_key, Digest(bytes(32)))):
        with pytest.raises(SigningRefused, match="the draw key: another one"):
            await calls.sign_draw_key(epoch.identity, *other, MARK)


async def test_what_is_no_key_is_not_signed(signers: Signers) -> None:
    """Not in the subgroup, not on the curve, infinity, cut short."""
    await dealing_of(signers, 0)
    infinity = b"\xc0" + bytes(95)
    for key in (b"", bytes(96), infinity, bytes.fromhex("80") + bytes(95), b"\xa0" + b"\1" * 95):
        with pytest.raises(InvalidValue):
            await signers.calls[0].sign_draw_key(signers.epoch.identity, key, Digest(bytes(32)), MARK)
    assert await signers.calls[0].record_counter() == 2


# What is refused.


async def test_no_plan_is_believed_that_no_epoch_has(signers: Signers) -> None:
    """A threshold of one would put the share itself in everybody's hands."""
    epoch, calls = signers.epoch, signers.calls[0]
    plan = plan_of(epoch, 0)
    for wrong in (
        replace(plan, threshold=1),
        replace(plan, threshold=3),
        replace(plan, dealers=3),
        replace(plan, dealer=1),
        replace(plan, dealer=4),
        replace(plan, dealer=4, shares_of=(bytes(96),) * 4),
        replace(plan, dealers=5, shares_of=(bytes(96),) * 4),
        replace(plan, dealers=101, shares_of=(bytes(96),) * 101),
        replace(plan, dealer=None, dealers=4, shares_of=(bytes(1_000_000),) * 4),
    ):
        with pytest.raises(InvalidValue):
            await calls.deal_shares(epoch, wrong, MARK)
    many = replace(epoch, verifiers=epoch.verifiers * 9)
    long = replace(epoch, members=(replace(epoch.members[0], bls_key=bytes(1_000_000)), *epoch.members[1:]))
    for wrong_epoch in (many, long):
        with pytest.raises(InvalidValue):
            await calls.deal_shares(wrong_epoch, plan, MARK)
    assert await calls.record_counter() == 0


async def test_no_epoch_is_believed_twice(signers: Signers) -> None:
    """The first word about an epoch counts, endpoints aside; a signer that is no member, or is one by another key,
    says so."""
    calls = signers.calls[0]
    await dealing_of(signers, 0)
    members = signers.epoch.members
    moved = replace(signers.epoch, members=tuple(replace(member, endpoint="https://moved") for member in members))
    assert (await calls.deal_shares(moved, plan_of(moved, 0), MARK)).dealing == await dealing_of(signers, 0)
    invented = epoch_of([keys_of(0), *[keys_of(index) for index in range(7, 10)]])
    with pytest.raises(SigningRefused, match="the committee: another one was named"):
        await calls.deal_shares(invented, plan_of(invented, 0), MARK)
    await calls.forget_shares(invented.identity)
    with pytest.raises(SigningRefused, match="the committee: another one was named"):
        await calls.deal_shares(invented, plan_of(invented, 0), MARK)
    with pytest.raises(InvalidValue, match="no member"):
        await calls.deal_shares(epoch_of([keys_of(index) for index in range(5, 9)], 2), plan_of(signers.epoch, 0), MARK)
    other = replace(members[0], encryption_key=members[1].encryption_key)
    with pytest.raises(InvalidValue, match="another encryption key"):
        await calls.deal_shares(
            replace(signers.epoch, number=2, members=(other, *members[1:])), plan_of(signers.epoch, 0), MARK
        )


async def test_a_dealing_of_another_epoch_or_dealer_is_not_good(signers: Signers) -> None:
    """Copied from an earlier epoch, or from another dealer of this one: nothing of either is added to a key."""
    dealing = await dealing_of(signers, 1)
    later = replace(signers.epoch, number=2)
    calls = signers.calls[0]
    for epoch in (signers.epoch, later):
        await calls.deal_shares(epoch, plan_of(epoch, 0), MARK)
    assert await calls.judge_dealing(signers.epoch.identity, dealing)
    assert not await calls.judge_dealing(later.identity, dealing)
    assert not await calls.judge_dealing(signers.epoch.identity, replace(dealing, dealer=2))
    dealings = [await dealing_of(signers, 0), replace(dealing, dealer=2), await dealing_of(signers, 3)]
    with pytest.raises(InvalidValue, match="dealer 2's dealing is not good"):
        await calls.open_share(signers.epoch.identity, dealings, MARK)


async def test_a_share_is_good_when_it_is_what_the_commitments_say(signers: Signers) -> None:
    """Not under others, nor sealed without its epoch and dealer, nor another's, nor none at all."""
    calls, identity = signers.calls[0], signers.epoch.identity
    dealing = await dealing_of(signers, 1)
    await dealing_of(signers, 0)
    key, secret = signers.sets[0].public.encryption_key, signers.sets[0].encryption
    plain = unseal_share(secret, dealing.sealed[0])
    place, share = plain[:32], plain[32:]
    sealed = [
        seal_share(key, bytes(32) + share),
        seal_share(key, share + place),
        seal_share(key, place + bytes(64)),
        seal_share(key, place + b"\xff" * 64),
        seal(key, bytes(8) + plain),
        dealing.sealed[1],
        bytes(len(dealing.sealed[0])),
    ]
    first, second = dealing.commitments
    wrong = [replace(dealing, sealed=(each, *dealing.sealed[1:])) for each in sealed]
    wrong += [replace(dealing, commitments=other) for other in ((first, first), (second, second), (first, bytes(96)))]
    assert [await calls.judge_dealing(identity, each) for each in (dealing, *wrong)] == [True] + [False] * len(wrong)


async def test_asks_of_no_members_size_are_refused(signers: Signers) -> None:
    """Each field of a dealing too long, too short or too many; too few dealings, one twice; nothing is recorded."""
    calls, identity = signers.calls[0], signers.epoch.identity
    dealings = [await dealing_of(signers, index) for index in range(4)]
    one = dealings[0]
    for wrong in (
        replace(one, dealer=4),
        replace(one, commitments=one.commitments * 2),
        replace(one, commitments=(one.commitments[0], b"")),
        replace(one, sealed=one.sealed[:3]),
        replace(one, sealed=one.sealed * 100),
        replace(one, sealed=(*one.sealed[:3], one.sealed[3] + b"x")),
    ):
        with pytest.raises(InvalidValue, match="no member of this epoch made"):
            await calls.judge_dealing(identity, wrong)
    with pytest.raises(InvalidValue, match="is begun here"):
        await calls.judge_dealing(identity, replace(one, opened=bytes(64)))  # of an older key's shares: none were dealt
    for few in (dealings[:2], [one, one, dealings[1]], []):
        with pytest.raises(InvalidValue, match="dealings of 3 dealers"):
            await calls.open_share(identity, few, MARK)
    many = encode(OpenShare(identity, (one,) * (MAX_MEMBERS + 1), MARK))
    with pytest.raises(InvalidEncoding):
        decode(AskOnWire, many, limit=len(many))
    assert await calls.record_counter() == 2


async def test_nothing_is_done_for_an_epoch_that_was_not_begun(signers: Signers) -> None:
    """Each verb but the first names it."""
    calls, identity = signers.calls[0], replace(signers.epoch, number=9).identity
    dealing = await dealing_of(signers, 0)
    with pytest.raises(InvalidValue, match="epoch 9 is begun"):
        await calls.judge_dealing(identity, dealing)
    with pytest.raises(InvalidValue, match="epoch 9 is begun"):
        await calls.open_share(identity, [dealing], MARK)
    with pytest.raises(InvalidValue, match="epoch 9 is begun"):
        await calls.sign_draw_key(identity, dealing.commitments[0], Digest(bytes(32)), MARK)


async def test_a_share_that_was_sealed_is_not_unsealed_for_anybody(signers: Signers) -> None:
    """`unseal` opens what peers seal to a node; a node could else ask for its shares one by one."""
    dealing = await dealing_of(signers, 1)
    for index, calls in enumerate(signers.calls):
        with pytest.raises(InvalidValue, match="never leaves the signer"):
            await calls.unseal(dealing.sealed[index])


# Old copies, exports.


async def test_an_old_copy_deals_opens_and_signs_nothing(signers: Signers, tmp_path: Path) -> None:
    """Restored to before it dealt: barred from the epoch for good; the next epoch is served."""
    await signers.calls[0].begin(signers.epoch.identity, MARK)
    shutil.copy(signers.paths[0], tmp_path / "copy")
    shutil.copy(f"{signers.paths[0]}-wal", tmp_path / "copy-wal")
    made = await make_key(signers.epoch, all_of(signers))
    known = JournalMark(JOURNAL, 1, await signers.calls[0].record_counter(), 1)
    for index, dealing in enumerate(made.dealings):
        assert dealing == await dealing_of(signers, index)
    signers.records[0].close()
    shutil.copy(tmp_path / "copy", signers.paths[0])
    shutil.copy(tmp_path / "copy-wal", f"{signers.paths[0]}-wal")
    calls, epoch = signers.restart(0), signers.epoch
    for mark in (known, MARK):
        with pytest.raises(SigningBarred):
            await calls.deal_shares(epoch, plan_of(epoch, 0), mark)
        with pytest.raises(InvalidValue, match="is begun"):
            await calls.open_share(epoch.identity, made.dealings, mark)
    later = replace(epoch, number=2)
    assert (await calls.deal_shares(later, plan_of(later, 0), replace(known, latest_epoch=2))).dealing is not None


async def test_a_copy_that_dealt_before_opens_and_signs_nothing(signers: Signers, tmp_path: Path) -> None:
    """Restored to after it dealt: what it still holds is not used either."""
    for index in range(4):
        await dealing_of(signers, index)
    shutil.copy(signers.paths[0], tmp_path / "copy")
    shutil.copy(f"{signers.paths[0]}-wal", tmp_path / "copy-wal")
    made = await make_key(signers.epoch, all_of(signers))
    known = JournalMark(JOURNAL, 1, await signers.calls[0].record_counter(), 1)
    signers.records[0].close()
    shutil.copy(tmp_path / "copy", signers.paths[0])
    shutil.copy(tmp_path / "copy-wal", f"{signers.paths[0]}-wal")
    calls, identity = signers.restart(0), signers.epoch.identity
    assert await calls.record_counter() == 2
    for mark in (known, MARK):
        with pytest.raises(SigningBarred):
            await calls.open_share(identity, made.dealings, mark)
        with pytest.raises(SigningBarred):
            await calls.sign_draw_key(identity, made.public_key, made.hash, mark)


@pytest.mark.parametrize("final", [True, False])
async def test_an_export_has_what_was_done_and_no_share(signers: Signers, tmp_path: Path, final: bool) -> None:
    """Who imports it deals nothing, opens and signs nothing else for the epoch; the dealings still hold its share."""
    made = await make_key(signers.epoch, all_of(signers))
    identity, keys = signers.epoch.identity, signers.sets[0]
    await signers.calls[0].sign_draw_key(identity, made.public_key, made.hash, MARK)
    store = ShareStore(signers.records[0], keys.public.signer, keys.encryption)
    share = store.find(identity, "share")
    assert share is not None
    file = export_record(signers.records[0], final=final)
    assert made.hash.hex().encode() in encode(file)  # so a share would be found
    for secret in (share[32:64], share[64:]):
        assert secret.hex().encode() not in encode(file)
    record = SignerRecord.create(tmp_path / "imported", keys.public.signer)
    assert import_record(record, file) == 4
    signers.records.append(record)
    calls, plan = LocalSigner(Signer(keys, record)), plan_of(signers.epoch, 0)
    if not final:
        with pytest.raises(SigningBarred):
            await calls.deal_shares(signers.epoch, plan, MARK)
    else:
        assert (await calls.deal_shares(signers.epoch, plan, MARK)).dealing is None
        with pytest.raises(SigningRefused, match="list of dealings"):
            await calls.open_share(identity, made.dealings[:3], MARK)
        assert made.opened[0] == (await calls.open_share(identity, made.dealings, MARK)).opened
        with pytest.raises(SigningBarred, match="handed over"):
            await signers.calls[0].open_share(identity, made.dealings, MARK)


# What is kept.


async def test_shares_are_not_on_the_disk_in_clear(signers: Signers) -> None:
    """Neither in the database nor in its log, as bytes or as text; the public key of the share is, as text."""
    made = await make_key(signers.epoch, all_of(signers))
    epoch, keys = signers.epoch, signers.sets[0]
    twin = Shares(epoch, 0, plan_of(epoch, 0), b"", keys.encryption)
    assert twin.open(made.dealings) == made.opened[0]
    await signers.calls[0].sign_draw_key(epoch.identity, made.public_key, made.hash, MARK)
    written = contents(signers.paths[0])
    parts = [twin._good[hashed] for hashed in twin._good] + [twin.share(made.hash)]
    assert len(parts) == 5
    for share in parts:
        for number in (share.value, share.hiding):
            encoded = number.to_bytes(32, "big")
            for form in (encoded, encoded.hex().encode(), str(number).encode()):
                assert form not in written
    digest = draw_key_digest(epoch.identity, bls.to_evm_g2(made.public_key), made.hash)
    assert bytes(digest) in written  # so a share would be found


async def test_a_damaged_row_costs_a_part_and_no_promise(signers: Signers) -> None:
    """Altered, swapped with another's, or of another key set: it does not open, and says so; the record serves on."""
    made = await make_key(signers.epoch, all_of(signers))
    identity, path, signer = signers.epoch.identity, signers.paths[0], signers.sets[0].public.signer
    changes = [
        "UPDATE kept SET box = zeroblob(length(box)) WHERE name = 'share'",
        "UPDATE kept SET box = (SELECT box FROM kept WHERE name = 'plan') WHERE name = 'share'",
        "UPDATE kept SET box = x'00' WHERE name = 'share'",
        "UPDATE kept SET box = 7 WHERE name = 'share'",
    ]
    signers.records[0].close()
    good = path.read_bytes()
    for change in changes:
        path.write_bytes(good)
        with sqlite3.connect(path) as connection:
            connection.execute(change)
        connection.close()
        signers.records[0] = SignerRecord.open(path, signer)
        calls = signers.restart(0)
        with pytest.raises(StoreError, match="epoch 1's draw key is damaged"):
            await calls.open_share(identity, made.dealings, MARK)
        assert (await calls.sign_draw_key(identity, made.public_key, made.hash, MARK)).record_counter == 4
        signers.records[0].close()
    with sqlite3.connect(path) as connection:
        connection.execute("UPDATE key_steps SET hash = zeroblob(32) WHERE step = 0")
    connection.close()
    with pytest.raises(StoreError, match="a promise in it was altered"):
        SignerRecord.open(path, signer)
    path.write_bytes(good)
    signers.records[0] = SignerRecord.open(path, signer)


async def test_shares_of_epochs_that_are_over_are_deleted(signers: Signers) -> None:
    """By name, and all earlier ones of the committee; on the disk, too. What was promised stays promised."""
    epochs = [replace(signers.epoch, number=number) for number in (1, 2, 3)]
    calls, path = signers.calls[0], signers.paths[0]
    for epoch in epochs:
        await calls.deal_shares(epoch, plan_of(epoch, 0), MARK)
    boxes = [box for (box,) in signers.records[0].connection.execute("SELECT box FROM kept ORDER BY number")]
    await calls.forget_shares(epochs[1].identity)
    written = contents(path)
    assert [box[24:88] in written for box in boxes] == [False, False, True]
    assert (await calls.deal_shares(epochs[0], plan_of(epochs[0], 0), MARK)).dealing is None
    assert (await calls.deal_shares(epochs[2], plan_of(epochs[2], 0), MARK)).dealing is not None


async def test_the_latest_epochs_are_kept_and_no_more(signers: Signers) -> None:
    """Asked about one epoch after the other, a signer keeps the last ones; an earlier one has no place beside them."""
    calls = signers.calls[0]
    for number in range(1, MAX_EPOCHS + 5):
        epoch = replace(signers.epoch, number=number)
        await calls.deal_shares(epoch, plan_of(epoch, 0), MARK)
    kept = signers.records[0].connection.execute("SELECT number FROM kept ORDER BY number").fetchall()
    assert kept == [(number,) for number in range(5, MAX_EPOCHS + 5)]
    before = await calls.record_counter()
    early = replace(signers.epoch, number=0)
    with pytest.raises(InvalidValue, match="epoch 0 is over"):
        await calls.deal_shares(early, plan_of(early, 0), MARK)
    assert await calls.record_counter() == before


def test_ten_thousand_epochs_and_committees_are_bounded(signers: Signers) -> None:
    """Of one committee the latest; of many committees, no more than MAX_IN_ALL."""
    record, keys, identity = signers.records[0], signers.sets[0], signers.epoch.identity
    store = ShareStore(record, keys.public.signer, keys.encryption)
    text = bytes(100)

    def keep() -> None:
        for number in range(10_000):
            store.save(replace(identity, number=number), "plan", text)

    record.transact(keep)
    assert [each.number for each in store.epochs(identity)] == list(range(9_999, 9_999 - MAX_EPOCHS, -1))

    def keep_others() -> None:
        for number in range(MAX_IN_ALL):
            store.save(replace(identity, committee=Address(number.to_bytes(20, "big"))), "plan", text)

    with pytest.raises(InvalidValue, match="have those that are over forgotten"):
        record.transact(keep_others)
    assert len(store.epochs(identity)) == MAX_EPOCHS


def test_a_record_from_before_draw_keys_goes_on(signers: Signers) -> None:
    """Schema 2 had two tables less; its promises, sum and seal stand as they were."""
    record, path, signer = signers.records[0], signers.paths[0], signers.sets[0].public.signer
    record.begin(signers.epoch.identity, MARK)
    record.close()
    with sqlite3.connect(path) as connection:
        connection.executescript("DROP TABLE key_steps; DROP TABLE kept; PRAGMA user_version = 2")
    connection.close()
    for _ in range(2):
        record = SignerRecord.open(path, signer)
        assert record.connection.execute("PRAGMA user_version").fetchone() == (SCHEMA_VERSION,)
        assert len(record.standings()) == 1
        record.close()
    signers.records[0] = SignerRecord.open(path, signer)


# Dealt anew.


async def test_the_next_epochs_members_get_shares_of_the_same_key(signers: Signers, tmp_path: Path) -> None:
    """One member left, another came: the public key stays, and the old shares are worth nothing beside the new."""
    made = await make_key(signers.epoch, all_of(signers))
    newcomer = Signers(tmp_path, 1, first=9)
    try:
        epoch = epoch_of([*signers.sets[1:], *newcomer.sets], 2)
        calls = dict(enumerate([*signers.calls[1:], *newcomer.calls]))
        again = await make_key(epoch, calls, made.shares, dealers=[1, 2, 3, None])
        assert made.public_key == again.public_key
        assert not set(made.shares) & set(again.shares)
        assert [dealing.dealer for dealing in again.dealings] == [1, 2, 3]
        dealt = await signers.restart(1).deal_shares(epoch, plan_of(epoch, 1, made.shares), MARK)
        assert dealt.dealing == again.dealings[0]
    finally:
        newcomer.close()


async def test_a_share_is_not_dealt_to_strangers(signers: Signers) -> None:
    """An epoch that somebody invents, with two members of his own where two make the key; one is let in."""
    made = await make_key(signers.epoch, all_of(signers))
    strangers = [keys_of(20), keys_of(21)]
    invented = epoch_of([*signers.sets[:2], *strangers], 2)
    with pytest.raises(InvalidValue, match="have a fresh key made"):
        await signers.calls[0].deal_shares(invented, plan_of(invented, 0, made.shares), MARK)
    let_in = epoch_of([*signers.sets[:3], strangers[0]], 2)
    assert (await signers.calls[0].deal_shares(let_in, plan_of(let_in, 0, made.shares), MARK)).dealing is not None


async def test_a_share_is_not_dealt_to_one_member_under_many_names(signers: Signers) -> None:
    """An epoch of this signer and one other, whose encryption key stands there for all the rest."""
    made = await make_key(signers.epoch, all_of(signers))
    members = signers.epoch.members
    many = tuple(replace(member, encryption_key=members[1].encryption_key) for member in members[1:])
    invented = replace(signers.epoch, number=2, members=(members[0], *many))
    with pytest.raises(InvalidValue, match="have a fresh key made"):
        await signers.calls[0].deal_shares(invented, plan_of(invented, 0, made.shares), MARK)


async def test_who_holds_no_share_of_the_key_deals_none_and_judges(signers: Signers, tmp_path: Path) -> None:
    """The plan says it is a dealer; a faulty dealer had left it out, or its record was imported."""
    made = await make_key(signers.epoch, all_of(signers))
    epoch = replace(signers.epoch, number=2)
    await signers.calls[0].forget_shares(signers.epoch.identity)
    again = await make_key(epoch, all_of(signers), made.shares)
    assert [dealing.dealer for dealing in again.dealings] == [1, 2, 3]
    assert made.public_key == again.public_key


def test_a_share_and_what_holds_it_print_no_secret(signers: Signers) -> None:
    """Whatever is logged or raised with one in it."""
    share = Share(12345678901234567890, 98765432109876543210)
    shares = Shares(signers.epoch, 0, plan_of(signers.epoch, 0), b"seed" * 8, signers.sets[0].encryption, share)
    shares.take(Digest(bytes(32)), share)
    for text in (repr(share), repr(shares)):
        assert "12345678901234567890" not in text
        assert "98765432109876543210" not in text
        assert repr(signers.sets[0].encryption) not in text
