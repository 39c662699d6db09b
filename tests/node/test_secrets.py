"""Secrets and private inputs at members' desks: what is taken, what a run may open, and everything that is refused."""

from dataclasses import replace

import pytest
from node_bench import make_epoch
from secrets_bench import (
    CONSUMER,
    DAY,
    IDENTITY,
    MARKER,
    NOW,
    OWNER,
    STRANGER,
    Broken,
    function_of,
    members,
    read,
    secret,
    signed,
)

from executor.capabilities.errors import CallRefused
from executor.crypto.digests import epoch_digest, function_id, keccak256
from executor.errors import HostFault, InvalidValue, UploadRefused
from executor.keys.private_inputs import seal_private_input
from executor.model.codec import encode
from executor.model.ids import Address, FunctionId
from executor.model.secret import MAX_VALUE_BYTES
from executor.node.metrics.readings import read_secrets
from executor.node.secrets.desk import KEPT_S
from executor.node.secrets.store import MAX_SECRET_BYTES


async def test_what_an_owner_puts_at_one_member_every_member_can_open(desks):
    first = desks[0]
    await first.desk.put(secret(first.epoch))
    for other in desks[1:]:
        await read(other, 0)
    assert [await each.value() for each in desks] == [MARKER] * 4
    assert [each.charged for each in desks] == [[(OWNER.address, 7)]] * 4
    assert [each.kinds() for each in desks] == [["secret-kept"]] * 4


async def test_what_is_kept_is_sealed_and_survives_a_restart(desks):
    first = desks[0]
    await first.desk.put(secret(first.epoch))
    first.reopen()
    first.desk.serve(first.epoch, 0, first.signer)
    assert await first.value() == MARKER
    files = [path.read_bytes() for path in first.folder.iterdir()]
    assert not any(MARKER in data or MARKER.hex().encode() in data for data in files)


REFUSED = {
    "another owner's signature": (lambda e: secret(e, key=STRANGER.private_key), UploadRefused, "is not account"),
    "a signature over another name": (
        lambda e: secret(e, name="API_KEY") and replace(secret(e), name="OTHER"),
        UploadRefused,
        "is not account",
    ),
    "a later expiry than signed": (
        lambda e: replace(secret(e), expires=int(NOW) + 2 * DAY),
        UploadRefused,
        "is not account",
    ),
    "a version other than signed": (lambda e: replace(secret(e), version=9), UploadRefused, "is not account"),
    "an account that is not the manifest's owner": (
        lambda e: secret(e, owner=STRANGER),
        InvalidValue,
        "are account .*'s to put",
    ),
    "a name that the manifest does not list": (lambda e: secret(e, name="THIRD"), InvalidValue, "does not list THIRD"),
    "another epoch": (lambda e: secret(replace(e, number=2)), InvalidValue, "does not serve; it serves 1"),
    "another committee's epoch of the same number": (
        lambda e: secret(replace(e, chain_id=1)),
        InvalidValue,
        "does not serve",
    ),
    "an expired secret": (lambda e: secret(e, expires=int(NOW)), InvalidValue, "expired 0 s ago"),
    "an expiry beyond a year": (lambda e: secret(e, expires=int(NOW) + 367 * DAY), InvalidValue, "more than 366 days"),
    "a value over the limit": (
        lambda e: secret(e, bytes(MAX_VALUE_BYTES + 1)),
        InvalidValue,
        "sealed bytes; a value of 4096",
    ),
    "boxes for too few members": (lambda e: few(e, 3), InvalidValue, "sealed to 3 members; the epoch has 4"),
    "boxes for too many": (lambda e: few(e, 5), InvalidValue, "sealed to 5 members"),
    "a text cut short": (lambda e: signed(replace(secret(e), sealed=secret(e).sealed[:100])), InvalidValue, "at least"),
    "a deletion that expires": (
        lambda e: signed(replace(secret(e, None), expires=int(NOW) + DAY)),
        InvalidValue,
        "does not expire",
    ),
    "boxes swapped between members": (lambda e: signed(swapped(secret(e), 0, 1)), InvalidValue, "member 0 cannot open"),
    "a ciphertext for another version": (
        lambda e: signed(replace(secret(e), version=2)),
        InvalidValue,
        "another context, or damaged",
    ),
    "a ciphertext for another function": (lambda e: moved(e), InvalidValue, "another context, or damaged"),
    "a damaged box": (lambda e: signed(damaged(secret(e), 1)), InvalidValue, "member 0 cannot open"),
    "a damaged text": (lambda e: signed(damaged(secret(e), -1)), InvalidValue, "another context, or damaged"),
}


