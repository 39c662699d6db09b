"""Running a receipt's function again: the one part of a verification that needs the machine (D1)."""

from __future__ import annotations

from collections.abc import Sequence

from executor.crypto.digests import make_report, payload, profile_id, request_id, transcript_hash
from executor.errors import VerificationFailed
from executor.model.draw import is_draw, parse_draw
from executor.model.outcome import Awaiting, Final
from executor.model.profile import PROFILE, Profile
from executor.model.receipt import Receipt
from executor.model.report import Report
from executor.model.view import NO_VIEW, View
from executor.receipts.build import function_of
from executor.receipts.checks import require
from executor.receipts.loader import Load
from executor.vm import execute, load

TRUSTED: Sequence[Profile] = (PROFILE,)


def replay_receipt(
    receipt: Receipt, module: bytes | None = None, profiles: Sequence[Profile] = TRUSTED, load: Load = load
) -> Final:
    """The outcome of running the function again, which is the reported one to the byte and the unit of fuel.

    A receipt brings its own profile, and a profile its own ceilings: only those in `profiles` run. Raises
    VerificationFailed naming the difference, TranscriptMismatch, InvalidReceipt and InvalidModule for what the receipt
    breaks, HostFault when this machine fails: then nothing is known about the receipt.
    """
    identifier = profile_id(receipt.profile)
    runs = ", ".join(str(profile_id(profile)) for profile in profiles)
    require(receipt.profile in profiles, f"it ran under profile {identifier}; here run only {runs}")
    outcome = execute(load(function_of(receipt, module), receipt.profile), receipt.request, receipt.transcript)
    if isinstance(outcome, Awaiting):
        what = f"draw {parse_draw(outcome.spec).ordinal}" if is_draw(outcome.spec) else f"slot {outcome.slot}"
        raise VerificationFailed("replay", f"the function awaits {what}, the transcript ends before")
    own_bytes, stated = payload(outcome), receipt.payload
    require(own_bytes == stated, f"it gives {_shown(own_bytes)}, the receipt says {_shown(stated)}")
    report, hashed = own_report(receipt), transcript_hash(receipt.transcript)
    own = make_report(request_id(receipt.request), receipt.request.function_id, hashed, outcome, view_of(receipt))
    require(report.status is own.status, f"it ends as {own.status.name}, the report says {report.status.name}")
    require(report.fuel_used == own.fuel_used, f"it uses {own.fuel_used} fuel, the report says {report.fuel_used}")
    return outcome


def own_report(receipt: Receipt) -> Report:
    """The one attested report about the receipt's request; raises VerificationFailed unless there is exactly one."""
    identifier = request_id(receipt.request)
    own = [report for report in receipt.attestation.reports if report.request_id == identifier]
    require(len(own) == 1, f"{len(own)} attested reports are about request {identifier}")
    return own[0]


def view_of(receipt: Receipt) -> View:
    """The view that the report rests on."""
    return NO_VIEW if receipt.certificate is None else receipt.certificate.view


def _shown(data: bytes) -> str:
    """Start and end of long bytes: an edit to the middle shows in the hashes."""
    text = data.hex()
    return f"0x{text}" if len(text) <= 40 else f"0x{text[:16]}…{text[-16:]} ({len(data)} bytes)"
