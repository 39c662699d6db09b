"""Two implementations of the guest ABI agree: executor.vm on wasmtime, guest-sdk/web/replay.mjs on V8 (D1, D12)."""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Iterator

import pytest
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st
from vm.guests import module

from executor.model.codec import encode_json
from executor.model.function import Function
from executor.model.observation import Kind
from executor.model.outcome import Awaiting, Outcome, TrapCode, Trapped
from executor.model.spec import Strategy
from executor.model.transcript import Entry
from executor.receipts import Loader
from executor.testing.engines import WebReplay

from .functions import Subject, corpus, examples, guests, hostile, in_javascript, in_python, local, recorded
from .test_vectors import EVERYTHING
from .vectors import ROOT

LOAD = Loader()
WEB = ROOT / "guest-sdk" / "web"
FAMILIES = () if EVERYTHING else ("abi", "alloc", "stack", "trap")  # the others take tens of seconds

INPUT = "(local.get $ptr) (local.get $len)"
LONG_INPUT = '(func (export "alloc") (param i32) (result i32) (i32.const 1024))'


@pytest.fixture(scope="module")
def web() -> Iterator[WebReplay]:
    """One V8 for all requests."""
    with WebReplay() as replay:
        yield replay


def _compare(web: WebReplay, subjects: Iterable[Subject]) -> list[Outcome | str]:
    """The common ends; outcome, fuel and every import call with its fuel must be equal."""
    ends = []
    for subject in sorted(subjects, key=lambda subject: subject.function.module):  # each is compiled once
        expected = in_python(LOAD(subject.function), subject)
        assert in_javascript(web, subject) == expected, subject.name
        ends.append(expected[0])
    return ends


def test_guests_of_every_kind(web: WebReplay) -> None:
    """The corpus of D1 and the committed guests, with and without what they await."""
    ends = _compare(web, [*corpus(), *guests()])
    assert {type(end).__name__ for end in ends} == {"Returned", "Failed", "Trapped", "Awaiting", "str"}
    assert {end.code for end in ends if isinstance(end, Trapped)} >= {TrapCode.OUT_OF_FUEL, TrapCode.TRAP, TrapCode.ABI}


def test_javascript_functions(web: WebReplay) -> None:
    """The examples, and what has been recorded on networks."""
    assert len(_compare(web, [*examples(), *recorded()])) >= 10


def test_hostile_guests(web: WebReplay) -> None:
    """Attacks come to the same end, after the same import calls; where a native stack gives way (D5), to none."""
    ends = []
    for subject in hostile(*FAMILIES):
        expected, found = in_python(LOAD(subject.function), subject), in_javascript(web, subject)
        if "HostFault" in (expected[0], found[0]):
            assert subject.name.startswith("hostile stack/")
        else:
            assert found == expected, subject.name
            ends.append(expected[0])
    assert len(ends) >= 80


def test_the_browsers_part_uses_nothing_of_node() -> None:
    """From replay.mjs on, modules import only each other, and name no global that a browser lacks."""
    pending, seen = ["replay.mjs", "keccak.mjs"], set[str]()
    while pending:
        name = pending.pop()
        seen.add(name)
        text = (WEB / name).read_text(encoding="utf-8")
        assert not re.search(r"\b(node:|process\.|Buffer\b|require\(|globalThis\b)", text), name
        imported = re.findall(r'^(?:import|export) .*from "(.*)";$', text, re.MULTILINE)
        assert all(re.fullmatch(r"\./[a-z]+\.mjs", path) for path in imported)
        pending += {path[2:] for path in imported} - seen
    assert seen == {"replay.mjs", "imports.mjs", "machine.mjs", "outline.mjs", "spec.mjs", "keccak.mjs"}


# Guests that hand their input to one import: properties of the hosts, drawn.


def _guest(body: str) -> Function:
    """A guest with this body, its input at 1024 and room for all of it."""
    return Function(module(f"{body} (i64.const 0)", alloc=LONG_INPUT, pages="2"))


