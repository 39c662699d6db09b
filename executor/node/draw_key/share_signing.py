"""The signer's part in an epoch's draw key, as the machine that makes the key asks for it.

Rule 1. Every ask goes with the journal's mark, and what the record counted is durable before the answer is used, as
        with statements (executor/node/signing.py).
Rule 2. Nothing is asked before enough members said what they keep of this signer's record (continuity.py).
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Sequence
from typing import TypeVar

from executor.errors import SigningBarred, StoreError
from executor.model.committee import Epoch
from executor.model.draw_key import DrawKey
from executor.model.report import Scheme
from executor.node.draw_key.signs_shares import SignsShares
from executor.node.signing import ProtocolSigner
from executor.protocol.certifying import scheme_of
from executor.protocol.dealings import Dealing, Opened
from executor.protocol.effects import SignPart
from executor.protocol.key_plan import Plan

T = TypeVar("T")


class ShareSigning:
    """One epoch's asks. Each raises SigningRefused, InvalidValue, SignerUnavailable, or StoreError for good."""

    def __init__(
        self,
        client: SignsShares,
        epoch: Epoch,
        signer: ProtocolSigner,
        *,
        cleared: Callable[[], Awaitable[None]],
        flush: Callable[[], None],
    ) -> None:
        self._client = client
        self._epoch = epoch
        self._signer = signer
        self._cleared = cleared
        self._flush = flush

    async def deal(self, plan: Plan) -> Dealing | None:
        """Begin, and deal where this member deals."""
        dealt = await self._asked(lambda: self._client.deal_shares(self._epoch, plan, self._signer.mark()))
        self._count(dealt.record_counter)
        return dealt.dealing

    async def judge(self, dealing: Dealing) -> bool:
        """Whether this member's share is good."""
        return await self._asked(lambda: self._client.judge_dealing(self._epoch.identity, dealing))

    async def open(self, dealings: Sequence[Dealing]) -> Opened:
        """The public key of this member's share, and its proof."""
        identity = self._epoch.identity
        answer = await self._asked(lambda: self._client.open_share(identity, dealings, self._signer.mark()))
        self._count(answer.record_counter)
        return answer.opened

    async def sign_key(self, key: DrawKey) -> bytes:
        """This member's signature of the key, of the epoch's first verifier's scheme."""
        identity, mark = self._epoch.identity, self._signer.mark
        signed = await self._asked(lambda: self._client.sign_draw_key(identity, key.public_key, key.hash, mark()))
        self._count(signed.record_counter)
        both = signed.signatures
        return both.ecdsa if scheme_of(self._epoch) is Scheme.ECDSA else both.bls

    async def sign_part(self, asked: SignPart) -> bytes:
        """This member's part of a draw; the signer looks at the release itself."""
        identity, about = self._epoch.identity, (asked.function_id, asked.draw, asked.release)
        return await self._asked(lambda: self._client.sign_part(identity, *about, self._signer.mark()))

    async def forget(self) -> None:
        """The epoch is over."""
        await self._client.forget_shares(self._epoch.identity)

    def _count(self, counter: int) -> None:
        """Rule 1."""
        self._signer.count(counter)
        self._flush()

    async def _asked(self, ask: Callable[[], Awaitable[T]]) -> T:
        await self._cleared()
        try:
            return await ask()
        except SigningBarred as error:
            raise StoreError(str(error)) from error
