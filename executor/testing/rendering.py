"""Values of a run in words for people: short, printable, and cut where two of them differ."""

from __future__ import annotations

from typing import Final, assert_never

from executor.errors import InvalidValue
from executor.model.draw import CommitteeDraw, DrandDraw, Draw, is_draw, parse_draw
from executor.model.observation import Kind, Observation
from executor.model.outcome import Awaiting, Failed, Returned, Trapped
from executor.model.spec import Fields, Strategy, parse_spec
from executor.testing.http_words import answered, asked
from executor.testing.runs import End
from executor.vm import Event

WIDTH: Final = 60  # characters of a value that are shown
_LEAD: Final = 12  # characters of agreement shown before the first difference


def shown_bytes(data: bytes, *, beside: bytes | None = None, width: int = WIDTH) -> str:
    """Text as text, anything else as hex; of a long value the part where it differs from another."""
    try:
        text = data.decode("utf-8")
        printable = all(char.isprintable() or char in "\n\t" for char in text)
    except UnicodeDecodeError:
        printable = False
    if not data:
        return "(empty)"
    if not printable:
        text = f"0x{data.hex()}"
        beside = None if beside is None else f"0x{beside.hex()}".encode()
    text = " ".join(text.split()) if beside is None else text.replace("\n", "\\n").replace("\t", "\\t")
    start = 0
    if beside is not None and len(text) > width:
        other = beside.decode("utf-8", "replace").replace("\n", "\\n").replace("\t", "\\t")
        common = next((at for at, (a, b) in enumerate(zip(text, other, strict=False)) if a != b), 0)
        start = max(0, min(common - _LEAD, len(text) - width))
    return f"{'…' if start else ''}{text[start : start + width]}{'…' if len(text) > start + width else ''}"


def shown_event(event: Event, *, beside: Event | None = None) -> str:
    """A host call on one line: name, what the guest gave, what it got, fuel so far."""
    argument, answer = _argument(event), ""
    if event.answer:
        answer = shown_bytes(_answer(event), beside=_answer(beside) if beside else None)
    said = f"{event.name} {argument}".rstrip()
    return f"{said}{f' -> {answer}' if answer else ''}  [fuel {event.fuel_used:,}]"


def _argument(event: Event) -> str:
    if event.name != "call":
        return shown_bytes(event.argument) if event.argument else ""
    operation, request = _called(event)
    words = asked(operation, request) or (shown_bytes(request) if request else "")
    return f"{operation} {words}".rstrip()


def _answer(event: Event) -> bytes:
    words = answered(_called(event)[0], event.answer) if event.name == "call" else None
    return event.answer if words is None else words.encode("utf-8", "backslashreplace")


def _called(event: Event) -> tuple[str, bytes]:
    operation, _, request = event.argument.partition(b"\0")
    return operation.decode("utf-8", "replace"), request


def shown_end(end: End) -> str:
    """How a run ended, on one line."""
    match end:
        case Returned(output, fuel):
            return f"returned {shown_bytes(output)}  [fuel {fuel:,}]"
        case Failed(error, fuel):
            return f"failed: {shown_bytes(error, width=2 * WIDTH)}  [fuel {fuel:,}]"
        case Trapped(code, fuel):
            return f"trapped: {code.name}  [fuel {fuel:,}]"
        case Awaiting(slot, spec):
            return f"awaits {shown_slot(slot, spec)}"
        case Observation():
            return f"observed {shown_observation(end)}"
        case _:
            assert_never(end)


def shown_observation(seen: Observation, *, beside: bytes | None = None) -> str:
    """What a node saw."""
    if seen.kind is Kind.ERROR:
        return f"error {seen.value.decode('ascii')}"
    return shown_bytes(seen.value, beside=beside)


def shown_slot(slot: int, spec: bytes) -> str:
    """A slot by number, label and strategy; a draw by number and round."""
    if is_draw(spec):
        draw = parse_draw(spec)
        return f"draw {draw.ordinal} {drawn_from(draw)}"
    try:
        parsed = parse_spec(spec)
    except InvalidValue:
        return f"slot {slot}"
    label = f' "{parsed.label}"' if parsed.label else ""
    return f"slot {slot}{label} under `{strategy_name(parsed.aggregate)}`"


def drawn_from(draw: Draw) -> str:
    """Where a draw comes from."""
    match draw:
        case DrandDraw(round=round):
            return f"from round {round}"
        case CommitteeDraw():
            return "by the committee"
        case _:
            assert_never(draw)


def strategy_name(aggregate: Strategy | Fields) -> str:
    """The strategy as its function's author writes it."""
    if isinstance(aggregate, Strategy):
        return aggregate.value
    return f"fields({', '.join(f'{name}: {strategy}' for name, strategy in aggregate.strategies)})"
