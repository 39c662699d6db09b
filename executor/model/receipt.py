"""The receipt: one self-contained file that anyone can check and replay (protocol.md, "Receipt")."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Annotated

from pydantic import Field

from executor.model.billing import Asset, Charge, Prices, Quote
from executor.model.codec import Hex, Json, Natural
from executor.model.committee import Epoch
from executor.model.draw_key import ShownDrawKey
from executor.model.ids import Digest, ModuleId
from executor.model.profile import Profile
from executor.model.reply import KeptReply
from executor.model.report import Attestation, Vote
from executor.model.request import Request
from executor.model.transcript import Transcript
from executor.model.view import Certificate

MAX_RECEIPT_BYTES = 64 * 1024 * 1024  # a 16 MiB module inline is 32 MiB of hex


@dataclass(frozen=True, slots=True)
class ReceiptFunction:
    """The function's bytes. `module` is empty when it is a known engine (executor/engines) or kept in another file."""

    module_id: ModuleId
    module: Hex
    source: Hex
    terms: Json


@dataclass(frozen=True, slots=True)
class ChainLocation:
    """Where a transaction stands."""

    transaction: Digest
    block_number: Natural
    block_hash: Digest


@dataclass(frozen=True, slots=True)
class Bill:
    """What the request was quoted and charged; `prices` are those of the quote's version."""

    asset: Asset
    quote: Quote
    prices: Prices
    charge: Charge


@dataclass(frozen=True, slots=True)
class Receipt:
    """Everything about one request.

    `transcript` carries the observation sets, `certificate` the Prepares of the last view (None without observations),
    `payload` the bytes behind the report's output hash, `votes` every vote the writer held over the attested root.
    `requested`, `delivered` and `bill` are None for what the writer did not see. `replies` is what the writer's guest
    was answered, where the manifest says so (`capabilities.http.keep_replies`): its word alone; else the key is absent.
    `draw_key` is the epoch's with its quorum's proof where the committee drew; else the key is absent.
    """

    version: Natural
    profile: Profile
    function: ReceiptFunction
    epoch: Epoch
    request: Request
    transcript: Transcript
    certificate: Certificate | None
    payload: Hex
    votes: tuple[Vote, ...]
    attestation: Attestation
    requested: ChainLocation | None
    delivered: ChainLocation | None
    bill: Bill | None
    replies: Annotated[tuple[KeptReply, ...] | None, Field(exclude_if=lambda replies: replies is None)] = None
    draw_key: Annotated[ShownDrawKey | None, Field(exclude_if=lambda key: key is None)] = None