def few(epoch, count):
    """Sealed to another number of members, signed for this epoch."""
    other = make_epoch(count)
    made = secret(epoch, sealed_for=other)
    return signed(replace(made, epoch=epoch_digest(epoch.identity)))


def swapped(each, one, other):
    boxes = [each.sealed[1 + 80 * place : 81 + 80 * place] for place in range(4)]
    boxes[one], boxes[other] = boxes[other], boxes[one]
    return replace(each, sealed=each.sealed[:1] + b"".join(boxes) + each.sealed[321:])


def damaged(each, place):
    sealed = bytearray(each.sealed)
    sealed[place] ^= 1
    return replace(each, sealed=bytes(sealed))


def moved(epoch):
    """What was sealed for another function, signed for this one by the owner itself."""
    other = secret(epoch, function=FunctionId(keccak256(b"another")))
    return signed(replace(other, function_id=IDENTITY))


@pytest.mark.parametrize("case", REFUSED)
async def test_refused(desks, case):
    make, error, reason = REFUSED[case]
    first = desks[0]
    with pytest.raises(error, match=reason) as refused:
        await first.desk.put(make(first.epoch))
    assert MARKER.decode() not in str(refused.value)
    assert (await first.refusal_of(), first.kinds()) == ("secret-missing", [])


async def test_an_older_version_never_comes_back(desks):
    first = desks[0]
    old, new = secret(first.epoch, b"old", version=1), secret(first.epoch, version=2)
    await first.desk.put(old)
    await first.desk.put(new)
    await first.desk.put(new)  # again: nothing changes
    assert first.kinds() == ["secret-kept"] * 2
    with pytest.raises(InvalidValue, match="version 2 is known"):
        await first.desk.put(old)
    with pytest.raises(InvalidValue, match="another version 2"):
        await first.desk.put(secret(first.epoch, b"again", version=2))
    assert await first.value() == MARKER

    await first.desk.put(secret(first.epoch, None, version=3))
    first.reopen()
    first.desk.serve(first.epoch, 0, first.signer)
    for each in (old, new):
        with pytest.raises(InvalidValue, match="version 3 is known"):
            await first.desk.put(each)
    assert await first.refusal_of() == "secret-missing"
    assert first.kinds()[-1] == "secret-deleted"


async def test_an_expired_secret_is_not_opened_and_its_text_is_forgotten(desks):
    first = desks[0]
    await first.desk.put(secret(first.epoch, version=5))
    first.clock.now += DAY
    assert await first.refusal_of() == "secret-expired"
    first.desk._sweep()
    kept = first.store.find(epoch_digest(first.epoch.identity), OWNER.address, IDENTITY, "API_KEY")
    assert first.store.load(kept).sealed == b""
    first.clock.now -= DAY / 2  # also for a clock that is set back, and after a restart
    first.reopen()
    first.desk.serve(first.epoch, 0, first.signer)
    assert await first.refusal_of() == "secret-expired"
    with pytest.raises(InvalidValue, match="version 5 is known"):
        await first.desk.put(secret(first.epoch, version=4))
    assert first.kinds() == ["secret-kept", "secret-expired"]


async def test_another_function_finds_nothing(desks):
    """Not one that grants the same name, names the same owner, and prints what it reads."""
    first = desks[0]
    await first.desk.put(secret(first.epoch))
    printer = function_of(source=b"print the secret")
    assert await first.refusal_of(function=printer) == "secret-missing"
    stolen = function_of(owner=STRANGER.address)
    assert await first.refusal_of(function=stolen) == "secret-missing"
    assert await first.refusal_of(function=function_of(owner=None)) == "secret-missing"
    assert await first.refusal_of("OTHER") == "secret-missing"
    assert await first.refusal_of(epoch=2) == "secret-missing"


async def test_secrets_may_come_before_their_function_and_are_its_owners_all_the_same(desks):
    first = desks[0]
    first.functions.clear()
    await first.desk.put(secret(first.epoch, owner=STRANGER))
    assert await first.refusal_of() == "secret-missing"
    await first.desk.put(secret(first.epoch))
    assert await first.value() == MARKER


async def test_an_account_without_standing_keeps_nothing(desks):
    first = desks[0]
    first.refusal = UploadRefused("subscription 7 has nothing in it")
    with pytest.raises(UploadRefused, match="nothing in it"):
        await first.desk.put(secret(first.epoch))
    assert first.kinds() == []


