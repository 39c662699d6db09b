"""A committee of four whose members sign and unseal in this process."""

from __future__ import annotations

from dataclasses import dataclass, field, replace

import pytest

from executor.crypto import secp256k1
from executor.crypto.digests import epoch_digest, keccak256, message_digest
from executor.errors import RuleBroken
from executor.keys.sealing import encryption_key_of, unseal
from executor.model.committee import Epoch, EpochIdentity, Member, Verifier
from executor.model.ids import Address, ProfileId
from executor.model.report import Scheme


@dataclass(frozen=True)
class Keys:
    """A member's two secrets, as the transport's MessageSigner."""

    number: int

    @property
    def signing(self) -> bytes:
        return keccak256(b"signing %d" % self.number)

    @property
    def encryption(self) -> bytes:
        return keccak256(b"encryption %d" % self.number)

    async def sign_message(self, epoch: EpochIdentity, sender: int, recipient: int, payload: bytes) -> bytes:
        return secp256k1.sign(self.signing, message_digest(epoch_digest(epoch), sender, recipient, payload))

    async def unseal(self, ciphertext: bytes) -> bytes:
        return unseal(self.encryption, ciphertext)


@dataclass
class Mailbox:
    """A handler that keeps what it is given, and takes offence at b"offence"."""

    messages: list[tuple[int, bytes]] = field(default_factory=list)

    async def __call__(self, sender: int, payload: bytes) -> None:
        if payload == b"offence":
            raise RuleBroken("an offensive message", sender)
        self.messages.append((sender, payload))


def make_epoch(number: int = 1, endpoints: tuple[str, ...] = ("",) * 4) -> Epoch:
    members = tuple(
        Member(
            index=i,
            operator=Address(bytes([i]) * 20),
            signer=secp256k1.address_of(Keys(i).signing),
            bls_key=bytes(96),
            encryption_key=encryption_key_of(Keys(i).encryption),
            endpoint=endpoint,
        )
        for i, endpoint in enumerate(endpoints)
    )
    verifiers = (Verifier(Scheme.ECDSA, Address(bytes(20))),)
    return Epoch(1, Address(b"r" * 20), Address(b"c" * 20), number, ProfileId(bytes(32)), 4, members, verifiers)


@pytest.fixture
def epoch() -> Epoch:
    """Epoch 1 of the committee, without endpoints."""
    return make_epoch()


@pytest.fixture
def later_epoch(epoch: Epoch) -> Epoch:
    """Epoch 2 of the same members."""
    return replace(epoch, number=2)


@pytest.fixture
def member_keys() -> list[Keys]:
    """The members' keys, and a stranger's at 4."""
    return [Keys(i) for i in range(5)]


@pytest.fixture
def mailboxes() -> list[Mailbox]:
    """A handler for each member."""
    return [Mailbox() for _ in range(4)]
