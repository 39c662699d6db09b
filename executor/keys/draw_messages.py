"""What the signer is asked about an epoch's draw key, and what it answers (draw_shares.py).

An ask names the epoch by its identity; its members and plan are the ones that its `DealShares` brought, once. Where
this signer stands among the members it sees for itself. No ask and no answer holds a share, but sealed to its member.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Annotated, Literal

from pydantic import Field

from executor.keys.standing import JournalMark
from executor.model.codec import Hex, Natural
from executor.model.committee import MAX_MEMBERS, Epoch, EpochIdentity
from executor.model.draw import CommitteeDraw
from executor.model.ids import Digest, FunctionId
from executor.protocol.dealings import Dealing, Opened
from executor.protocol.key_plan import Plan
from executor.protocol.releases import Release


@dataclass(frozen=True, slots=True)
class DealShares:
    """Begin an epoch's key by this plan, and deal, where this member is a dealer. The same dealing ever after."""

    epoch: Epoch
    plan: Plan
    mark: JournalMark
    kind: Literal["deal-shares"] = "deal-shares"


@dataclass(frozen=True, slots=True)
class JudgeDealing:
    """Whether this member's share in a dealing is what its commitments say."""

    epoch: EpochIdentity
    dealing: Dealing
    kind: Literal["judge-dealing"] = "judge-dealing"


@dataclass(frozen=True, slots=True)
class OpenShare:
    """Add up this member's shares of the agreed dealings, keep the sum, and show its public key. One list an epoch."""

    epoch: EpochIdentity
    dealings: Annotated[tuple[Dealing, ...], Field(max_length=MAX_MEMBERS)]
    mark: JournalMark
    kind: Literal["open-share"] = "open-share"


@dataclass(frozen=True, slots=True)
class SignDrawKey:
    """Sign the epoch's draw key for its registration. One key an epoch. `hash` names the dealings it is made of."""

    epoch: EpochIdentity
    public_key: Hex
    hash: Digest
    mark: JournalMark
    kind: Literal["sign-draw-key"] = "sign-draw-key"


@dataclass(frozen=True, slots=True)
class SignPart:
    """Sign this member's part of a draw, which q of the epoch's members released (protocol/releases.py)."""

    epoch: EpochIdentity
    function_id: FunctionId
    draw: CommitteeDraw
    release: Release
    mark: JournalMark
    kind: Literal["sign-part"] = "sign-part"


@dataclass(frozen=True, slots=True)
class ForgetShares:
    """Delete the shares of this epoch, which is over, and of its committee's earlier ones."""

    epoch: EpochIdentity
    kind: Literal["forget-shares"] = "forget-shares"


@dataclass(frozen=True, slots=True)
class Dealt:
    """Answer to DealShares; no dealing where this member has nothing to deal."""

    dealing: Dealing | None
    record_counter: Natural
    kind: Literal["dealt"] = "dealt"


@dataclass(frozen=True, slots=True)
class Found:
    """Answer to JudgeDealing."""

    good: bool
    kind: Literal["found"] = "found"


@dataclass(frozen=True, slots=True)
class ShareOpened:
    """Answer to OpenShare."""

    opened: Opened
    record_counter: Natural
    kind: Literal["share-opened"] = "share-opened"
