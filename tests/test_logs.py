"""What may stand in a log, whoever wrote the text: one event is one line, and nothing secret or long is in it."""

from __future__ import annotations

import io
import json
import logging
from collections.abc import Iterator
from pathlib import Path

import pytest
import structlog
from hypothesis import given
from hypothesis import strategies as st

from executor.logs import BURST, MAX_KINDS, Quota, configure_logs, identify, origin, say
from executor.node.logs import LEVELS, log_events
from executor.store.events import EventLog


@pytest.fixture(autouse=True)
def as_before() -> Iterator[None]:
    """Logging is the process's own: put it back."""
    root = logging.getLogger()
    handlers, level = list(root.handlers), root.level
    yield
    structlog.reset_defaults()
    structlog.contextvars.clear_contextvars()
    root.handlers[:], root.level = handlers, level


def lines(write, **options) -> list[str]:
    out = io.StringIO()
    configure_logs(stream=out, **options)
    write()
    return out.getvalue().splitlines()


@pytest.mark.parametrize("format", ["json", "text"])
@given(
    text=st.text()
    | st.sampled_from(["a\nlevel=error event=forged", "\x1b[2K\rforged", "\u2028x", "\u202eevil", "\x85"])
)
def test_whatever_a_guest_or_peer_wrote_is_one_line_of_ascii(format: str, text: str) -> None:
    out = io.StringIO()
    configure_logs(stream=out, format=format)
    say("info", "observed", value=text, fields={text: [text, {text: text}]})
    say("warning", "message", text=f"said {text}")
    written = out.getvalue()
    assert written.count("\n") == 2
    assert all(0x20 <= ord(letter) < 0x7F for line in written.split("\n") for letter in line)


def test_a_text_line_cannot_be_forged_by_a_value() -> None:
    (line,) = lines(lambda: say("info", "refused", reason="x level=error event=signing-refused"), format="text")
    assert line.endswith('refused reason="x level=error event=signing-refused"')


def test_a_line_has_its_fields_in_order() -> None:
    def write() -> None:
        identify(epoch=3, member=1)
        say("warning", "stalled", slot=0, request_id="0xab")

    (line,) = lines(write, format="json")
    plain = json.loads(line)
    assert list(plain) == ["time", "level", "event", "request_id", "epoch", "member", "slot"]
    assert (plain["level"], plain["event"], plain["epoch"], plain["member"]) == ("warning", "stalled", 3, 1)


def test_long_values_are_cut_and_say_so() -> None:
    def write() -> None:
        say("info", "agreed", value="9" * 10_000, many=list(range(1_000)), deep=[[[[[["x" * 5_000]]]]]], big=10**100)
        say("info", "agreed", wide={str(key): "v" for key in range(1_000)}, raw=b"\xff" * 10_000)

    written = lines(write, format="json", value_bytes=100)
    assert max(map(len, written)) < 2_000
    plain = json.loads(written[0])
    assert plain["value"] == "9" * 100 + "… (10000 characters)"
    assert plain["many"][-1] == "… 968 more"
    assert json.loads(written[1])["wide"]["…"] == "968 more"


def test_secrets_and_the_paths_of_rpc_urls_are_not_written() -> None:
    url = "https://rpc.test/v3/0123456789abcdef"

    def write() -> None:
        say("info", "x", password="hunter2", nested={"Private_Key": "hunter2"}, reason=f"{url}: refused; {url}/more")
        logging.getLogger("chain").error("no answer from %s", url)

    written = "\n".join(lines(write, format="json", secrets=[url]))
    assert "hunter2" not in written
    assert "0123456789abcdef" not in written
    assert written.count("https://rpc.test") == 3


@pytest.mark.parametrize(
    ("url", "shown"),
    [
        ("http://127.0.0.1:8545", "http://127.0.0.1:8545"),
        ("https://user:word@a.test/x?key=y", "https://a.test"),
        ("http://[::1", "(a URL)"),
    ],
)
def test_the_origin_of_a_url_is_all_that_is_shown(url: str, shown: str) -> None:
    assert origin(url) == shown


def test_levels_below_the_configured_one_are_not_written() -> None:
    def write() -> None:
        say("info", "seen")
        say("warning", "stalled")
        logging.getLogger("x").info("quiet")

    assert [json.loads(line)["event"] for line in lines(write, level="warning", format="json")] == ["stalled"]


def test_an_error_of_a_library_comes_with_its_traceback_on_one_line() -> None:
    def write() -> None:
        try:
            raise ValueError("broken\nin two")
        except ValueError:
            logging.getLogger("lib").exception("failed")

    (line,) = lines(write, format="json")
    assert "ValueError: broken\nin two" in json.loads(line)["traceback"]


def test_the_event_log_feeds_the_log(tmp_path: Path) -> None:
    events = EventLog(tmp_path / "events.jsonl")

    def write() -> None:
        log_events(events)
        events.add("epoch-served", "", member=2, epoch=7)
        events.add("outvoted", "0xab", member=1, event="forged", level="debug", time="now", epoch=9, self="x")
        events.add("seen", "0xcd", block=5)

    _, first, second = map(json.loads, lines(write, format="json"))
    assert (first["event"], first["level"], first["member"], first["peer"]) == ("outvoted", "warning", 2, 1)
    assert (first["epoch"], first["of_epoch"], first["of_event"]) == (7, 9, "forged")
    assert (second["event"], second["level"], second["request_id"], second["block"]) == ("seen", "info", "0xcd", 5)
    assert set(LEVELS.values()) <= {"debug", "warning", "error"}


def test_a_member_that_floods_fills_no_log(tmp_path: Path) -> None:
    """A thousand wrong messages: a burst of lines; others' lines are all there."""
    events = EventLog(tmp_path / "events.jsonl")

    def write() -> None:
        log_events(events)
        for number in range(1_000):
            events.add("refused", "", sender=1, reason=f"{number}")
            events.add("seen", f"{number}")

    written = [json.loads(line)["event"] for line in lines(write, format="json")]
    assert written.count("seen") == 1_000
    assert written.count("refused") < 2 * BURST


def test_what_was_left_out_is_counted_in_the_next_line() -> None:
    quota = Quota(per_second=1.0, burst=2.0)
    assert [quota.take("a", 0.0) for _ in range(4)] == [0, 0, None, None]
    assert quota.take("b", 0.0) == 0
    assert quota.take("a", 1.0) == 2
    for kind in range(10 * MAX_KINDS):
        quota.take(kind, 1.0)
    assert quota.take("a", 1.0) == 0, "forgotten: kinds are bounded"


def test_a_log_that_nobody_reads_any_more_stops_nothing(tmp_path: Path) -> None:
    out = io.StringIO()
    configure_logs(stream=out, format="json")
    events = EventLog(tmp_path / "events.jsonl")
    log_events(events)
    out.close()
    events.add("seen", "0xab")
    assert [event.kind for event in events.after(0)] == ["seen"]
