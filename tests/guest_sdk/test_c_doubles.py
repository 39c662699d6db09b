"""The shortest decimal of a double in C: what Python's repr gives, without exponent."""

from __future__ import annotations

import struct
from decimal import Decimal
from importlib.util import module_from_spec, spec_from_file_location
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from .harness import ROOT, Guest

SOURCE = """
#include "executor_observe.h"

EXECUTOR_FUNCTION(input) {
    double number;
    memcpy(&number, input.at, 8);
    return executor_decimal_of_double(number);
}
"""


@pytest.fixture(scope="module")
def shown(tmp_path_factory: pytest.TempPathFactory) -> Guest:
    """Built as guest-sdk/c/build.py builds the examples."""
    work: Path = tmp_path_factory.mktemp("doubles")
    (work / "doubles.c").write_text(SOURCE)
    spec = spec_from_file_location("c_recipe", ROOT / "guest-sdk" / "c" / "build.py")  # a script, one of two `build`s
    assert spec is not None
    assert spec.loader is not None
    recipe = module_from_spec(spec)
    spec.loader.exec_module(recipe)
    return Guest.load(recipe.build(work / "doubles.c", work / "doubles.wasm"))


def expected(number: float) -> str:
    text = format(Decimal(repr(number)), "f")
    return text.removesuffix(".0") if number else "0"


EDGES = (
    5e-324,
    2.2250738585072014e-308,
    1.7976931348623157e308,
    9007199254740993.0,
    1e23,
    2.0**-44,
    0.1,
    1e21,
    -1.5e-7,
)


@pytest.mark.parametrize("number", [*EDGES, *(2.0**power for power in range(-1074, 1024, 131))])
def test_edges(shown: Guest, number: float):
    """The smallest, the largest, powers of two, whose neighbours are not equally far."""
    assert shown.run(None, struct.pack("<d", number)).text == expected(number)


@settings(max_examples=200, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(number=st.floats(allow_nan=False, allow_infinity=False))
def test_any_double(shown: Guest, number: float):
    """The fewest digits that read back as the same number, and of these the nearest."""
    assert shown.run(None, struct.pack("<d", number)).text == expected(number)


@pytest.mark.parametrize("number", [float("inf"), float("nan")])
def test_what_is_no_number_fails(shown: Guest, number: float):
    """NaN and infinities have no decimal."""
    assert shown.run(None, struct.pack("<d", number)).ending == "failed"
