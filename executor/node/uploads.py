"""Who may have this node keep a function's bytes.

Rule 1. An upload is signed by an account, over chain, router, function id and expiry (docs/wire.md §9): what is signed
        for another router, another function, or beyond its time is refused before a byte of the body is read.
Rule 2. The account is one the operator lists, or owns the subscription it names, with a free balance above a floor;
        or the operator takes uploads from anyone, and then without a signature too.
Rule 3. Members upload nothing to each other: they fetch (fetching.py).
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Final as Constant
from typing import Literal, Protocol, TypeAlias

from executor.crypto.digests import upload_digest
from executor.crypto.secp256k1 import is_signed_by, sign
from executor.errors import ChainError, ChainUnavailable, InvalidEncoding, UploadRefused
from executor.model.codec import Hex, Natural, decode, encode
from executor.model.ids import Address, FunctionId

HEADER: Constant = "executor-upload"
MAX_HEADER_BYTES: Constant = 1_024  # a claim has about 420
MAX_LIFE_S: Constant = 3_600  # a signature that leaks serves nobody for long
Uploaders: TypeAlias = Literal["subscribers", "listed", "anyone"]


@dataclass(frozen=True, slots=True)
class UploadClaim:
    """What an upload's header says: canonical JSON of these fields."""

    account: Address
    expires: Natural
    function_id: FunctionId
    signature: Hex
    subscription: Natural


class Owned(Protocol):
    """A subscription, as far as it matters here."""

    @property
    def owner(self) -> Address:
        """Whose it is."""

    @property
    def balance(self) -> int:
        """What is free in it."""


class LoadSubscription(Protocol):
    """How an account's standing is read (executor/chain/subscriptions.py)."""

    async def __call__(self, subscription: int, /) -> Owned:
        """The subscription; raises ChainError when there is none."""


@dataclass(frozen=True, slots=True)
class UploadRules:
    """The operator's choice (Rule 2)."""

    chain_id: int
    router: Address
    uploaders: Uploaders = "subscribers"
    accounts: frozenset[Address] = frozenset()
    min_balance: int = 0


class UploadPolicy:
    """Judges an upload by its header."""

    def __init__(self, rules: UploadRules, load_subscription: LoadSubscription, clock: Callable[[], float]) -> None:
        self._rules = rules
        self._load_subscription = load_subscription
        self._clock = clock

    async def check(self, header: str | None) -> UploadClaim | None:
        """The claim of an upload that may go on, None for one without where anyone may.

        Raises UploadRefused, and ChainUnavailable when nobody can tell.
        """
        rules = self._rules
        if header is None:
            if rules.uploaders == "anyone":
                return None
            raise UploadRefused(f"an upload needs the header {HEADER}, signed by an account (docs/wire.md, section 9)")
        claim = parse_claim(header)
        self._check_signature(claim)
        if rules.uploaders != "anyone" and claim.account not in rules.accounts:
            await self._check_standing(claim.account, claim.subscription)
        return claim

    async def check_account(self, account: Address, subscription: int) -> None:
        """Rule 2 for an account that is known by another signature; raises UploadRefused, ChainUnavailable."""
        if self._rules.uploaders != "anyone" and account not in self._rules.accounts:
            await self._check_standing(account, subscription)

    def _check_signature(self, claim: UploadClaim) -> None:
        """Rule 1."""
        rules, now = self._rules, self._clock()
        if claim.expires <= now:
            raise UploadRefused(f"the upload's signature expired {now - claim.expires:.0f} s ago by this node's clock")
        if claim.expires > now + MAX_LIFE_S:
            raise UploadRefused(f"the upload's signature is valid for more than {MAX_LIFE_S} s from now")
        digest = upload_digest(rules.chain_id, rules.router, claim.function_id, claim.expires)
        if not is_signed_by(digest, claim.signature, claim.account):
            raise UploadRefused(
                f"the signature is not account {claim.account}'s over chain {rules.chain_id}, router {rules.router}, "
                "this function and this expiry"
            )

    async def _check_standing(self, account: Address, number: int) -> None:
        """Rule 2."""
        rules = self._rules
        if rules.uploaders == "listed":
            raise UploadRefused(f"account {account} is none that this node's operator lists")
        try:
            subscription = await self._load_subscription(number)
        except ChainUnavailable:
            raise
        except ChainError as error:
            raise UploadRefused(f"subscription {number}: {error}") from error
        if subscription.owner != account:
            raise UploadRefused(f"subscription {number} is not account {account}'s")
        if subscription.balance < rules.min_balance:
            raise UploadRefused(
                f"subscription {number} has {subscription.balance} free, this node asks for {rules.min_balance}"
            )


def parse_claim(header: str) -> UploadClaim:
    """The claim in a header; raises UploadRefused."""
    try:
        return decode(UploadClaim, header.encode("utf-8", "replace"), limit=MAX_HEADER_BYTES)
    except InvalidEncoding as error:
        raise UploadRefused(f"the header {HEADER}: {error}") from error


def sign_upload(
    private_key: bytes,
    account: Address,
    *,
    chain_id: int,
    router: Address,
    function: FunctionId,
    expires: int,
    subscription: int,
) -> str:
    """The header of an upload by an account whose key is at hand."""
    signature = sign(private_key, upload_digest(chain_id, router, function, expires))
    return encode(UploadClaim(account, expires, function, signature, subscription)).decode("ascii")
