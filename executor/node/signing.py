"""The signer process as the driver and the chain adapter need it."""

from __future__ import annotations

from typing import assert_never

from executor.chain.sender import TransactionFields
from executor.keys.client import SignerClient
from executor.keys.messages import Transaction
from executor.model.committee import Epoch
from executor.model.ids import Address
from executor.model.report import Scheme
from executor.protocol.statements import ObservationStatement, PrepareStatement, ReportsStatement, Signatures, Statement


class ProtocolSigner:
    """Turns statements and transactions into asks; the signer computes every digest itself (K1)."""

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

    async def sign_transaction(self, fields: TransactionFields) -> bytes:
        """Raw bytes of the transmitter's transaction."""
        to = fields.get("to")
        return await self._client.sign_transaction(
            Transaction(
                chain_id=int(fields["chainId"]),
                nonce=int(fields["nonce"]),
                to=None if to is None else Address.from_hex(str(to)),
                value=int(fields["value"]),
                data=bytes.fromhex(str(fields["data"]).removeprefix("0x")),
                gas=int(fields["gas"]),
                max_fee_per_gas=int(fields["maxFeePerGas"]),
                max_priority_fee_per_gas=int(fields["maxPriorityFeePerGas"]),
            )
        )
