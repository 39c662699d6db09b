"""The signer: each signature is over the digest of its kind, by the right key."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

import pytest
from eth_account import Account
from key_bench import MARK

from executor.crypto import bls, digests, secp256k1
from executor.crypto.merkle import merkle_root
from executor.errors import InvalidEncoding, InvalidValue, SigningRefused
from executor.keys.calls import LocalSigner
from executor.keys.keyset import KeySet
from executor.keys.messages import (
    Ask,
    AskOnWire,
    Begin,
    Hello,
    ListKeys,
    Lock,
    ProvePossession,
    ShowCounter,
    ShowKeys,
    SignMessage,
    SignStatement,
    SignTransaction,
    StateCounter,
    Transaction,
    Unlock,
    Unseal,
    Upcheck,
)
from executor.keys.sealing import encryption_key_of, seal, unseal
from executor.keys.signer import Signer
from executor.model.codec import decode, encode
from executor.model.committee import EpochIdentity
from executor.model.ids import Address, Digest, FunctionId, RequestId, TranscriptHash
from executor.model.observation import Kind, Observation
from executor.model.report import Report
from executor.model.view import View
from executor.protocol.statements import ObservationStatement, PrepareStatement, ReportsStatement

REQUEST = RequestId(digests.keccak256(b"request"))
FUNCTION = FunctionId(digests.keccak256(b"function"))
SO_FAR = TranscriptHash(digests.keccak256(b"so far"))
TRANSACTION = Transaction(31337, 3, Address(b"t" * 20), 10**18, b"\x12\x34", 100_000, 2 * 10**9, 10**9)


@pytest.fixture
def calls(signer: Signer) -> LocalSigner:
    """The signer's verbs."""
    return LocalSigner(signer)


async def test_observations(calls: LocalSigner, keys: KeySet, epoch: EpochIdentity) -> None:
    """By the signer key over the observation digest, never by the BLS key; nothing is recorded."""
    seen = Observation(Kind.VALUE, b"3012.55")
    spec = b'{"aggregate":"median"}'
    statement = ObservationStatement(epoch, REQUEST, FUNCTION, SO_FAR, 2, spec, seen)
    signed = (await calls.sign(statement, MARK, bls=True)).signatures
    identity = digests.epoch_digest(epoch)
    digest = digests.observation_digest(identity, REQUEST, FUNCTION, SO_FAR, 2, spec, seen)
    assert secp256k1.is_signed_by(digest, signed.ecdsa, keys.public.signer)
    assert signed.bls == b""
    assert await calls.record_counter() == 0


async def test_prepares(calls: LocalSigner, keys: KeySet, epoch: EpochIdentity) -> None:
    """By the signer key over the prepare digest, never by the BLS key; once per view."""
    statement = PrepareStatement(epoch, REQUEST, FUNCTION, SO_FAR, View(7, 1))
    signed = (await calls.sign(statement, MARK, bls=True)).signatures
    digest = digests.prepare_digest(digests.epoch_digest(epoch), REQUEST, FUNCTION, SO_FAR, View(7, 1))
    assert secp256k1.is_signed_by(digest, signed.ecdsa, keys.public.signer)
    assert signed.bls == b""
    with pytest.raises(SigningRefused):
        await calls.sign(replace(statement, transcript_hash=TranscriptHash(REQUEST)), MARK, bls=False)
    assert signed == (await calls.sign(statement, MARK, bls=False)).signatures
    assert await calls.record_counter() == 1


async def test_reports(
    calls: LocalSigner, keys: KeySet, epoch: EpochIdentity, make_report: Callable[..., Report]
) -> None:
    """Root recomputed inside, signed by both keys; the BLS key only when asked."""
    reports = tuple(make_report(number) for number in range(3))
    digest = digests.attestation_digest(epoch, merkle_root([digests.report_leaf(report) for report in reports]))
    signed = (await calls.sign(ReportsStatement(epoch, reports), MARK, bls=True)).signatures
    assert secp256k1.is_signed_by(digest, signed.ecdsa, keys.public.signer)
    assert bls.verify(keys.public.bls_key, digest, signed.bls)
    assert (await calls.sign(ReportsStatement(epoch, reports), MARK, bls=False)).signatures.bls == b""
    with pytest.raises(SigningRefused):
        await calls.sign(ReportsStatement(epoch, (make_report(7), make_report(1, b"conflict"))), MARK, bls=False)
    assert await calls.record_counter() == 3
    with pytest.raises(InvalidValue):
        await calls.sign(ReportsStatement(epoch, ()), MARK, bls=False)


