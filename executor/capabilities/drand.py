"""random@1's first source: rounds of drand, fetched from relays that nobody has to trust.

Rule 1. What a relay says is looked at only as far as its signature verifies under the draw's own key and round.
Rule 2. A relay that lies, lags, answers another round, garbage or nothing, costs its own time: the next one is asked.
Rule 3. A round is fetched once, however many requests draw from it; what is kept is bounded.
Rule 4. A chain that nobody chose to serve is not asked for: else whoever makes functions up could use up the relays'
        patience with a node's address.
Rule 5. Relays are the operator's choice, and reached like any host of http@1: public addresses and verified TLS, unless
        an override says otherwise.
"""

from __future__ import annotations

import asyncio
import json
import re
from collections import OrderedDict
from collections.abc import Awaitable, Callable, Collection, Sequence
from functools import partial
from typing import Final as Constant
from typing import TypeAlias

from executor.capabilities.download import download
from executor.capabilities.http import HttpSettings
from executor.crypto.draws import verify_round
from executor.errors import DownloadFailed, DrawUnavailable
from executor.model.codec import check_nesting
from executor.model.draw import PROOF_BYTES, DrandDraw

RELAYS: Constant = (
    "https://api.drand.sh",
    "https://api2.drand.sh",
    "https://api3.drand.sh",
    "https://drand.cloudflare.com",
)
"""The public relays of the League of Entropy, of two operators."""
MAX_REPLY_BYTES: Constant = 4_096  # a round is 300
TIMEOUT_S: Constant = 3.0  # one relay; quicknet makes a round in that time
PASSES: Constant = 8  # over all relays: a round reaches them about a second after its time
PAUSE_S: Constant = 0.5
MAX_ROUNDS: Constant = 1_024  # kept: 48 bytes each
_SIGNATURE: Constant = re.compile(rf"[0-9a-f]{{{2 * PROOF_BYTES}}}")

Fetch: TypeAlias = Callable[[str], Awaitable[bytes]]
"""The body behind a URL; raises DownloadFailed."""


class DrandRelays:
    """Proofs of drand draws, verified before anybody sees them; of any chain, or of `chains` by their hashes."""

    def __init__(
        self,
        relays: Sequence[str] = RELAYS,
        settings: HttpSettings | None = None,
        *,
        chains: Collection[bytes] | None = None,
        fetch: Fetch | None = None,
        passes: int = PASSES,
        pause_s: float = PAUSE_S,
        timeout_s: float = TIMEOUT_S,
    ) -> None:
        self._relays = list(relays)
        get = partial(download, limit=MAX_REPLY_BYTES, settings=settings or HttpSettings(), timeout_s=timeout_s)
        self._fetch = fetch or get
        self._chains = chains
        self._passes, self._pause_s = passes, pause_s
        self._known: OrderedDict[tuple[bytes, int], bytes] = OrderedDict()
        self._under_way: dict[tuple[bytes, int], asyncio.Future[bytes]] = {}

    async def obtain(self, draw: DrandDraw) -> bytes:
        """The signature of the draw's round; raises DrawUnavailable when no relay has it."""
        if self._chains is not None and draw.chain not in self._chains:
            raise DrawUnavailable(f"this node does not serve drand chain {draw.chain.hex()}: see random.drand_chains")
        key = (draw.key, draw.round)
        if (known := self._known.get(key)) is not None:
            return known
        if (asking := self._under_way.get(key)) is None:
            asking = self._under_way[key] = asyncio.ensure_future(self._ask(draw))
            asking.add_done_callback(lambda done: self._ended(key, done))
        proof = await asyncio.shield(asking)
        self._known[key] = proof
        while len(self._known) > MAX_ROUNDS:
            self._known.popitem(last=False)
        return proof

    def _ended(self, key: tuple[bytes, int], done: asyncio.Future[bytes]) -> None:
        del self._under_way[key]
        if not done.cancelled():
            done.exception()  # whoever asked may have been cancelled, and then nobody else looks at it

    async def _ask(self, draw: DrandDraw) -> bytes:
        reasons: dict[str, str] = {}
        for attempt in range(self._passes):
            if attempt:
                await asyncio.sleep(self._pause_s)
            for relay in list(self._relays):
                try:
                    return _checked(draw, await self._fetch(f"{relay}/{draw.chain.hex()}/public/{draw.round}"))
                except (DownloadFailed, _BadReply) as error:
                    reasons[relay] = str(error)
                    self._relays.remove(relay)
                    self._relays.append(relay)  # the next draw begins with another
        told = "; ".join(f"{relay}: {reason}" for relay, reason in reasons.items())
        raise DrawUnavailable(f"round {draw.round} of drand chain {draw.chain.hex()[:16]}…: {told or 'no relays'}")


class _BadReply(Exception):
    """A relay's answer is not the round that was asked for."""


def _checked(draw: DrandDraw, body: bytes) -> bytes:
    """Rule 1."""
    try:
        text = body.decode("utf-8")
        check_nesting(text)
        plain = json.loads(text)
    except ValueError as error:  # InvalidEncoding and UnicodeDecodeError, too
        raise _BadReply(f"not JSON: {error}") from error
    if not isinstance(plain, dict) or plain.get("round") != draw.round:
        raise _BadReply("it answered another round")
    signature = plain.get("signature")
    if not isinstance(signature, str) or not _SIGNATURE.fullmatch(signature):
        raise _BadReply("it answered no signature of 48 bytes")
    proof = bytes.fromhex(signature)
    if not verify_round(draw.key, draw.round, proof):
        raise _BadReply("its signature does not verify")
    return proof