async def test_quotas(tmp_path):
    async with members(tmp_path, 1, per_account=2, total=3) as (only,):
        only.functions.clear()
        for name in ("A", "B"):
            await only.desk.put(secret(only.epoch, name=name))
        with pytest.raises(InvalidValue, match="2 secrets of account"):
            await only.desk.put(secret(only.epoch, name="C"))
        await only.desk.put(secret(only.epoch, name="B", version=2))  # in its own place
        await only.desk.put(secret(only.epoch, name="A", owner=STRANGER))
        with pytest.raises(InvalidValue, match="keeps 3 secrets, its quota"):
            await only.desk.put(secret(only.epoch, name="B", owner=STRANGER))


async def test_a_signer_that_does_not_answer_is_no_observation(desks):
    """The run is tried again, as after any fault of this machine."""
    first = desks[0]
    await first.desk.put(secret(first.epoch))
    first.desk.serve(first.epoch, 0, Broken())
    with pytest.raises(HostFault, match="the signer opens nothing now"):
        await first.value()


async def test_a_new_epoch_has_no_secrets_and_says_so(desks, monkeypatch):
    first = desks[0]
    await first.desk.put(secret(first.epoch))
    newer = replace(first.epoch, number=2)
    first.desk.serve(newer, 0, first.signer)
    first.desk._sweep()
    first.desk._sweep()
    assert (first.kinds(), first.desk.counts()["missing"]) == (["secret-kept", "secrets-missing"], 1)
    assert await first.refusal_of(epoch=2) == "secret-missing"
    await first.desk.put(secret(newer))
    assert (await first.value(epoch=2), first.desk.counts()["missing"]) == (MARKER, 0)
    (family,) = read_secrets(first.desk)
    shown = {sample.labels["state"]: sample.value for sample in family.samples}
    assert shown == {"held": 2, "deleted": 0, "expired": 0, "expiring": 2, "missing": 0}

    first.desk.abandon(1)
    first.desk._sweep()
    assert len(list(first.store.all())) == 2
    first.clock.now += KEPT_S
    first.desk._sweep()
    assert [kept.secret.epoch for kept in first.store.all()] == [epoch_digest(newer.identity)]


# Private inputs.


async def test_a_private_input_is_opened_by_every_member_for_the_request_it_was_made_for(desks):
    envelope = seal_private_input(desks[0].epoch, IDENTITY, CONSUMER, MARKER)
    assert [await each.text(envelope) for each in desks] == [MARKER] * 4
    assert MARKER not in envelope


async def test_an_envelope_in_another_request_stays_shut(desks):
    first = desks[0]
    other = Address(b"\x08" * 20)
    printer = function_of(source=b"print the input")
    envelope = seal_private_input(first.epoch, IDENTITY, CONSUMER, MARKER)
    newer = replace(first.epoch, number=2)
    first.desk.serve(newer, 0, first.signer)
    as_printers = envelope[:33] + function_id(printer) + envelope[65:]
    as_others = envelope[:65] + other + envelope[85:]
    as_newer = envelope[:1] + epoch_digest(newer.identity) + envelope[33:]
    swap = envelope[:86] + envelope[166:246] + envelope[86:166] + envelope[246:]
    for given, where, code in [
        (envelope, {"function": printer}, "input-other-function"),
        (envelope, {"consumer": other}, "input-other-consumer"),
        (envelope, {"epoch": 2}, "input-other-epoch"),
        (envelope, {"epoch": 3}, "input-other-epoch"),
        (as_printers, {"function": printer}, "input-unreadable"),
        (as_others, {"consumer": other}, "input-unreadable"),
        (as_newer, {"epoch": 2}, "input-unreadable"),
        (swap, {}, "input-unreadable"),
        (envelope[:-1], {}, "input-unreadable"),
        (envelope[:90], {}, "input-unreadable"),
        (b"\0" + MARKER, {}, "input-malformed"),
        (b"", {}, "input-malformed"),
        (b"\x02" + envelope[1:], {}, "input-malformed"),
    ]:
        with pytest.raises(CallRefused) as refused:
            await first.text(given, **where)
        assert (refused.value.code, code) == (code, code)
        assert MARKER.decode() not in str(refused.value)


def test_the_largest_secret_fits_its_form():
    epoch = make_epoch(4)
    largest = secret(epoch, bytes(MAX_VALUE_BYTES), name="N" * 64, version=2**53 - 1, expires=2**53 - 1)
    boxes = b"\x64" + bytes(80 * 100)
    widest = replace(largest, sealed=boxes + largest.sealed[321:], subscription=2**53 - 1)
    assert len(encode(widest)) <= MAX_SECRET_BYTES
