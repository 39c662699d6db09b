"""Draw keys at a Beacon (docs/randomness.md): which one an epoch has there, and how one is registered."""

from __future__ import annotations

from executor.chain.calls import transact, view
from executor.chain.client import ChainClient, Receipt
from executor.chain.sender import TransactionSender
from executor.crypto import bls
from executor.errors import ChainError, InvalidConfig, InvalidValue, WrongChain
from executor.model.committee import Epoch, EpochIdentity
from executor.model.draw_key import CertifiedDrawKey
from executor.model.ids import Address


class BeaconKeys:
    """One Beacon's keys; `sender` pays for registering, where there is one."""

    def __init__(self, client: ChainClient, address: Address, sender: TransactionSender | None = None) -> None:
        self.address = address
        self._client = client
        self._sender = sender

    async def check(self) -> None:
        """Raises InvalidConfig where no Beacon stands at the address, ChainUnavailable where nobody says."""
        if not await self._client.code(self.address):
            raise InvalidConfig(f"there is no contract at the beacon's address {self.address}")
        try:
            await view(self._client, "Beacon", self.address, "MIN_DELAY")
        except WrongChain:
            raise
        except ChainError as error:
            raise InvalidConfig(f"the contract at the beacon's address {self.address} is no Beacon: {error}") from error

    async def key_of(self, epoch: EpochIdentity, *, finalized: bool = False) -> bytes | None:
        """The epoch's key, 96 bytes, now or as of the finalized block; raises ChainError."""
        block = (await self._client.head("finalized")).number if finalized else None
        place = (epoch.router, epoch.committee, epoch.number)
        kept = await view(self._client, "Beacon", self.address, "drawKey", *place, block=block)
        if not kept:
            return None
        try:
            return bls.from_evm_g2(bytes(kept))
        except InvalidValue as error:
            raise ChainError(f"the beacon {self.address} keeps no key for epoch {epoch.number}: {error}") from error

    async def register(self, epoch: Epoch, certified: CertifiedDrawKey) -> Receipt:
        """Bring the key there; raises ChainError, TransactionFailed among them where it is there already."""
        if self._sender is None:
            raise ChainError("no account pays for registering a draw key")
        index = [verifier.scheme for verifier in epoch.verifiers].index(certified.scheme)
        key, proof = certified.key, certified.proof
        arguments = (epoch.router, epoch.committee, epoch.number, bls.to_evm_g2(key.public_key), key.hash, index, proof)
        return await transact(self._sender, "Beacon", self.address, "registerDrawKey", *arguments)