async def test_messages(calls: LocalSigner, keys: KeySet, epoch: EpochIdentity) -> None:
    """By the signer key over the message digest."""
    signature = await calls.sign_message(epoch, 1, 65535, b"payload")
    digest = digests.message_digest(digests.epoch_digest(epoch), 1, 65535, b"payload")
    assert secp256k1.is_signed_by(digest, signature, keys.public.signer)


async def test_transactions(calls: LocalSigner, keys: KeySet) -> None:
    """By the transmitter key, EIP-1559, as eth_account reads it."""
    raw = await calls.sign_transaction(TRANSACTION)
    assert raw[0] == 2
    assert Address.from_hex(Account.recover_transaction(raw)) == keys.public.transmitter
    creation = Transaction(31337, 0, None, 0, b"\x60\x00", 100_000, 10**9, 0)
    recovered = Account.recover_transaction(await calls.sign_transaction(creation))
    assert Address.from_hex(recovered) == keys.public.transmitter
    with pytest.raises(InvalidValue, match="chain"):
        await calls.sign_transaction(Transaction(0, 0, None, 0, b"", 21_000, 1, 1))


async def test_possession(calls: LocalSigner, keys: KeySet) -> None:
    """Bound to chain, committee and operator; no signature of anything else."""
    committee, operator = Address(b"c" * 20), Address(b"o" * 20)
    proofs = await calls.prove_possession(31337, committee, operator)
    key = keys.public.bls_key
    digest = digests.possession_digest(31337, committee, operator, bls.to_evm_g2(key))
    assert bls.verify_possession(key, digest, proofs.bls)
    assert not bls.verify(key, digest, proofs.bls)
    assert not bls.verify_possession(key, Digest(REQUEST), proofs.bls)
    assert secp256k1.is_signed_by(digest, proofs.signer, keys.public.signer)
    assert not secp256k1.is_signed_by(Digest(REQUEST), proofs.signer, keys.public.signer)


async def test_unsealing(calls: LocalSigner, keys: KeySet) -> None:
    """What is sealed to the key opens; everything else is refused."""
    box = seal(keys.public.encryption_key, b"secret")
    assert await calls.unseal(box) == b"secret"
    for bad in (b"", box[:-1], box[:-1] + bytes([box[-1] ^ 1]), seal(encryption_key_of(REQUEST), b"secret")):
        with pytest.raises(InvalidValue):
            await calls.unseal(bad)


def test_sealing_to_what_is_no_key() -> None:
    """Wrong lengths and the weak key are InvalidValue."""
    for bad in (b"", bytes(31), bytes(32)):
        with pytest.raises(InvalidValue):
            seal(bad, b"secret")
    with pytest.raises(InvalidValue):
        encryption_key_of(bytes(31))
    assert unseal(REQUEST, seal(encryption_key_of(REQUEST), b"")) == b""


def test_asks_survive_the_wire(epoch: EpochIdentity, make_report: Callable[..., Report]) -> None:
    """Encoded and decoded, every ask is itself, whatever statement it holds."""
    seen = Observation(Kind.VALUE, b"3012.55")
    asks: list[Ask] = [
        ShowKeys(),
        SignStatement(ObservationStatement(epoch, REQUEST, FUNCTION, SO_FAR, 2, b"{}", seen), False, MARK),
        SignStatement(PrepareStatement(epoch, REQUEST, FUNCTION, SO_FAR, View(1, 2)), False, MARK),
        SignStatement(ReportsStatement(epoch, (make_report(1), make_report(2))), True, MARK),
        SignMessage(epoch, 1, 2, b"\x00\xff"),
        SignTransaction(TRANSACTION),
        ProvePossession(31337, Address(b"c" * 20), Address(b"o" * 20)),
        Unseal(b"\x01"),
    ]
    asks += [Begin(epoch, MARK), StateCounter(epoch), ShowCounter(epoch, 7, b"\x01", 1), Unlock("password"), Lock()]
    asks += [Hello(1, "client"), Upcheck(), ListKeys()]
    for ask in asks:
        assert ask == decode(AskOnWire, encode(ask, AskOnWire), limit=10_000)


def test_a_statement_is_one_thing_only(epoch: EpochIdentity) -> None:
    """A statement under another's kind, an unknown kind or none is InvalidEncoding."""
    ask = encode(SignStatement(PrepareStatement(epoch, REQUEST, FUNCTION, SO_FAR, View(1, 2)), False, MARK), AskOnWire)
    for kind in (b'"kind":"observation",', b'"kind":"reports",', b'"kind":"digest",', b""):
        bad = ask.replace(b'"kind":"prepare",', kind)
        assert bad != ask
        with pytest.raises(InvalidEncoding):
            decode(AskOnWire, bad, limit=10_000)
