"""The verbs of a signer's client that a draw key and its draws need (executor/keys/calls.py)."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Protocol

from executor.keys.draw_messages import Dealt, ShareOpened
from executor.keys.messages import Signed
from executor.keys.standing import JournalMark
from executor.model.committee import Epoch, EpochIdentity
from executor.model.draw import CommitteeDraw
from executor.model.ids import Digest, FunctionId
from executor.protocol.dealings import Dealing
from executor.protocol.key_plan import Plan
from executor.protocol.releases import Release


class SignsShares(Protocol):
    """The verbs of a signer's client that are needed here."""

    async def deal_shares(self, epoch: Epoch, plan: Plan, mark: JournalMark) -> Dealt:
        """This member's dealing, where it deals."""

    async def judge_dealing(self, epoch: EpochIdentity, dealing: Dealing) -> bool:
        """Whether this member's share is good."""

    async def open_share(self, epoch: EpochIdentity, dealings: Sequence[Dealing], mark: JournalMark) -> ShareOpened:
        """The public key of this member's share, and its proof."""

    async def sign_draw_key(self, epoch: EpochIdentity, public_key: bytes, hash: Digest, mark: JournalMark) -> Signed:
        """Signatures over the key."""

    async def sign_part(
        self, epoch: EpochIdentity, function: FunctionId, draw: CommitteeDraw, release: Release, mark: JournalMark
    ) -> bytes:
        """This member's part of a released draw."""

    async def forget_shares(self, epoch: EpochIdentity) -> None:
        """Delete the shares of this epoch and of earlier ones."""
