"""The negative control: without canonical NaNs the engines do differ, so the equality of the others means something."""

from __future__ import annotations

from dataclasses import replace

import pytest

from executor.testing.engines import Case, Row, open_engine
from executor.vm.metering import instrument
from executor.vm.metering.snippets import Snippets

from .vectors import vectors

ENGINES = ("wasmtime-none", "wasmtime-speed", "pulley64", "v8-liftoff", "v8-turbofan")


def _lines(asked: list[Case]) -> dict[str, list[str]]:
    found: dict[str, list[str]] = {}
    for name in ENGINES:
        with open_engine(name) as engine:
            found[name] = [row.line() for row in engine.rows(asked)]
    return found


def test_without_canonical_nans_engines_differ(monkeypatch: pytest.MonkeyPatch) -> None:
    """The same scenarios, instrumented by a pass that leaves NaNs alone, have more than one answer somewhere."""
    asked = [vector for vector in vectors("numbers", "vectors") if "NaN" in vector.plain["flags"]]
    canonical = [vector.case for vector in asked]
    monkeypatch.setattr(Snippets, "canonical", staticmethod(lambda _value, _width: b""))
    monkeypatch.setattr(Snippets, "canonical_vector", staticmethod(lambda _value, _width: b""))
    pairs = [(case, instrument(vector.original)) for case, vector in zip(canonical, asked, strict=True)]
    bare = [replace(case, module=module) for case, module in pairs if case.module != module]
    assert len(bare) >= 20
    lines = _lines(bare)
    differing = [case.name for index, case in enumerate(bare) if len({lines[name][index] for name in ENGINES}) > 1]
    assert len(differing) >= 5
    for index, case in enumerate(bare):  # nothing but the bits of NaNs in memory is at stake
        assert len({Row.of_line(lines[name][index]).calls for name in ENGINES}) == 1, case.name
