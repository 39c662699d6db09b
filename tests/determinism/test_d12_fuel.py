"""D12: fuel is defined by our versioned rules over the module's bytes; no engine has a say in it."""

from __future__ import annotations

import json
from dataclasses import replace
from hashlib import sha256
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from vm.guests import module, program, request

from determinism import programs
from determinism.configurations import configured
from executor.crypto.digests import profile_id
from executor.errors import HostFault
from executor.model.function import Function
from executor.model.manifest import Terms
from executor.model.outcome import Outcome, Returned
from executor.model.profile import PROFILE
from executor.vm import Diagnostics, execute, load
from executor.vm.diagnostics import Event
from executor.vm.engine import engine_of
from executor.vm.metering import RULES, rules, table_digest
from executor.vm.metering.instructions import INSTRUCTIONS, MISCELLANEOUS, VECTOR
from executor.vm.prices import IMPORT_PRICES, OPERATION_PRICES, Price

DOCUMENT = Path(__file__).resolve().parents[2] / "docs" / "metering-m1.json"
ENGINES = ("", "unoptimised code", "explicit checks", "a memory that moves", "the Pulley interpreter")
COSTS = {name: cost for name, cost, _ in json.loads(DOCUMENT.read_bytes())["instructions"].values()}


def run(body: str, engine: str, fuel: int) -> tuple[Outcome, list[Event], int]:
    """The outcome, every host call with the fuel burned before it, and the size of the memory in the end."""
    terms = Terms.model_validate({"limits": {"fuel": fuel, "memory_mib": 1}})
    function = Function(module(body, before=programs.DECLARATIONS), terms)
    profile = PROFILE
    if engine:
        with configured(engine) as profile:
            pass
    target, diagnostics = load(function, profile), Diagnostics(record_events=True)
    outcome = execute(target, request(target), diagnostics=diagnostics)
    return outcome, diagnostics.events, diagnostics.memory_bytes if isinstance(outcome, Returned) else 0


@settings(max_examples=40, deadline=None, suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large])
@given(programs.BODIES, st.integers(80_000, 800_000))
def test_fuel_is_the_same_on_every_engine_at_every_host_call(body: str, fuel: int) -> None:
    """Random programs under random budgets, cut off in the middle or not."""
    expected = run(body, ENGINES[0], fuel)
    assert all(run(body, engine, fuel) == expected for engine in ENGINES[1:])


PURE = st.recursive(
    st.integers(0, 2**63 - 1).map(lambda value: ("i64.const", f"(i64.const {value})", ("i64.const",))),
    lambda inner: st.one_of(
        st.tuples(st.sampled_from(["i64.add", "i64.mul", "i64.rotl", "i64.xor", "i64.shr_u"]), inner, inner).map(
            lambda of: (of[0], f"({of[0]} {of[1][1]} {of[2][1]})", (of[0], *of[1][2], *of[2][2]))
        ),
        st.tuples(st.sampled_from(["i64.clz", "i64.popcnt", "i64.extend32_s"]), inner).map(
            lambda parts: (parts[0], f"({parts[0]} {parts[1][1]})", (parts[0], *parts[1][2]))
        ),
        inner.map(
            lambda part: ("f64", f"(i64.reinterpret_f64 (f64.sqrt (f64.convert_i64_s {part[1]})))",
                          ("i64.reinterpret_f64", "f64.sqrt", "f64.convert_i64_s", *part[2]))
        ),
        inner.map(
            lambda part: ("load", f"(i64.load (i32.and (i32.wrap_i64 {part[1]}) (i32.const 1023)))",
                          ("i64.load", "i32.and", "i32.wrap_i64", "i32.const", *part[2]))
        ),
    ),
    max_leaves=12,
)  # fmt: skip


@settings(max_examples=60, deadline=None)
@given(PURE)
def test_straight_code_costs_the_sum_of_the_published_table(code: tuple[str, str, tuple[str, ...]]) -> None:
    """docs/metering-m1.json and nothing else: what an expression adds to a run is the sum of its instructions."""
    _, text, names = code
    empty, longer = program("(i64.const 0)"), program(f"(drop {text}) (i64.const 0)")
    outcomes = [execute(target, request(target)) for target in (empty, longer)]
    base, found = (outcome.fuel_used for outcome in outcomes if isinstance(outcome, Returned))
    assert found - base == sum(COSTS[name] for name in names) + COSTS["drop"]


def test_the_profile_names_the_published_numbers() -> None:
    """The table's digest is pinned: in the profile, in the document, and what the code computes."""
    document = DOCUMENT.read_bytes().removesuffix(b"\n")
    assert sha256(document).hexdigest() == table_digest() == PROFILE.metering.table
    assert json.loads(document)["rules"] == PROFILE.metering.rules == RULES


def changed_tables() -> list[tuple[str, str, object]]:
    """(what, where in rules, another value) for every number there is."""
    found: list[tuple[str, str, object]] = []
    for name, table in (("INSTRUCTIONS", INSTRUCTIONS), ("MISCELLANEOUS", MISCELLANEOUS), ("VECTOR", VECTOR)):
        for code, row in table.items():
            found.append((f"cost of {row.name}", name, {**table, code: row._replace(cost=row.cost + 1)}))
            found.append((f"NaN of {row.name}", name, {**table, code: row._replace(nan=16)}))
    for name, prices in (("IMPORT_PRICES", IMPORT_PRICES), ("OPERATION_PRICES", OPERATION_PRICES)):
        for key, price in prices.items():
            found.append((f"base of {key}", name, {**prices, key: Price(price.base + 1, price.per_byte)}))
            found.append((f"bytes of {key}", name, {**prices, key: Price(price.base, price.per_byte + 1)}))
    for name, value in vars(rules).items():
        if name.isupper() and isinstance(value, int) and name != "REVISION":
            found.append((name, name, value + 1))
        elif name.isupper() and isinstance(value, bytes):
            found.append((name, name, value + b"\0"))
    found.append(("SLOTS", "SLOTS", {**rules.SLOTS, 0x7B: 1}))
    found.append(("RULES", "RULES", "m2"))
    return found


def test_any_other_number_is_another_profile(monkeypatch: pytest.MonkeyPatch) -> None:
    """Every cost, NaN width, price and constant is in the digest, and the digest is in the profile's id."""
    seen, ids = {repr(rules._table())}, {profile_id(PROFILE)}
    changes = changed_tables()
    assert len(changes) > 850
    for place, (what, name, value) in enumerate(changes):
        with monkeypatch.context() as patch:
            patch.setattr(rules, name, value)
            table = repr(rules._table())
            assert table not in seen, f"{what} is in no digest"
            seen.add(table)
            if place % 20 == 0:  # hashing is what takes time
                ids.add(profile_id(replace(PROFILE, metering=replace(PROFILE.metering, table=table_digest()))))
    assert len(ids) == 2 + (len(changes) - 1) // 20


@pytest.mark.parametrize("change", [{"rules": "m2"}, {"table": "00" * 32}, {"table": ""}])
def test_rules_that_are_not_ours_do_not_run(change: dict[str, str]) -> None:
    """A profile of other rules is a HostFault, never an approximation."""
    other = replace(PROFILE, name="other rules", metering=replace(PROFILE.metering, **change))  # type: ignore[arg-type]
    assert profile_id(other) != profile_id(PROFILE)
    with pytest.raises(HostFault):
        engine_of(other)