OBSERVES = _guest(f"(drop (call $observe {INPUT}))")
LOGS = _guest(f"(call $log (i32.const 0) {INPUT})")
FAILS = _guest(f"(call $fail {INPUT})")
NAMES = _guest(f"(drop (call $call {INPUT} {INPUT}))")
KECCAK = Function(
    module(
        f"""(drop (call $call (i32.const 0) (i32.const 16) {INPUT})) (call $read (i32.const 64))
        (i64.const 0x4000000020)""",
        before='(data (i32.const 0) "crypto.keccak256")',
        alloc=LONG_INPUT,
        pages="2",
    )
)
KEYS = st.sampled_from(["aggregate", "label", "default", "fields", "\ue000", "𐀀"])
JSON = st.recursive(
    st.none() | st.booleans() | st.integers(-(2**54), 2**54) | st.floats() | st.text(max_size=70),
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(
            st.sampled_from(["aggregate", "label", "default", "fields", "\ue000", "𐀀"]), inner, max_size=3
        )
    ),
    max_leaves=6,
)
STRATEGY = st.sampled_from([*Strategy, "median", "mean", ""])
FIELDS = st.fixed_dictionaries({"fields": st.dictionaries(st.text(max_size=3), STRATEGY, max_size=34)})
SPECS = st.fixed_dictionaries(
    {
        "aggregate": STRATEGY
        | st.fixed_dictionaries({"fields": st.dictionaries(st.text(max_size=3), STRATEGY, max_size=34)})
    },
    optional={"label": st.text(max_size=66), "default": st.text(max_size=9) | st.none(), "other": st.none()},
)
drawn = settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])


def _spec_bytes(value: object) -> bytes:
    try:
        return encode_json(value)
    except ValueError:
        return json.dumps(value).encode("utf-8", "surrogatepass")


@given(data=SPECS.map(_spec_bytes) | JSON.map(_spec_bytes) | JSON.map(lambda value: json.dumps(value).encode()))
@example(data=b'{"aggregate":"median","label":"' + "é".encode() * 64 + b'"}')
@example(data=b'{"aggregate":"median","label":"' + "𐀀".encode() * 65 + b'"}')
@example(data=b'{"aggregate":"median","label":"\\ud800"}')
@example(data=b'{"aggregate":"median","label":"\xed\xa0\x80"}')
@example(data=b'\xef\xbb\xbf{"aggregate":"median"}')
@example(data=b'{"aggregate":"median","aggregate":"median"}')
@example(data=b'{"aggregate":{"fields":{"__proto__":"mode","a":"median"}}}')
@example(data=b'{"aggregate":{"fields":{"10":"mode","9":"median","a":"mode"}}}')
@example(data=b'{"__proto__":null,"aggregate":"median"}')
@example(data=b'{"aggregate":"median","label":"\\u001f\\u007f\\n/"}')
@example(data=b'{"aggregate":"median","default":null}')
@example(data=b'{"aggregate":"single","label":"order"}')
@example(data=b'{"aggregate":{"fields":{"a":"single"}}}')
@example(data=b"[" * 33 + b"]" * 33)
@example(data=b"-0")
@example(data=b"")
@drawn
def test_both_take_the_same_specs(web: WebReplay, data: bytes) -> None:
    """Canonical JSON of a known form is awaited; anything else is against the ABI."""
    (end,) = _compare(web, [local("spec", OBSERVES, data)])
    assert isinstance(end, Awaiting) or end == Trapped(TrapCode.ABI, OBSERVES.terms.limits.fuel)


@given(data=st.text(max_size=40).map(str.encode) | st.binary(max_size=40))
@example(data=b"\xed\xa0\x80")
@example(data=b"\xc0\x80")
@example(data=b"\xf4\x90\x80\x80")
@example(data=b"\xef\xbb\xbf")
@drawn
def test_both_take_the_same_text_and_errors(web: WebReplay, data: bytes) -> None:
    """UTF-8 is what Python says it is, in logs and in names of operations; errors are any bytes but none."""
    _compare(web, (local("text", function, data) for function in (LOGS, NAMES, FAILS)))


@given(data=st.binary(max_size=420))
@example(data=bytes(135))
@example(data=bytes(136))
@example(data=bytes(137))
@drawn
def test_both_hash_alike(web: WebReplay, data: bytes) -> None:
    """keccak256 of any length, at the same price."""
    _compare(web, [local("keccak", KECCAK, data)])


@pytest.mark.parametrize("size", [1_024, 1_025, 4_096, 4_097, 65_536, 65_537])
def test_both_have_the_same_ceilings(web: WebReplay, size: int) -> None:
    """Errors, specs, log lines and inputs at their limits and one byte over."""
    data = b"a" * size
    spec = encode_json({"aggregate": "median", "default": "a" * (size - 35)})
    subjects = [local("ceiling", function, data) for function in (LOGS, FAILS, KECCAK)]
    _compare(web, [*subjects, local("spec", OBSERVES, spec), local("awaited", OBSERVES, spec, (_entry(spec),))])


def _entry(spec: bytes) -> Entry:
    return Entry(spec, Kind.VALUE, b"1")


def test_a_replay_goes_on_after_its_process_ended(web: WebReplay) -> None:
    """The next request starts another, and brings its module again."""
    subject = local("keccak", KECCAK, b"abc")
    expected = in_javascript(web, subject)
    web.close()
    assert in_javascript(web, subject) == expected
