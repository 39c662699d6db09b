"""A signed POST to an http trigger, checked by every member for itself.

Rule 1. The header `executor-trigger` names a finalized block, a nonce and an expiry; the signature covers them, the
        body, the registration, and by its EIP-712 domain chain and router (docs/triggers.md). So no signature serves
        for something else, and the same payload is the same request, however often and wherever it is posted.
Rule 2. What can be refused without the body is refused before it is read; the signature is checked before the chain is
        asked for anything.
Rule 3. `expires` is measured by this node's clock when the POST comes, and by the chain's finalized time later.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final as Constant

from executor.crypto.digests import http_payload_digest
from executor.crypto.secp256k1 import recover, sign
from executor.errors import BadSignature, InvalidEncoding, TriggerRefused
from executor.model.codec import Hex, Natural, decode, encode
from executor.model.ids import Address, RegistrationId
from executor.model.trigger_config import HttpConfig
from executor.model.trigger_input import HttpData

HEADER: Constant = "executor-trigger"
FORWARDED: Constant = "executor-forwarded"  # by a member: not to be forwarded again
MAX_HEADER_BYTES: Constant = 512  # a claim has about 220


@dataclass(frozen=True, slots=True)
class PostClaim:
    """What the header says: canonical JSON of these fields."""

    block_number: Natural
    expires: Natural
    nonce: Natural
    signature: Hex


def parse_post(header: str | None) -> PostClaim:
    """The claim in a header; raises TriggerRefused."""
    if header is None:
        raise TriggerRefused(f"a POST to a trigger needs the header {HEADER} (docs/triggers.md)")
    try:
        return decode(PostClaim, header.encode("utf-8", "replace"), limit=MAX_HEADER_BYTES)
    except InvalidEncoding as error:
        raise TriggerRefused(f"the header {HEADER}: {error}") from error


def check_post(
    claim: PostClaim,
    config: HttpConfig,
    body: bytes,
    *,
    chain_id: int,
    router: Address,
    registration: RegistrationId,
    now_s: float,
) -> HttpData:
    """What an authorised signer posted; raises TriggerRefused."""
    if claim.expires <= now_s:
        raise TriggerRefused(f"it expired {now_s - claim.expires:.0f} s ago by this node's clock")
    if len(body) > config.body_bytes:
        raise TriggerRefused(f"a body of {len(body)} bytes, this trigger takes {config.body_bytes}")
    digest = http_payload_digest(chain_id, router, registration, claim.block_number, claim.nonce, claim.expires, body)
    try:
        signer = recover(digest, claim.signature)
    except BadSignature as error:
        raise TriggerRefused(f"signature: {error}") from error
    if str(signer) not in config.signers:
        raise TriggerRefused(
            f"{signer} signed it, or another chain, router, registration, block, nonce, expiry or body was signed; "
            "this trigger's signers are others"
        )
    return HttpData(body, signer, claim.nonce, claim.expires)


def sign_post(
    private_key: bytes,
    body: bytes,
    *,
    chain_id: int,
    router: Address,
    registration: RegistrationId,
    block_number: int,
    nonce: int,
    expires: int,
) -> str:
    """The header of a POST by a signer whose key is at hand."""
    digest = http_payload_digest(chain_id, router, registration, block_number, nonce, expires, body)
    return encode(PostClaim(block_number, expires, nonce, sign(private_key, digest))).decode("ascii")
