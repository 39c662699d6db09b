"""The signer process as the driver and the chain adapter need it."""

from __future__ import annotations

from executor.keys.client import SignerClient
from executor.model.committee import Epoch
from executor.model.report import Scheme
from executor.protocol.statements import Signatures, Statement


class ProtocolSigner:
    """Asks for BLS signatures too where the epoch has a BLS verifier."""

    def __init__(self, client: SignerClient, epoch: Epoch) -> None:
        self._client = client
        self._bls = any(verifier.scheme is Scheme.BLS for verifier in epoch.verifiers)

    async def sign(self, statement: Statement) -> Signatures:
        """Signatures over a statement; raises SigningRefused or SignerUnavailable."""
        return await self._client.sign(statement, bls=self._bls)
