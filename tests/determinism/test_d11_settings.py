"""D11: an engine setting that does not exist or has no effect is noticed, or no outcome depends on it."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path

import pytest
import wasmtime

from determinism.configurations import configured
from determinism.corpus import outcomes
from executor.errors import HostFault
from executor.model.profile import PROFILE, Profile
from executor.vm import self_test
from executor.vm.engine import FEATURES, SETTINGS, engine_of
from executor.vm.selftest import FEATURE_MODULES

TESTS = Path(__file__).resolve().parent.parent

FLIPPED: dict[str, dict[str, bool | int | str]] = {
    "consume_fuel": {"consume_fuel": True},
    "cranelift_nan_canonicalization": {"cranelift_nan_canonicalization": True},
    "cranelift_opt_level": {"cranelift_opt_level": "none"},
    "strategy": {"strategy": "auto"},
    "max_wasm_stack": {"max_wasm_stack": 1 << 19},  # wasmtime's own
    "epoch_interruption": {"epoch_interruption": True},
    "parallel_compilation": {"parallel_compilation": True},
    "native_unwind_info": {"native_unwind_info": False},
    "signals_based_traps": {"signals_based_traps": False},
    "memory_init_cow": {"memory_init_cow": False},
    "memory_may_move": {"memory_may_move": True},
    "memory_reservation": {"memory_reservation": 1 << 28},  # less than guests may have is a HostFault: D5
    "memory_guard_size": {"memory_guard_size": 0},
    "debug_info": {"debug_info": True},
    "gc_support": {"gc_support": True},
}
"""For every setting, another value: as if ours had had no effect."""
NOTICED = {"consume_fuel", "epoch_interruption", "max_wasm_stack"}
"""Settings that outcomes would depend on."""


@contextmanager
def ignoring(setting: str) -> Iterator[None]:
    """A wasmtime-py that takes a setting and does nothing with it."""
    former = getattr(wasmtime.Config, setting)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(wasmtime.Config, setting, property(former.fget, lambda *_: None))
        yield


def fresh(name: str) -> Profile:
    """Our profile under another name: its engine is not built yet."""
    return replace(PROFILE, name=name)


def test_every_setting_is_in_the_table() -> None:
    """A new setting needs its line above."""
    assert FLIPPED.keys() == SETTINGS.keys()


@pytest.mark.parametrize("setting", sorted(NOTICED))
def test_a_setting_that_outcomes_depend_on_is_missed_by_the_self_test(setting: str) -> None:
    """The engine behaves otherwise, and the process refuses to work."""
    with configured(f"wrong {setting}", FLIPPED[setting]) as profile, pytest.raises(HostFault, match="self-test"):
        self_test(profile)


@pytest.mark.parametrize("setting", sorted(FLIPPED.keys() - NOTICED))
def test_no_outcome_depends_on_any_other_setting(setting: str) -> None:
    """Whatever it is set to: the same outcomes, fuel and memory, so a lost effect harms nobody's agreement."""
    with configured(f"other {setting}", FLIPPED[setting]) as profile:
        self_test(profile)
        assert outcomes(profile) == outcomes()


UNREACHABLE = {"shared_memory", "gc", "stack_switching", "component_model"}
"""Features that stay out of reach when they alone are on: they need threads, gc_support, or are no core modules."""
ABORTING = {"reference_types"}
"""wasmtime aborts the process when it is asked to turn these off beside the rest."""


def turn_wrong(patch: pytest.MonkeyPatch, feature: str) -> None:
    """From here on, Config turns a feature on that should be off, or off that should be on."""
    former = getattr(wasmtime.Config, FEATURES[feature])
    wrong = feature not in PROFILE.features
    patch.setattr(
        wasmtime.Config, FEATURES[feature], property(former.fget, lambda config, _: former.fset(config, wrong))
    )


@pytest.mark.parametrize("feature", sorted(FEATURES.keys() - UNREACHABLE - ABORTING))
def test_a_feature_switch_that_goes_wrong_is_noticed(feature: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """Each one by name."""
    turn_wrong(monkeypatch, feature)
    with pytest.raises(HostFault, match=f"self-test: the feature {feature}"):
        self_test(fresh(f"wrong {feature}"))


@pytest.mark.parametrize("feature", sorted(UNREACHABLE))
def test_a_switch_that_goes_wrong_unnoticed_lets_nothing_in(feature: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """The engine still refuses the smallest module that needs the feature, which is what the self-test looks at."""
    turn_wrong(monkeypatch, feature)
    profile = fresh(f"wrong {feature}")
    self_test(profile)
    with pytest.raises(wasmtime.WasmtimeError):
        wasmtime.Module(engine_of(profile), bytes(wasmtime.wat2wasm(FEATURE_MODULES[feature])))


@pytest.mark.parametrize("feature", sorted(ABORTING))
def test_a_switch_that_the_engine_cannot_bear_ends_the_process(feature: str) -> None:
    """In a process of its own: there is no engine, so there is no outcome."""
    code = (
        "import pytest; from determinism import test_d11_settings as test;"
        f"test.turn_wrong(pytest.MonkeyPatch(), {feature!r}); test.self_test(test.fresh('wrong')); print('passed')"
    )
    done = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True,
        env={"PATH": os.environ["PATH"], "PYTHONPATH": f"{TESTS}{os.pathsep}{TESTS.parent}"},
    )  # fmt: skip
    assert done.returncode != 0
    assert "passed" not in done.stdout


@pytest.mark.parametrize("feature", sorted(FEATURES))
def test_a_feature_switch_that_is_ignored_is_noticed_or_was_right_anyway(feature: str) -> None:
    """As on a wasmtime-py that takes any attribute: wasmtime's own default counts then."""
    profile = fresh(f"ignored {feature}")
    with ignoring(FEATURES[feature]):
        try:
            self_test(profile)
        except HostFault as fault:
            words = str(fault)
        else:
            words = ""
    accepted = True
    try:
        wasmtime.Module(engine_of(profile), bytes(wasmtime.wat2wasm(FEATURE_MODULES[feature])))
    except wasmtime.WasmtimeError:
        accepted = False
    assert (words == "") == (accepted == (feature in PROFILE.features))
    assert words in ("", f"self-test: the feature {feature} is not {'on' if feature in PROFILE.features else 'off'}")


@pytest.mark.parametrize("setting", [*sorted(SETTINGS), *sorted(FEATURES.values())])
def test_a_setting_this_wasmtime_does_not_know_is_a_host_fault(setting: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """Older versions take any attribute: each one is looked up before it is set."""
    monkeypatch.delattr(wasmtime.Config, setting)
    with pytest.raises(HostFault, match=f"no setting {setting}"):
        engine_of(fresh(f"without {setting}"))
