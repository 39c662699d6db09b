"""executor run"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from executor.capabilities.private import GivenPrivateData
from executor.cli._chains import LocalChains, chains_of
from executor.cli._config import read_settings
from executor.cli._draws import drawing, timestamp_for
from executor.cli._exits import FAILED
from executor.cli._load import load_kept as load
from executor.cli._load import tested
from executor.cli._local import LocalRun, Observed, parse_given, plain_reason, run_locally, with_places, with_positions
from executor.cli._network import ConfigOption
from executor.cli._places import has_places
from executor.cli._secrets import read_secrets
from executor.cli._show import as_json, fact, readable, waiting
from executor.crypto.digests import payload
from executor.errors import InvalidConfig, InvalidValue
from executor.javascript import Positions
from executor.model.codec import Json
from executor.model.draw import CommitteeDraw, DrandDraw, parse_draw
from executor.model.function import Function
from executor.model.manifest import Terms
from executor.model.observation import Observation
from executor.model.outcome import Failed, Returned, Trapped
from executor.model.profile import PROFILE
from executor.model.request import Request
from executor.model.spec import parse_spec
from executor.projects import Project, function_of, load_project, positions_of
from executor.protocol.triggering import as_triggered
from executor.testing.development_draws import WARNING
from executor.testing.recording import MIN_SECRET_BYTES, Recording
from executor.testing.replies import RepliedCapabilities
from executor.testing.replies_file import Place, check_target, read_recorded, write_replies
from executor.vm import Capabilities, LogLine

if TYPE_CHECKING:
    from executor.capabilities import HttpSettings
    from executor.capabilities.evm import EvmChain
    from executor.chain.reader import ChainReader

_LEVELS = ("debug", "info", "warning", "error")


def command(
    path: Annotated[Path, typer.Argument(help="Directory with function.toml, the file itself, or a .wasm module.")],
    input_text: Annotated[str, typer.Option("--input", help="Text, 0x-hex, or @FILE.")] = "",
    given: Annotated[
        list[str] | None, typer.Option("--observe", help="SLOT=VALUE or SLOT=error:CODE instead of observing.")
    ] = None,
    replies: Annotated[
        Path | None,
        typer.Option("--replies", "--replay", help="JSON file with replies by URL, and of chains; no network then."),
    ] = None,
    record: Annotated[
        Path | None, typer.Option(help="Write what it is answered, and its block, to this file, for --replay.")
    ] = None,
    resolve: Annotated[
        list[str] | None, typer.Option(help="HOST=ADDRESS[:PORT], like /etc/hosts; may be a private address.")
    ] = None,
    secrets: Annotated[
        list[str] | None,
        typer.Option("--secret", help="NAME (its environment variable), NAME=env:VARIABLE or NAME=@FILE."),
    ] = None,
    ca_file: Annotated[Path | None, typer.Option(help="Certificates to trust instead of the system's.")] = None,
    rpc: Annotated[
        list[str] | None,
        typer.Option(help="CHAIN=URL of a chain to read; repeat it. The first is the home chain; else the settings'."),
    ] = None,
    block: Annotated[
        int | None, typer.Option(help="The request's block on the home chain; the last, if left out.")
    ] = None,
    timestamp: Annotated[
        int | None,
        typer.Option(help="The request's block timestamp; if left out now, or for a draw its delay before."),
    ] = None,
    relays: Annotated[
        list[str] | None, typer.Option("--relay", help="URL of a drand relay, instead of the public ones.")
    ] = None,
    subscription: Annotated[int, typer.Option(min=0, help="Who pays, as the context says.")] = 0,
    triggered: Annotated[
        bool, typer.Option("--triggered", help="The input is a triggered run's (docs/triggers.md).")
    ] = False,
    config: ConfigOption = None,
    json_output: Annotated[bool, typer.Option("--json", help="Print everything as JSON.")] = False,
) -> None:
    """Run a function here, with real or given observations."""
    function, project = _function(path)
    positions = Positions() if project is None else positions_of(project)
    if replies is not None and rpc:
        raise InvalidConfig("--rpc: --replies answers for chains, too; give one of both")
    if replies is not None and record is not None:
        raise InvalidConfig("--record: nothing is asked while a file answers; give one of both")
    if record is not None:
        check_target(record)
    overrides = _pairs(resolve or [], "--resolve")
    if replies is None:
        settings = read_settings(config)
        overrides = dict(settings.resolve) | overrides
        if timestamp is None:
            rpc = rpc or chains_of(settings, function.terms)
    if rpc and timestamp is not None:
        raise InvalidConfig("--timestamp: with --rpc it is the block's; choose a --block")
    data, secret_values = read_input(input_text), read_secrets(secrets or [], function.terms)
    private = GivenPrivateData(secret_values)
    replied, stood = (None, None) if replies is None else read_recorded(replies)
    observations = _given(given or [], function.terms.limits.observations)
    tested()
    program = load(function)
    with LocalChains(rpc or []) as chains:
        local = Request.local(
            program.function_id,
            data,
            block_timestamp=timestamp_for(function.terms) if timestamp is None else timestamp,
            chain_id=function.terms.home_chain,
        )
        if stood is not None and timestamp is None:
            local = stood.placed(local)
        placed = replace(chains.placed(local, block), subscription=subscription)
        request = as_triggered(placed) if triggered else placed
        recording = Recording(secret_values.values())

        def http() -> HttpSettings:
            from executor.capabilities import HttpSettings

            return HttpSettings(overrides=overrides, ca_file=None if ca_file is None else str(ca_file))

        def capabilities(slot: int) -> Capabilities:
            if replied is not None:
                return RepliedCapabilities(function.terms, replied, private, request=request)
            # Not at the top: these take longer to import than a run with replies takes.
            from executor.capabilities import BlockingCapabilities, EvmSettings, granted_capabilities

            evm = EvmSettings(chains.readers if record is None else _recorded(chains.readers, recording))
            live = granted_capabilities(function.terms, http(), evm=evm, private=private, request=request, slot=slot)
            return recording.around(BlockingCapabilities(live, chains.run))

        with waiting("running the function"):
            draw = drawing(relays, http, replied, None if record is None else recording.keep)
            traced = project is not None and has_places(project)
            ran = run_locally(program, request, capabilities, observations, draw, events=traced)
        done = with_positions(ran, positions)
    if project is not None and traced:
        done = with_places(done, project, request)
    if record is not None:
        write_replies(record, recording.replies, Place.of(request))
        if short := [name for name, value in secret_values.items() if len(value) < MIN_SECRET_BYTES]:
            told = f"{', '.join(short)}: under {MIN_SECRET_BYTES} bytes, which stand in any text by chance"
            typer.echo(f"executor: warning: --record: not looked for: {told}", err=True)
        for url in sorted(recording.left_out):
            typer.echo(f"executor: warning: --record: {url} answered twice, differently; the first is kept", err=True)
        if recording.secret:
            typer.echo(f"executor: warning: --record: {recording.secret} answers hold a secret: left out", err=True)
    for slot in sorted(observations):
        if slot >= len(done.observed):
            typer.echo(f"executor: warning: --observe: the function never reached slot {slot}", err=True)
    if json_output:
        as_json({"function_id": str(program.function_id), **_plain(done, positions)})
    else:
        fact("function", program.function_id)
        _print(done, function.terms, positions)
    if not isinstance(done.outcome, Returned):
        raise typer.Exit(FAILED)


def _recorded(readers: Mapping[int, ChainReader], recording: Recording) -> Mapping[int, EvmChain]:
    from executor.testing.recording_chains import recorded_chains

    return recorded_chains(readers, recording)


def read_input(text: str) -> bytes:
    """Input bytes of 0x-hex, @FILE or text; raises InvalidConfig."""
    try:
        if text.startswith("@"):
            with Path(text[1:]).open("rb") as file:
                data = file.read(PROFILE.ceilings.input_bytes + 1)
        else:
            data = bytes.fromhex(text[2:]) if text.startswith("0x") else text.encode("utf-8")
    except (OSError, ValueError) as error:
        hint = "0x is followed by pairs of hex digits" if isinstance(error, ValueError) else error
        raise InvalidConfig(f"--input {text}: {hint}") from error
    if len(data) > PROFILE.ceilings.input_bytes:
        raise InvalidConfig(f"--input has more than {PROFILE.ceilings.input_bytes} bytes, the limit")
    return data


def _function(path: Path) -> tuple[Function, Project | None]:
    if path.suffix != ".wasm":
        project = load_project(path)
        return function_of(project), project
    try:
        return Function(path.read_bytes()), None
    except OSError as error:
        raise InvalidConfig(f"{path}: {error.strerror}") from error


def _given(texts: list[str], limit: int) -> dict[int, Observation]:
    observations: dict[int, Observation] = {}
    for text in texts:
        try:
            slot, seen = parse_given(text)
        except (ValueError, InvalidValue) as error:
            raise InvalidConfig(f"--observe: {error}") from error
        if slot in observations:
            raise InvalidConfig(f"--observe: slot {slot} is given twice")
        if slot >= limit:
            raise InvalidConfig(
                f"--observe: slot {slot} of {limit}: slots count from 0, limits.observations is {limit}"
            )
        observations[slot] = seen
    return observations


def _pairs(texts: list[str], option: str) -> dict[str, str]:
    pairs = dict(text.partition("=")[::2] for text in texts)
    if wrong := [host for host, place in pairs.items() if not host or not place]:
        raise InvalidConfig(f"{option} {wrong[0]}: it is HOST=ADDRESS or HOST=ADDRESS:PORT")
    return pairs


def _print(done: LocalRun, terms: Terms, positions: Positions) -> None:
    for slot, each in enumerate(done.observed):
        label = parse_spec(each.entry.spec).label
        name = f'{slot} "{label}"' if label else str(slot)
        shown = each.entry.value.decode("utf-8", "backslashreplace")
        fact("observation", f"{name} {each.entry.kind.name.lower()} {shown}{_source(each)}")
        _print_logs(each.logs)
        if each.reason:
            fact("  reason", plain_reason(each.entry, each.reason, terms.limits))
        if each.place:
            fact("  place", each.place)
    for entry in done.draws:
        drawn = parse_draw(entry.spec)
        source = f"from drand's round {drawn.round}" if isinstance(drawn, DrandDraw) else WARNING
        fact("draw", f"{drawn.ordinal} {source}")
    _print_logs(done.logs)
    outcome = done.outcome
    ending = f"trapped: {outcome.code.name}" if isinstance(outcome, Trapped) else type(outcome).__name__.lower()
    fact("outcome", ending)
    reason = plain_reason(outcome, done.reason, terms.limits) if done.reason else ""
    if reason and not (isinstance(outcome, Failed) and _error(outcome, positions) in reason):
        fact("reason", reason)  # else the error says it
    if not isinstance(outcome, Trapped):
        fact("output" if isinstance(outcome, Returned) else "error", positions.told(readable(payload(outcome))))
    if done.place:
        fact("place", done.place)
    fact("fuel", f"{outcome.fuel_used:,} of {terms.limits.fuel:,}")


def _print_logs(logs: tuple[LogLine, ...]) -> None:
    for line in logs:
        fact("log", f"{_level(line)}: {line.text}")


def _source(each: Observed) -> str:
    return "  (given)" if each.given else ""


def _level(line: LogLine) -> str:
    return _LEVELS[line.level] if line.level < len(_LEVELS) else str(line.level)


def _error(failed: Failed, positions: Positions) -> str:
    return positions.told(failed.error.decode("utf-8", "replace"))


def _plain(done: LocalRun, positions: Positions) -> dict[str, Json]:
    return {
        "outcome": type(done.outcome).__name__.lower(),
        "payload": f"0x{payload(done.outcome).hex()}",
        "fuel_used": done.outcome.fuel_used,
        "reason": done.reason,
        "error": _error(done.outcome, positions) if isinstance(done.outcome, Failed) else "",
        "place": done.place,
        "observations": [
            {
                "slot": slot,
                "spec": each.entry.spec.decode("utf-8"),
                "kind": each.entry.kind.name.lower(),
                "value": f"0x{each.entry.value.hex()}",
                "given": each.given,
                "reason": each.reason,
                "place": each.place,
                "logs": [{"level": _level(line), "text": line.text} for line in each.logs],
            }
            for slot, each in enumerate(done.observed)
        ],
        "draws": [
            {
                "spec": each.spec.decode("utf-8"),
                "proof": f"0x{each.value.hex()}",
                "development_key": isinstance(parse_draw(each.spec), CommitteeDraw),
            }
            for each in done.draws
        ],
        "logs": [{"level": _level(line), "text": line.text} for line in done.logs],
    }
