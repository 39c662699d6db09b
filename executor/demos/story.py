"""A request's journey, told line by line as the nodes report it."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from decimal import Decimal
from typing import Any

from rich.console import Console
from rich.text import Text

from executor.model.draw import is_draw

Event = Mapping[str, Any]
WIDTH = 14  # of the label column
LONGEST = 200  # characters of an observed value: a market's positions are thousands


class Story:
    """Prints to a rich console: colours and boxes on a terminal, plain lines elsewhere."""

    def __init__(self, console: Console) -> None:
        self.console = console
        self._outputs: dict[int, str] = {}
        self._told: set[str] = set()
        self.transmitted: Event | None = None
        self.agreed = ""
        self.outvoted: set[int] = set()

    def chapter(self, title: str) -> None:
        """A heading; forgets what was told of the last request."""
        self._outputs.clear()
        self._told.clear()
        self.transmitted = None
        self.agreed = ""
        self.outvoted = set()
        self.console.print()
        self.console.print(Text(f"── {title}", style="bold cyan"), soft_wrap=True)

    def line(self, label: str, text: str, style: str = "") -> None:
        """One fact."""
        row = Text(f"{label:<{WIDTH}} ", style="dim")
        row.append(text, style=style or "not dim")
        self.console.print(row, soft_wrap=True)

    def event(self, node: int, event: Event) -> None:
        """Tell an event if it belongs to the story."""
        if (tell := _TELLERS.get(event["kind"])) is not None:
            tell(self, node, event)

    def once(self, key: str) -> bool:
        """Whether this is the first time for `key` in this chapter."""
        first = key not in self._told
        self._told.add(key)
        return first

    def output(self, node: int, payload: str) -> None:
        """Remember what a node's execution gave; told when all can be compared."""
        self._outputs[node] = payload

    @property
    def outputs(self) -> dict[int, str]:
        """Payload by node."""
        return dict(sorted(self._outputs.items()))


def text_of(hexed: str) -> str:
    """Printable text of hex bytes, else the hex."""
    try:
        text = bytes.fromhex(hexed.removeprefix("0x")).decode()
    except ValueError:
        return hexed
    return text if text and text.isprintable() else hexed


def short(hexed: str, characters: int = 10) -> str:
    """The head of a long hex string."""
    return hexed if len(hexed) <= characters + 2 else hexed[: characters + 2] + "…"


def brief(value: str) -> str:
    """An observed value as far as a line holds it."""
    return value if len(value) <= LONGEST else f"{value[:24]}… of {len(value):,} characters"


def price_of(payload: str) -> str:
    """The price inside an encoded (uint256 price with 8 decimals, uint64 time)."""
    return f"{Decimal(int(payload[2:66], 16)).scaleb(-8):f}"


def coins(amount_wei: int) -> str:
    """An amount of the native coin, to the gwei."""
    return f"{Decimal(amount_wei).scaleb(-18):.9f} ETH"


def _observed(story: Story, node: int, event: Event) -> None:
    if story.once(f"observed {node} {event['slot']}"):
        seen = event["value"] if event["observed"] == "value" else f"error {event['value']}"
        story.line(f"node {node}", f"observed {brief(seen)}")


def _agreed(story: Story, node: int, event: Event) -> None:
    if not story.once(f"agreed {event['slot']} {event['value']}"):
        return
    story.agreed = text_of(event["value"])
    used = [str(each["member"]) for each in event["observations"] if each["used"]]
    whose = f"of what nodes {', '.join(used)} saw; a quorum prepared it, led by node {node}"
    story.line("agreed", f"{brief(story.agreed)}  ({whose})", "bold green")
    for each in event["observations"]:
        _judge(story, each["member"], text_of(each["value"]))
    for member in event["silent"]:
        story.line("silent", f"node {member} was not heard when this was agreed", "yellow")


def _late(story: Story, _node: int, event: Event) -> None:
    _judge(story, event["member"], text_of(event["value"]))


def _judge(story: Story, member: int, value: str) -> None:
    """Name a member whose value is far from the agreed one: under median nobody can be caught in a small lie."""
    if story.agreed and _far(value, story.agreed) and member not in story.outvoted:
        story.outvoted.add(member)
        story.line("outvoted", f"node {member} said {brief(value)}", "bold red")


def _far(value: str, agreed: str) -> bool:
    """A number by more than a percent, a field's by more than its double, other text at all."""
    fields, others = _fields(value), _fields(agreed)
    if fields is None or others is None:
        return _apart(value, agreed, share=Decimal("0.01"), least=Decimal(0))
    if fields.keys() != others.keys():
        return True
    return any(_apart(fields[name], others[name], share=Decimal(1), least=Decimal(1)) for name in others)


def _apart(value: str, agreed: str, *, share: Decimal, least: Decimal) -> bool:
    number, other = _number(value), _number(agreed)
    if number.is_nan() or other.is_nan():
        return value != agreed
    return abs(number - other) > max(share * abs(other), least)


def _number(text: str) -> Decimal:
    """The number, or not a number."""
    try:
        return Decimal(text)
    except ArithmeticError:
        return Decimal("NaN")


def _fields(text: str) -> dict[str, str] | None:
    """The fields of an observed object, or None of another value."""
    try:
        value = json.loads(text)
    except ValueError:
        return None
    return {str(name): str(each) for name, each in value.items()} if isinstance(value, dict) else None


def _executed(story: Story, node: int, event: Event) -> None:
    if event["outcome"] == "awaiting":
        if story.once(f"awaits {event['slot']}"):
            what = "a draw" if is_draw(event["spec"].encode()) else f"observation {event['slot']}: {event['spec']}"
            story.line("function", f"stops at {what}")
        return
    story.output(node, event["payload"])
    if story.once(f"executed {node}"):
        what = f"{event['outcome']} {short(event['payload'], 24)}, fuel {event['fuel_used']:,}"
        story.line(f"node {node}", what)


def _drawn(story: Story, _node: int, event: Event) -> None:
    if story.once(f"drawn {event['ordinal']}"):
        source = "by the committee" if event.get("round") is None else f"from drand's round {event['round']}"
        story.line("drawn", f"draw {event['ordinal']} {source}, verified", "bold green")


def _outvoted(story: Story, _node: int, event: Event) -> None:
    if story.once(f"outvoted {event['member']}"):
        story.line("outvoted", f"node {event['member']} voted for another outcome", "bold red")


def _attested(story: Story, _node: int, event: Event) -> None:
    if story.once("attested"):
        votes = ", ".join(str(member) for member in event["votes"])
        story.line(
            "attested", f"scheme {event['scheme']}, votes of nodes {votes}, round {event['round']}", "bold green"
        )


def _transmitted(story: Story, node: int, event: Event) -> None:
    story.transmitted = event
    story.line("transmitted", f"by node {node}, {event['scheme']} verifier, {event['gas_used']:,} gas")


def _failed(story: Story, node: int, event: Event) -> None:
    story.line(f"node {node}", f"{event['kind']}: {event.get('reason', '')}", "yellow")


_TELLERS: Mapping[str, Callable[[Story, int, Event], None]] = {
    "observed": _observed,
    "agreed": _agreed,
    "observed-late": _late,
    "drawn": _drawn,
    "draw-unavailable": _failed,
    "executed": _executed,
    "outvoted": _outvoted,
    "attested": _attested,
    "transmitted": _transmitted,
    "transmission-failed": _failed,
    "host-fault": _failed,
    "abstained": _failed,
    "signing-refused": _failed,
    "function-missing": _failed,
}
