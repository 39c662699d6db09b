"""Functions with requests and transcripts, from everywhere in the repository, for executing them twice."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace

from determinism.corpus import CASES

from executor.crypto.digests import function_id
from executor.errors import HostFault, TranscriptMismatch
from executor.model.function import Function
from executor.model.manifest import parse_manifest, parse_terms
from executor.model.observation import Kind
from executor.model.outcome import Outcome
from executor.model.request import Request
from executor.model.transcript import Entry, Transcript
from executor.receipts import Receipt
from executor.testing.engines import WebReplay
from executor.vm import Diagnostics, Program, execute
from executor.vm.diagnostics import Event
from fixtures.guests.hostile import corpus as corpus_of_attacks

from .vectors import ROOT

QUICKJS = (ROOT / "executor" / "engines" / "quickjs.wasm").read_bytes()
MEDIAN = b'{"aggregate":"median","label":"eth-usd"}'
COMMANDS = (b"", b"d3000.125", b"b\1\2\3", b'j{"list":[1,2]}', b"kabc", b"c", b"f", b"m", b"h", b"?")
Run = tuple[Outcome | str, list[Event]]


@dataclass(frozen=True, slots=True)
class Subject:
    """One request to execute."""

    name: str
    function: Function
    request: Request
    transcript: Transcript = ()


def local(name: str, function: Function, data: bytes = b"", transcript: Transcript = ()) -> Subject:
    """A request that no chain made."""
    return Subject(
        name, function, Request.local(function_id(function), data, block_timestamp=1_700_000_000), transcript
    )


def in_python(program: Program, subject: Subject) -> Run:
    """What executor.vm says, with every import call."""
    diagnostics = Diagnostics(record_events=True)
    try:
        return execute(program, subject.request, subject.transcript, diagnostics=diagnostics), diagnostics.events
    except (TranscriptMismatch, HostFault) as error:
        return type(error).__name__, diagnostics.events


def in_javascript(web: WebReplay, subject: Subject) -> Run:
    """What replay.mjs says."""
    diagnostics = Diagnostics(record_events=True)
    try:
        outcome = web.execute(subject.function, subject.request, subject.transcript, diagnostics=diagnostics)
        return outcome, diagnostics.events
    except (TranscriptMismatch, HostFault) as error:
        return type(error).__name__, diagnostics.events


def corpus() -> Iterator[Subject]:
    """Guests that together use every import and end in every way."""
    for name, (program, transcript) in CASES.items():
        yield local(f"corpus {name}", program.function, b"input", transcript)


def guests() -> Iterator[Subject]:
    """The committed guests."""
    price = (Entry(MEDIAN, Kind.VALUE, b"3000.5"),)
    for name in ("c_empty", "c_echo", "c_eth_usd", "c_abi_tour"):
        function = Function((ROOT / "fixtures" / "guests" / f"{name}.wasm").read_bytes())
        for data in COMMANDS:
            yield local(f"{name} {data!r}", function, data)
        yield local(f"{name} with a transcript", function, b"", price)
        yield local(f"{name} with a transcript too long", function, b"", price * 2)


def examples() -> Iterator[Subject]:
    """The examples, whole."""
    data = b'{"items":[' + b",".join(b'{"price":"%d.%02d"}' % (1800 + i * 7, i) for i in range(40)) + b"]}"
    for folder in sorted(path.parent for path in (ROOT / "examples").glob("*/function.toml")):
        manifest = parse_manifest((folder / "function.toml").read_text(encoding="utf-8"))
        if manifest.function.language == "javascript":
            function = Function(QUICKJS, manifest.terms, (folder / manifest.function.source).read_bytes())
            yield local(f"{folder.name}", function, data)
            for kind, value in ((Kind.VALUE, b"1842.17"), (Kind.ERROR, b"timeout"), (Kind.DEFAULT, b"1")):
                yield local(f"{folder.name} {kind.name}", function, data, (Entry(MEDIAN, kind, value),))


def recorded() -> Iterator[Subject]:
    """The requests of the recorded receipts, on the engine of this release."""
    for path in sorted((ROOT / "fixtures" / "receipts").glob("*.json")):
        content = Receipt.read(path).content
        stated = content.function
        function = Function(stated.module or QUICKJS, parse_terms(stated.terms), stated.source)
        if stated.module or stated.source:
            request = replace(content.request, function_id=function_id(function))
            yield Subject(f"receipt {path.stem}", function, request, content.transcript)


def hostile(*families: str) -> Iterator[Subject]:
    """The hostile guests that load and attack agreed runs; of some families, or all."""
    for guest in corpus_of_attacks.guests():
        if guest.ends != "invalid" and (guest.family in families or not families):
            yield local(f"hostile {guest.name}", guest.function(), guest.input, guest.transcript())
