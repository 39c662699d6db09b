"""Who asks what a node keeps of an account's secrets: the account itself, by its signature."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Final as Constant

from executor.crypto.digests import epoch_digest, secret_digest, secret_list_digest
from executor.crypto.secp256k1 import is_signed_by, sign
from executor.errors import InvalidEncoding, UploadRefused
from executor.keys.envelopes import seal_to_all
from executor.model.codec import Hex, Natural, decode, encode
from executor.model.committee import Epoch
from executor.model.ids import Address, FunctionId
from executor.model.secret import Secret
from executor.node.secrets.seat import context_of

HEADER: Constant = "executor-secrets"
MAX_HEADER_BYTES: Constant = 512
MAX_LIFE_S: Constant = 3_600  # a signature that leaks serves nobody for long


@dataclass(frozen=True, slots=True)
class ListClaim:
    """What the header says: canonical JSON of these fields."""

    account: Address
    expires: Natural
    signature: Hex


def check_list_claim(header: str | None, chain_id: int, router: Address, clock: Callable[[], float]) -> Address:
    """The account that asks; raises UploadRefused."""
    if header is None:
        raise UploadRefused(
            f"a list needs the header {HEADER}, signed by the secrets' owner (docs/wire.md, section 11)"
        )
    try:
        claim: ListClaim = decode(ListClaim, header.encode("utf-8", "replace"), limit=MAX_HEADER_BYTES)
    except InvalidEncoding as error:
        raise UploadRefused(f"the header {HEADER}: {error}") from error
    if not clock() < claim.expires <= clock() + MAX_LIFE_S:
        raise UploadRefused(f"the signature has expired, or is valid for more than {MAX_LIFE_S} s")
    digest = secret_list_digest(chain_id, router, claim.account, claim.expires)
    if not is_signed_by(digest, claim.signature, claim.account):
        raise UploadRefused(f"the signature is not account {claim.account}'s for this chain and router")
    return claim.account


def sign_list_claim(private_key: bytes, account: Address, chain_id: int, router: Address, expires: int) -> str:
    """The header of an account whose key is at hand."""
    signature = sign(private_key, secret_list_digest(chain_id, router, account, expires))
    return encode(ListClaim(account, expires, signature)).decode("ascii")


def make_secret(
    private_key: bytes,
    owner: Address,
    epoch: Epoch,
    function: FunctionId,
    name: str,
    value: bytes | None,
    *,
    version: int,
    expires: int,
    subscription: int,
) -> Secret:
    """A secret sealed to an epoch's members and signed by its owner; its deletion without a value."""
    identity = epoch_digest(epoch.identity)
    bare = Secret(identity, 0 if value is None else expires, function, name, owner, b"", b"", subscription, version)
    context = context_of(bare)
    keys = [member.encryption_key for member in epoch.members]
    sealed = b"" if value is None else seal_to_all(keys, value, context)
    signature = sign(private_key, secret_digest(context, subscription, sealed))
    return Secret(identity, bare.expires, function, name, owner, sealed, signature, subscription, version)
