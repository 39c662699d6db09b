"""`Idempotency-Key`: what lets a server recognise the members' requests as one (draft-ietf-httpapi-idempotency-key).

Rule 1. Every unsafe request carries one, after a redirect too; the guest's own, where it set one.
Rule 2. It follows from request id, slot and the request's place in the look: the same at every member and in every
        repetition, another for another request, slot or place.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Final as Constant

from executor.capabilities.framing import HttpRequest
from executor.crypto.digests import idempotency_digest
from executor.model.ids import RequestId

HEADER: Constant = "idempotency-key"
UNSAFE: Constant = frozenset({"DELETE", "PATCH", "POST", "PUT"})  # RFC 9110 §9.2.1, of the methods there are


@dataclass(frozen=True, slots=True)
class Look:
    """One look at the world: which request it is for, and at which slot."""

    request_id: RequestId
    slot: int


def with_key(request: HttpRequest, look: Look | None, ordinal: int) -> HttpRequest:
    """The request as it is sent; `ordinal` counts the look's requests from 0."""
    if look is None or request.method not in UNSAFE or HEADER in request.headers:
        return request
    key = idempotency_digest(look.request_id, look.slot, ordinal).hex()  # 64 characters: services take up to 255
    return replace(request, headers={**request.headers, HEADER: key})
