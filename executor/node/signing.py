"""The signer process as the driver and the chain adapter need it."""

from __future__ import annotations

from typing import assert_never

from executor.keys.client import SignerClient
from executor.model.committee import Epoch
from executor.model.report import Scheme
from executor.model.transaction import Transaction
from executor.protocol.statements import ObservationStatement, PrepareStatement, ReportsStatement, Signatures, Statement


class ProtocolSigner:
    """Turns statements into asks; the signer computes every digest itself (K1)."""

    def __init__(self, client: SignerClient, epoch: Epoch) -> None:
        self._client = client
        self._bls = any(verifier.scheme is Scheme.BLS for verifier in epoch.verifiers)

    async def sign(self, statement: Statement) -> Signatures:
        """Signatures over a statement; raises SigningRefused or SignerUnavailable."""
        match statement:
            case ObservationStatement(epoch, request, function, so_far, slot, spec, observation):
                signature = await self._client.sign_observation(
                    epoch, request, function, so_far, slot, spec, observation
                )
                return Signatures(signature)
            case PrepareStatement(epoch, request, function, transcript, view):
                return Signatures(await self._client.sign_prepare(epoch, request, function, transcript, view))
            case ReportsStatement(epoch, reports):
                signed = await self._client.sign_reports(epoch, reports, bls=self._bls)
                return Signatures(signed.ecdsa, signed.bls)
            case _:
                assert_never(statement)


class TransactionAsks:
    """The transmitter's key, as the chain adapter needs it."""

    def __init__(self, client: SignerClient) -> None:
        self._client = client

    async def sign_transaction(self, transaction: Transaction, /) -> bytes:
        """Raw bytes of the transmitter's transaction."""
        return await self._client.sign_transaction(transaction)
