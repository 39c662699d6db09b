"""wasm-tools smith makes modules of the guest ABI, and always the same ones."""

from __future__ import annotations

import random
from pathlib import Path

import pytest

from executor.errors import InvalidModule
from executor.model.function import Function
from executor.model.manifest import Terms
from executor.testing.fuzz.smith import printed, settings_of, smith, template_module, with_funcref
from executor.vm import load
from executor.vm.binary import read_outline
from executor.vm.checks import IMPORTS

TERMS = Terms.model_validate({})
WITH_REFERENCES = 3  # the settings' number that turns reference types on
WITHOUT = 0


def made(settings: int, seed: int, size: int = 800) -> bytes:
    """A module of these settings."""
    module = smith(bytes([settings]) + random.Random(seed).randbytes(size))
    assert module is not None
    return module


@pytest.mark.parametrize("initialize", [False, True])
def test_the_template_is_a_guest_itself(initialize: bool) -> None:
    assert load(Function(template_module(initialize=initialize), TERMS)).has_initialize is initialize


@pytest.mark.parametrize("settings", [0, 20, 36, 64, 144, 252])
def test_a_module_imports_the_abi_and_nothing_else_and_exports_what_it_asks_for(settings: int) -> None:
    outline = read_outline(made(settings & ~3, 1))

    assert {entry.name for entry in outline.imports} <= set(IMPORTS)
    assert {"memory", "alloc", "run"} <= {export.name for export in outline.exports}


def test_the_same_decisions_make_the_same_module() -> None:
    assert made(WITHOUT, 5) == made(WITHOUT, 5)


def test_without_reference_types_every_module_loads() -> None:
    for seed in range(10):
        load(Function(made(WITHOUT, seed), TERMS))


def test_a_module_with_externref_is_refused_and_loads_with_funcref_in_its_place() -> None:
    module = next(item for item in (made(WITH_REFERENCES, seed) for seed in range(40)) if "externref" in printed(item))

    with pytest.raises(InvalidModule):
        load(Function(module, TERMS))
    load(Function(with_funcref(module), TERMS))


def test_features_outside_the_profile_are_off(tmp_path: Path) -> None:
    settings = settings_of(255, tmp_path)

    assert not any(settings[f"{name}-enabled"] for name in ("threads", "tail-call", "relaxed-simd", "gc", "memory64"))
    assert settings["allow-start-export"] is False
