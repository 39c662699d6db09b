"""Runs a case by the library's own verbs, and says what is wrong with how it ended."""

from __future__ import annotations

from dataclasses import dataclass, field
from functools import lru_cache
from typing import Any, Final

from executor.capabilities.framing import decode_request, decode_requests
from executor.capabilities.private import GivenPrivateData
from executor.crypto.draws import draw_spec
from executor.errors import TranscriptMismatch
from executor.model.codec import encode_json
from executor.model.ids import Address, Digest, FunctionId
from executor.model.manifest import Terms, parse_terms
from executor.model.observation import Kind, Observation
from executor.model.outcome import Awaiting, Failed, Outcome, Returned, Trapped
from executor.model.request import Request
from executor.model.transcript import Entry, Transcript
from executor.testing.replies import RepliedCapabilities, Reply
from executor.vm import Diagnostics, Response, execute, observe
from suite.cases import LIMITS, Case, data
from suite.languages import Language

MAX_ERROR_BYTES: Final = 1_024
MAX_WIRES: Final = 64  # http requests of one look


@lru_cache(maxsize=256)
def _request(function: FunctionId, input: bytes) -> Request:
    return Request(
        chain_id=31_337,
        router=Address(b"\x20" * 20),
        nonce=7,
        block_number=19_000_000,
        block_timestamp=1_700_000_000,
        parent_hash=Digest(b"\xaa" * 32),
        sender=Address(b"\x5e" * 20),
        subscription=3,
        function_id=function,
        epoch=1,
        input=input,
        callback_gas_limit=200_000,
        consumer=Address(b"\xc0" * 20),
    )


@dataclass(slots=True)
class Ending:
    """How a run ended, and what it did on the way."""

    request: Request
    terms: Terms
    outcome: Outcome | Observation | TranscriptMismatch
    diagnostics: Diagnostics
    asks: list[dict[str, Any]] = field(default_factory=list)


class _Watched(RepliedCapabilities):
    """Replies, with the http requests that were made."""

    asks: list[dict[str, Any]]

    def call(self, operation: str, request: bytes) -> Response:
        """As without."""
        if operation.startswith("http."):
            messages = [request] if operation == "http.fetch" else decode_requests(request, limit=MAX_WIRES)
            for message in messages:
                wire = decode_request(message)
                self.asks.append(
                    {"method": wire.method, "url": wire.url, "headers": dict(wire.headers), "body": wire.body.decode()}
                )
        return super().call(operation, request)


def run(case: Case, language: Language) -> Ending:
    """One run."""
    terms = parse_terms({"limits": {**LIMITS, **case.limits}, "capabilities": case.capabilities})
    program = language.program(case.module, terms)
    request = _request(program.function_id, data(case.input))
    transcript, diagnostics = _transcript(case, terms, request), Diagnostics()
    replies = {url: _reply(plain) for url, plain in case.replies.items()}
    secrets = {name: data(value) for name, value in case.secrets.items()}
    capabilities = _Watched(terms, replies, GivenPrivateData(secrets), request=request)
    capabilities.asks = []
    ending: Outcome | Observation | TranscriptMismatch
    try:
        if case.observe:
            ending = observe(program, request, transcript, capabilities, diagnostics=diagnostics)
        else:
            ending = execute(program, request, transcript, diagnostics=diagnostics)
    except TranscriptMismatch as mismatched:
        ending = mismatched
    return Ending(request, terms, ending, diagnostics, capabilities.asks)


def mismatch(case: Case, ending: Ending) -> str | None:
    """What is not as expected, or None."""
    forms = case.expect.get("any", [case.expect])
    if not any(_fits(form, ending) for form in forms):
        return f"expected {_short(case.expect)}, got {_short(ending.outcome)} {ending.diagnostics.message}"
    logs = [[line.level, line.text] for line in ending.diagnostics.logs]
    if case.logs is not None and logs != _logs(case.logs):
        return f"expected the logs {_short(case.logs)}, got {_short(logs)}"
    if case.asks is not None and ending.asks != case.asks:
        return f"expected the requests {_short(case.asks)}, got {_short(ending.asks)}"
    return None


def _fits(form: dict[str, Any], ending: Ending) -> bool:
    (kind, expected), request = next(iter(form.items())), ending.request
    match kind, ending.outcome:
        case "returned", Returned(output=output):
            return output == data(expected, request)
        case "failed", Failed(error=error):
            return len(error) <= MAX_ERROR_BYTES and _is_text(error) and data(expected) in error
        case "trapped", Trapped(code=code):
            return code.name == expected
        case "awaiting", Awaiting(spec=spec):
            return spec == encode_json(expected)
        case "awaiting_draw", Awaiting(spec=spec):
            grant = ending.terms.capabilities.random
            return grant is not None and spec == draw_spec(grant, request, expected)
        case "value", Observation(kind=Kind.VALUE, value=value):
            return value == data(expected, request)
        case "error", Observation(kind=Kind.ERROR, value=value):
            return expected is None or value == data(expected)
    return False


def _is_text(error: bytes) -> bool:
    try:
        error.decode("utf-8")
    except UnicodeDecodeError:
        return False
    return True


def _transcript(case: Case, terms: Terms, request: Request) -> Transcript:
    return tuple(_entry(plain, terms, request) for plain in case.transcript)


def _entry(plain: Any, terms: Terms, request: Request) -> Entry:
    match plain:
        case {"draw": int(ordinal), "proof": str(proof)} if terms.capabilities.random is not None:
            spec = draw_spec(terms.capabilities.random, request, ordinal)
            return Entry(spec, Kind.DRAW, bytes.fromhex(proof))
        case {"spec": spec, "value": value}:
            return Entry(encode_json(spec), Kind.VALUE, data(value))
        case {"spec": spec, "default": value}:
            return Entry(encode_json(spec), Kind.DEFAULT, data(value))
        case {"spec": spec, "error": error}:
            return Entry(encode_json(spec), Kind.ERROR, data(error))
    raise ValueError(f"no entry of a transcript: {plain}")


def _reply(plain: dict[str, Any]) -> Reply:
    return Reply(**{**plain, "body": data(plain.get("body", ""))})


def _logs(plain: Any) -> list[list[Any]]:
    if isinstance(plain, list):
        return plain
    level, text = plain["each"]
    return [[level, data(text).decode()]] * int(plain["count"])


def _short(value: object) -> str:
    text = repr(value)
    return text if len(text) <= 400 else f"{text[:400]}…"
