"""A receipt as people hold it: read it, verify it, run it again (docs/receipts.md; the public `executor.Receipt`)."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import assert_never

from executor.crypto.digests import profile_id, request_id
from executor.errors import InvalidReceipt, VerificationFailed
from executor.model.codec import encode
from executor.model.ids import Address, FunctionId, ProfileId, RequestId
from executor.model.outcome import Failed, Final, Returned, TrapCode, Trapped
from executor.model.profile import Profile
from executor.model.receipt import Receipt as Content
from executor.model.report import Status
from executor.receipts.checks import Check, all_passed
from executor.receipts.files import parse_receipt, read_receipt
from executor.receipts.loader import Load
from executor.receipts.replay import TRUSTED, own_report, replay_receipt
from executor.receipts.verify import verify_receipt
from executor.vm import load


@dataclass(frozen=True, slots=True)
class Verdict:
    """What a verification found: true when every check passed, and as text one line a check."""

    checks: tuple[Check, ...]

    @property
    def failures(self) -> tuple[Check, ...]:
        """The checks that failed."""
        return tuple(check for check in self.checks if not check.passed)

    def require(self) -> None:
        """Raises VerificationFailed naming the first failed check."""
        for failed in self.failures:
            raise VerificationFailed(failed.name, failed.detail)

    def __bool__(self) -> bool:
        return bool(self.checks) and all_passed(self.checks)

    def __iter__(self) -> Iterator[Check]:
        return iter(self.checks)

    def __str__(self) -> str:
        return "\n".join(f"{'ok  ' if check.passed else 'FAIL'} {check.name}: {check.detail}" for check in self.checks)


@dataclass(frozen=True, slots=True)
class Receipt:
    """One request from demand to delivery, in one file. Immutable; `content` holds every field of the file."""

    content: Content

    @classmethod
    def read(cls, path: Path | str) -> Receipt:
        """The receipt in a file; raises InvalidReceipt naming what is malformed."""
        return cls(read_receipt(Path(path)))

    @classmethod
    def parse(cls, data: bytes) -> Receipt:
        """The receipt in canonical bytes, one final newline allowed; raises InvalidReceipt."""
        return cls(parse_receipt(data))

    def to_bytes(self) -> bytes:
        """The canonical bytes, which `parse` reads."""
        return encode(self.content)

    @property
    def request_id(self) -> RequestId:
        """The request this is about."""
        return request_id(self.content.request)

    @property
    def function_id(self) -> FunctionId:
        """The function that the request asked for."""
        return self.content.request.function_id

    @property
    def profile_id(self) -> ProfileId:
        """The rules the function ran under."""
        return profile_id(self.content.profile)

    @property
    def outcome(self) -> Final:
        """What the attested report says. No check is made: `replay` shows it, `verify` shows who signed it.

        Raises InvalidReceipt when no attested report is about the request, or its bytes are no such outcome.
        """
        try:
            report, data = own_report(self.content), self.content.payload
            match report.status:
                case Status.RETURNED:
                    return Returned(data, report.fuel_used)
                case Status.FAILED:
                    return Failed(data, report.fuel_used)
                case Status.TRAPPED:
                    return Trapped(TrapCode(int.from_bytes(data)), report.fuel_used)
                case _:
                    assert_never(report.status)
        except (VerificationFailed, ValueError) as error:
            raise InvalidReceipt(f"the receipt states no outcome: {error}") from error

    def replay(self, *, module: bytes | None = None, profiles: Sequence[Profile] = TRUSTED, load: Load = load) -> Final:
        """Run the function again over the transcript: the attested outcome, byte for byte, fuel included (D1).

        `module` is needed when the receipt names one that it does not hold; a `Loader` given as `load` spares many
        replays the compilation. Only a profile of `profiles` runs: a
        receipt brings its own, and a stranger's could have any ceilings. Raises VerificationFailed naming the
        difference, InvalidValue or TranscriptMismatch for what the receipt breaks, and HostFault when this machine
        fails: then nothing is known about the receipt. Signatures are not looked at: `verify` does both.
        """
        return replay_receipt(self.content, module, profiles, load)

    def verify(
        self, *, module: bytes | None = None, profiles: Sequence[Profile] = TRUSTED, load: Load = load
    ) -> Verdict:
        """Every check that needs no network: ids, signatures, quorum, and the replay. What is wrong is in the verdict.

        Raises HostFault when this machine fails during the replay: then nothing is known about the receipt.
        """
        return Verdict(tuple(verify_receipt(self.content, module, profiles, load)))

    async def verify_on_chain(self, rpc_url: str, *, beacon: Address | None = None) -> Verdict:
        """What only the chain can tell: that these members are the registered committee, and the two transactions.

        With a Beacon's address also that its key is the one the committee's draws in the receipt are under.
        Raises WrongChain or ChainUnavailable for an endpoint that cannot answer.
        """
        from executor.receipts.on_chain import verify_on_chain  # brings web3; the rest works without it

        return Verdict(tuple(await verify_on_chain(self.content, rpc_url, beacon=beacon)))
