"""One member's place in one epoch, as far as private data goes: what it takes, and what it can open.

Rule 1. A secret is its owner's: signed over everything that is kept of it, for this epoch, and sealed to all members.
Rule 2. Boxes are opened by the signer process, which holds the key; it is given a box of 80 bytes and gives 32 back.
"""

from __future__ import annotations

from dataclasses import dataclass

from executor.crypto.digests import epoch_digest, secret_context, secret_digest
from executor.crypto.secp256k1 import is_signed_by
from executor.errors import InvalidValue, UploadRefused
from executor.keys.envelopes import open_text, parse_sealed, sealed_size
from executor.model.committee import Epoch
from executor.model.ids import Digest, EpochDigest
from executor.model.secret import MAX_LIFE_S, MAX_VALUE_BYTES, Secret
from executor.transport.interface import MessageSigner


@dataclass(frozen=True, slots=True)
class Seat:
    """Member `index` of `epoch`."""

    epoch: Epoch
    index: int
    signer: MessageSigner

    @property
    def digest(self) -> EpochDigest:
        """The epoch's."""
        return epoch_digest(self.epoch.identity)

    def check(self, secret: Secret, now: float) -> None:
        """Rule 1 and bounds; raises UploadRefused for a wrong signature, InvalidValue for everything else."""
        if not is_signed_by(
            secret_digest(context_of(secret), secret.subscription, secret.sealed), secret.signature, secret.owner
        ):
            raise UploadRefused(f"the signature is not account {secret.owner}'s over this secret")
        if not secret.sealed:
            if secret.expires != 0:
                raise InvalidValue("a deletion does not expire: `expires` is 0 where nothing is sealed")
            return
        if secret.expires <= now:
            raise InvalidValue(f"{secret.name} expired {now - secret.expires:.0f} s ago by this node's clock")
        if secret.expires > now + MAX_LIFE_S:
            raise InvalidValue(f"{secret.name} is to live for more than {MAX_LIFE_S // 86_400} days")
        most = sealed_size(self.epoch.n, MAX_VALUE_BYTES)
        if len(secret.sealed) > most:
            raise InvalidValue(f"{len(secret.sealed)} sealed bytes; a value of {MAX_VALUE_BYTES} bytes takes {most}")
        parse_sealed(secret.sealed, self.epoch.n)

    async def open(self, sealed: bytes, context: bytes) -> bytes:
        """The text; raises InvalidValue when this member's box or the text does not open, SignerUnavailable."""
        parts = parse_sealed(sealed, self.epoch.n)
        return open_text(await self.signer.unseal(parts.boxes[self.index]), parts, context)

    async def value(self, secret: Secret) -> bytes:
        """A secret's value; raises as `open` does."""
        return await self.open(secret.sealed, context_of(secret))


def context_of(secret: Secret) -> Digest:
    """What a secret's ciphertext is bound to."""
    return secret_context(secret.epoch, secret.owner, secret.function_id, secret.name, secret.version, secret.expires)
