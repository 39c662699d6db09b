"""Sums of keys that a BLS verifier keeps (docs/adr/0014): proofs by signers whose sum it has cost the same for any n.

Rule 1. A proof says that the sum is kept only where its code is on chain, and no more once the router says otherwise.
Rule 2. A sum is kept, which costs gas once, only when the operator asks for it, after a set has signed that often.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final as Constant

from executor.chain.calls import transact
from executor.chain.client import ChainClient
from executor.chain.sender import TransactionSender
from executor.crypto.proofs import BITMAP_BYTES
from executor.errors import ChainError, InvalidConfig
from executor.model.committee import Epoch
from executor.model.ids import Address
from executor.model.report import Attestation, Scheme

KEPT_BIT: Constant = 1 << 127  # contracts/src/verifiers/BlsEpochVerifier.sol
MAX_SETS: Constant = 64  # sets of signers remembered; few are in use at a time
LOOK_AGAIN: Constant = 16  # uses after which it is looked whether somebody else kept the sum meanwhile


@dataclass(slots=True)
class _Set:
    uses: int = 0
    kept: bool = False


class KeptSums:
    """What is known of the sums of each set of signers. `kept_now` counts those this process had kept."""

    def __init__(self, client: ChainClient, *, remember_after: int | None = None) -> None:
        if remember_after is not None and remember_after < 1:
            raise InvalidConfig("a sum is remembered after one use at least")
        self.marked = 0
        self.kept_now = 0
        self.failed = 0
        self._client = client
        self._remember_after = remember_after
        self._sets: dict[tuple[int, int], _Set] = {}

    async def mark(self, epoch: Epoch, attestation: Attestation) -> bytes:
        """The attestation's proof, with the bit that says the sum is kept where it is."""
        signers = _signers(epoch, attestation)
        if signers is None:
            return attestation.proof
        known = self._set(epoch, signers)
        if not known.kept and known.uses % LOOK_AGAIN == 0:
            verifier = await self._verifier(epoch)
            known.kept = bool(await self._client.code(await self._sum_of(verifier, signers)))
        known.uses += 1
        if not known.kept:
            return attestation.proof
        self.marked += 1
        return (signers | KEPT_BIT).to_bytes(BITMAP_BYTES, "big") + attestation.proof[BITMAP_BYTES:]

    def forget(self, epoch: Epoch, attestation: Attestation) -> None:
        """The sum was not there after all: a reorganisation took it."""
        signers = _signers(epoch, attestation)
        if signers is not None:
            self._sets.pop((epoch.number, signers), None)

    async def remember(self, epoch: Epoch, attestation: Attestation, sender: TransactionSender) -> None:
        """Rule 2; that it fails is no failure of a delivery."""
        signers = _signers(epoch, attestation)
        if signers is None or self._remember_after is None:
            return
        known = self._set(epoch, signers)
        if known.kept or known.uses < self._remember_after:
            return
        known.uses = 0  # whatever comes of it, not again at once
        try:
            await transact(sender, "IBlsEpochVerifier", await self._verifier(epoch), "remember", signers)
        except ChainError:
            self.failed += 1
            return
        known.kept = True
        self.kept_now += 1

    def _set(self, epoch: Epoch, signers: int) -> _Set:
        key = (epoch.number, signers)
        found = self._sets.pop(key, None) or _Set()
        self._sets[key] = found  # last used, last forgotten
        while len(self._sets) > MAX_SETS:
            del self._sets[next(iter(self._sets))]
        return found

    async def _verifier(self, epoch: Epoch) -> Address:
        index = [verifier.scheme for verifier in epoch.verifiers].index(Scheme.BLS)
        views = self._client.contract("Committee", epoch.committee).functions
        return Address.from_hex(await self._client.read(views.epochVerifier(epoch.number, index)))

    async def _sum_of(self, verifier: Address, signers: int) -> Address:
        views = self._client.contract("IBlsEpochVerifier", verifier).functions
        return Address.from_hex(await self._client.read(views.sumOf(signers)))


def _signers(epoch: Epoch, attestation: Attestation) -> int | None:
    """The bitmap of a proof that a kept sum makes cheaper: of BLS, and not of all, whose sum the verifier has."""
    if attestation.scheme is not Scheme.BLS:
        return None
    signers = int.from_bytes(attestation.proof[:BITMAP_BYTES], "big")
    return None if signers == (1 << epoch.n) - 1 else signers
