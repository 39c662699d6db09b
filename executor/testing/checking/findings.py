"""What the gate says: findings, each with the smallest counterexample that shows it and what to do."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Final

from executor.model.codec import Json


class Kind(StrEnum):
    """What is wrong; stable names, for `allow` in check.toml and for programs (docs/check.md)."""

    NUMBERS_DIFFER = "numbers-differ"
    FLOATING_POINT = "floating-point"
    NUMBER_FORM = "number-form"
    TIME = "time-in-observation"
    ORDER = "order-in-observation"
    REPLY_ID = "id-in-observation"
    RANDOM = "random"
    HOST_NOT_ALLOWED = "host-not-allowed"
    METHOD_NOT_ALLOWED = "method-not-allowed"
    NOT_GRANTED = "not-granted"
    SECRETS_WITHOUT_OWNER = "secrets-without-owner"
    ERROR_AS_VALUE = "error-as-value"
    BAD_VALUE = "bad-value"
    OBSERVATION_FAILS = "observation-fails"
    FRAGILE_READING = "fragile-reading"
    EXAMPLE_FAILS = "example-fails"
    OUT_OF_FUEL = "out-of-fuel"
    UNBOUNDED_LOOP = "unbounded-loop"
    OUTPUT_TOO_LARGE = "output-too-large"
    OBSERVATION_TOO_LARGE = "observation-too-large"
    TOO_MANY_OBSERVATIONS = "too-many-observations"
    TRAP = "trap"
    ENGINES_DIFFER = "engines-differ"
    NOT_ATTESTED = "not-attested"


@dataclass(frozen=True, slots=True)
class Finding:
    """One thing that is wrong. `tries` is how many runs it took until it showed."""

    kind: Kind
    summary: str
    advice: str
    where: str
    input: bytes
    nodes: tuple[str, ...]
    changes: tuple[str, ...]
    tries: int
    committee: str = ""

    def lines(self) -> list[str]:
        """The finding, for people."""
        lines = [f"{self.kind}: {self.summary}"]
        if self.input:
            lines.append(f"  input    {show(self.input)}")
        lines += [f"  reply    {change}" for change in self.changes]
        lines += [f"  {node}" for node in self.nodes]
        lines += [f"  {self.committee}"] if self.committee else []
        return [*lines, f"  advice   {self.advice}"]

    def plain(self) -> Json:
        """The finding, for programs."""
        return {
            "kind": self.kind.value,
            "summary": self.summary,
            "advice": self.advice,
            "where": self.where,
            "input": f"0x{self.input.hex()}",
            "nodes": list(self.nodes),
            "changes": list(self.changes),
            "committee": self.committee,
            "tries": self.tries,
        }


@dataclass(frozen=True, slots=True)
class Report:
    """How a check ended. `tried` counts what was tried, by what it was; `allowed` are findings that are meant."""

    findings: tuple[Finding, ...]
    allowed: tuple[Finding, ...]
    notes: tuple[str, ...]
    tried: Mapping[str, int] = field(default_factory=dict)
    seconds: float = 0.0
    conclusive: bool = True

    @property
    def passed(self) -> bool:
        """Nothing was found, and there was something to find it in."""
        return not self.findings and self.conclusive

    @property
    def verdict(self) -> str:
        """`passed`, `failed` or `inconclusive`."""
        if self.findings:
            return "failed"
        return "passed" if self.conclusive else "inconclusive"

    def text(self) -> str:
        """Everything, for people."""
        blocks = ["\n".join(finding.lines()) for finding in self.findings]
        blocks += [f"allowed  {finding.kind}: {finding.summary}" for finding in self.allowed]
        blocks += [f"note     {note}" for note in self.notes]
        blocks.append(self.summary())
        return "\n".join(blocks)

    def summary(self) -> str:
        """The verdict, and what was tried, in one line."""
        count = len(self.findings)
        ended = {"passed": "passed: nothing found", "inconclusive": "inconclusive: nothing could be judged"}
        verdict = ended.get(self.verdict, f"failed: {count} finding{'s' if count != 1 else ''}")
        tried = ", ".join(f"{number} {what}" for what, number in self.tried.items())
        return f"{verdict}; tried {tried or 'nothing'}"

    def plain(self) -> Json:
        """Everything, for programs."""
        return {
            "verdict": self.verdict,
            "findings": [finding.plain() for finding in self.findings],
            "allowed": [finding.plain() for finding in self.allowed],
            "notes": list(self.notes),
            "tried": dict(self.tried),
        }


SHOWN: Final = 72  # characters of a value on a line


def show(data: bytes, limit: int = SHOWN, *, beside: bytes | None = None) -> str:
    """Text where the bytes are printable, else hex; of many bytes the part round where `beside` differs."""
    try:
        text = data.decode("utf-8")
    except UnicodeDecodeError:
        text = ""
    text = text if text and text.isprintable() else f"0x{data.hex()}"
    if len(text) <= limit:
        return text
    start = 0
    if beside is not None and text.isascii() and not text.startswith("0x"):
        same = next((at for at, (one, other) in enumerate(zip(data, beside, strict=False)) if one != other), 0)
        start = min(max(0, same - limit // 3), len(text) - limit)
    cut = text[start : start + limit]
    return f"{'…' if start else ''}{cut}{'…' if start + limit < len(text) else ''} ({len(data)} bytes)"
