"""Committees of real signers, for tests of draw keys: their keys, epochs, records, and a key made step by step."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from key_bench import JOURNAL

from executor.crypto import bls
from executor.crypto.digests import dkg_hash, epoch_digest, keccak256
from executor.crypto.threshold import (
    GROUP,
    check_opened,
    combine_commitments,
    committed,
    interpolate,
    points,
)
from executor.keys.calls import LocalSigner, SignerCalls
from executor.keys.keyset import KeySet
from executor.keys.record import SignerRecord
from executor.keys.signer import Signer
from executor.keys.standing import JournalMark
from executor.model.committee import Epoch, Member, Verifier
from executor.model.draw import CommitteeDraw
from executor.model.ids import Address, Digest, FunctionId, ProfileId, RequestId, TranscriptHash
from executor.model.report import Scheme
from executor.model.view import NO_VIEW, View
from executor.protocol.dealings import Dealing, Opened, encode_list, hash_of
from executor.protocol.key_plan import Plan, opening_context
from executor.protocol.releases import Release, Stated
from executor.protocol.statements import DrawStatement, PrepareStatement
from executor.testing.key_committee import encryption_secret

MARK = JournalMark(JOURNAL, 1, 0, 0)
FUNCTION = FunctionId(keccak256(b"function"))


def keys_of(index: int) -> KeySet:
    """A member's fixed secrets."""
    return KeySet(
        signer=keccak256(b"signer %d" % index),
        transmitter=keccak256(b"transmitter %d" % index),
        bls=bls.secret_from_seed(keccak256(b"bls %d" % index)),
        encryption=encryption_secret(index),
    )


def epoch_of(sets: Sequence[KeySet], number: int = 1, *, schemes: Sequence[Scheme] = (Scheme.ECDSA,)) -> Epoch:
    """An epoch whose members have these keys."""
    members = tuple(
        Member(
            index,
            Address(bytes([index + 1]) * 20),
            keys.public.signer,
            keys.public.bls_key,
            keys.public.encryption_key,
            f"https://member-{index}.example",
        )
        for index, keys in enumerate(sets)
    )
    verifiers = tuple(Verifier(scheme, Address(bytes([100 + place]) * 20)) for place, scheme in enumerate(schemes))
    router, committee = Address(b"r" * 20), Address(b"c" * 20)
    return Epoch(31337, router, committee, number, ProfileId(bytes(32)), 4, members, verifiers)


def plan_of(epoch: Epoch, dealer: int | None, shares_of: tuple[bytes, ...] = ()) -> Plan:
    """A member's plan."""
    return Plan(epoch.f + 1, len(shares_of) or epoch.n, dealer, shares_of)


class Signers:
    """Signers over records in a folder; `restart` opens one's record anew, with nothing in memory."""

    def __init__(self, folder: Path, n: int = 4, first: int = 0) -> None:
        self.sets = [keys_of(first + index) for index in range(n)]
        self.paths = [folder / f"{first + index}.sqlite3" for index in range(n)]
        self.records = [
            SignerRecord.create(path, keys.public.signer) for path, keys in zip(self.paths, self.sets, strict=True)
        ]
        self.calls: list[SignerCalls] = [self._calls(index) for index in range(n)]
        self.epoch = epoch_of(self.sets)

    def _calls(self, index: int) -> SignerCalls:
        return LocalSigner(Signer(self.sets[index], self.records[index]))

    def restart(self, index: int) -> SignerCalls:
        """As after a kill: what was committed is there."""
        self.records[index].close()
        self.records[index] = SignerRecord.open(self.paths[index], self.sets[index].public.signer)
        self.calls[index] = self._calls(index)
        return self.calls[index]

    def close(self) -> None:
        """Release the records."""
        for record in self.records:
            record.close()


@dataclass(frozen=True)
class Made:
    """A key that was made: the group's, each member's, and what the signers showed on the way."""

    public_key: bytes
    shares: tuple[bytes, ...]
    hash: Digest
    dealings: tuple[Dealing, ...]
    opened: dict[int, Opened]


async def make_key(
    epoch: Epoch,
    signers: dict[int, SignerCalls],
    shares_of: tuple[bytes, ...] = (),
    dealers: Sequence[int] | None = None,
) -> Made:
    """The key that these members' signers make; `dealers`: which dealer each is, by default its own index."""
    dealt = []
    for index, calls in signers.items():
        dealer = index if dealers is None else dealers[index]
        answer = await calls.deal_shares(epoch, plan_of(epoch, dealer, shares_of), MARK)
        if answer.dealing is not None:
            dealt.append(answer.dealing)
    dealings = tuple(sorted(dealt, key=lambda dealing: dealing.dealer))
    for calls in signers.values():
        assert all([await calls.judge_dealing(epoch.identity, dealing) for dealing in dealings])
    opened = {
        index: (await calls.open_share(epoch.identity, dealings, MARK)).opened for index, calls in signers.items()
    }
    return put_together(epoch, dealings, opened, reshared=bool(shares_of))


def put_together(epoch: Epoch, dealings: tuple[Dealing, ...], opened: dict[int, Opened], *, reshared: bool) -> Made:
    """What everybody computes of opened shares, each proof checked."""
    hashes = {dealing.dealer: hash_of(epoch.identity, dealing) for dealing in dealings}
    hashed = dkg_hash(epoch_digest(epoch.identity), epoch.f + 1, encode_list(hashes))
    total = combine_commitments({each.dealer: points(each.commitments) for each in dealings}, weighted=reshared)
    for member, shown in opened.items():
        assert check_opened(committed(total, member), shown.key, shown.proof, opening_context(hashed, member))
    chosen = {member: opened[member].key for member in sorted(opened)[: epoch.f + 1]}
    public_key, *shares = interpolate(chosen, [GROUP, *range(epoch.n)])
    assert all(shares[member] == shown.key for member, shown in opened.items())
    return Made(public_key, tuple(shares), hashed, dealings, opened)


def settled(epoch: Epoch, request: RequestId, transcript: TranscriptHash, view: View = NO_VIEW) -> DrawStatement:
    """What members state before a draw."""
    return DrawStatement(epoch.identity, request, FUNCTION, transcript, view)


async def release_of(signers: dict[int, SignerCalls], statement: DrawStatement | PrepareStatement) -> Release:
    """The word of these members, as their signers sign it; what is no `DrawStatement` releases nothing."""
    stated = [
        Stated(index, (await calls.sign(statement, MARK, bls=False)).signatures.ecdsa)
        for index, calls in sorted(signers.items())
    ]
    return Release(statement.transcript_hash, statement.view, tuple(stated))


def draw_of(epoch: Epoch, request: RequestId, ordinal: int = 0) -> CommitteeDraw:
    """A request's draw."""
    return CommitteeDraw(epoch.chain_id, epoch.router, request, ordinal)
