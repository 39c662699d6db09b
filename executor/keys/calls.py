"""The signer's verbs as async methods, over whatever carries an ask to it."""

from __future__ import annotations

from typing import Protocol, TypeVar

from executor.errors import SignerUnavailable
from executor.keys.keyset import PublicKeys
from executor.keys.messages import (
    Answer,
    Ask,
    Bytes,
    Keys,
    Proved,
    ProvePossession,
    ShowKeys,
    Signed,
    SignMessage,
    SignStatement,
    SignTransaction,
    Transaction,
    Unseal,
)
from executor.keys.signer import Signer
from executor.model.committee import EpochIdentity, Possession
from executor.model.ids import Address
from executor.protocol.statements import Signatures, Statement

T = TypeVar("T")


class SignerCalls(Protocol):
    """The verbs that follow from `ask`, which whoever inherits them brings.

    Every method raises SigningRefused, InvalidValue, or SignerUnavailable.
    """

    async def ask(self, ask: Ask) -> Answer:
        """Carry one ask to the signer and bring its answer."""
        ...

    async def public_keys(self) -> PublicKeys:
        """The node's public keys."""
        return _only(Keys, await self.ask(ShowKeys())).public

    async def record_counter(self) -> int:
        """How many things the signer ever recorded."""
        return _only(Keys, await self.ask(ShowKeys())).record_counter

    async def sign(self, statement: Statement, *, bls: bool) -> Signatures:
        """Signatures over a statement; SigningRefused when it conflicts with one on record."""
        return _only(Signed, await self.ask(SignStatement(statement, bls))).signatures

    async def sign_message(self, epoch: EpochIdentity, sender: int, recipient: int, payload: bytes) -> bytes:
        """Compact signature of a peer message's envelope."""
        return await self._bytes(SignMessage(epoch, sender, recipient, payload))

    async def sign_transaction(self, transaction: Transaction) -> bytes:
        """Raw bytes of the transmitter's signed transaction."""
        return await self._bytes(SignTransaction(transaction))

    async def prove_possession(self, chain_id: int, committee: Address, operator: Address) -> Possession:
        """Proofs of possession of the signer's and the BLS key."""
        return _only(Proved, await self.ask(ProvePossession(chain_id, committee, operator))).possession

    async def unseal(self, ciphertext: bytes) -> bytes:
        """What was sealed to the encryption key; InvalidValue for anything else."""
        return await self._bytes(Unseal(ciphertext))

    async def _bytes(self, ask: Ask) -> bytes:
        return _only(Bytes, await self.ask(ask)).value


class LocalSigner(SignerCalls):
    """A signer in this process, for tests and simulated committees; nodes use `SignerClient`."""

    def __init__(self, signer: Signer) -> None:
        self._signer = signer

    async def ask(self, ask: Ask) -> Answer:
        """The signer's answer, at once."""
        return self._signer.answer(ask)


def _only(kind: type[T], answer: object) -> T:
    if not isinstance(answer, kind):
        raise SignerUnavailable(f"the signer answered {type(answer).__name__} where {kind.__name__} belongs")
    return answer
