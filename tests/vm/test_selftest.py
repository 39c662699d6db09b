"""The self-test shows each setting's effect (D11)."""

from __future__ import annotations

from dataclasses import replace
from types import MappingProxyType

import pytest
import wasmtime

from executor.errors import HostFault
from executor.model.profile import PROFILE
from executor.vm import engine as engine_module
from executor.vm import self_test, selftest
from executor.vm.engine import SETTINGS, engine_of
from executor.vm.metering import instrument


def test_the_profile_of_this_release_passes() -> None:
    """The installed engine does what the profile says."""
    self_test()


BROKEN_PASSES = {
    "fuel metering": (b"\x41\x01\x24", b"\x41\x00\x24"),
    "the stack depth": (b"\x41\x02\x24", b"\x41\x00\x24"),
    "a plain trap": (b"\x41\x00\x0b", b"\x41\x01\x0b"),
    "the memory limit or the canonical NaN": (b"\xf8\x7f", b"\xf9\x7f"),
}
"""What an instrumented module says, and what a broken pass would say: statuses, initial status, the NaN."""


@pytest.mark.parametrize("name", list(BROKEN_PASSES))
def test_a_broken_pass_fails_its_check(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """Each check sees the metering it is for."""
    right, wrong = BROKEN_PASSES[name]
    monkeypatch.setattr(selftest, "instrument", lambda module: instrument(module).replace(right, wrong))
    with pytest.raises(HostFault, match=f"self-test: {name}"):
        self_test()


def test_an_engine_without_the_native_stack_fails_its_check(monkeypatch: pytest.MonkeyPatch) -> None:
    """With wasmtime's own default the check does not pass."""
    monkeypatch.setattr(engine_module, "SETTINGS", MappingProxyType({**SETTINGS, "max_wasm_stack": 1 << 19}))
    with pytest.raises(HostFault, match="max_wasm_stack"):
        self_test(replace(PROFILE, name="little stack"))


def test_every_setting_exists() -> None:
    """A setting this wasmtime-py does not know would be ignored silently: it is looked up first."""
    assert all(isinstance(getattr(wasmtime.Config, name), property) for name in SETTINGS)


@pytest.mark.parametrize(
    ("change", "reason"),
    [
        ({"metering": replace(PROFILE.metering, rules="m0")}, "metering rules m0"),
        ({"metering": replace(PROFILE.metering, table="00" * 32)}, "metering rules m1"),
        ({"features": (*PROFILE.features, "time_travel")}, "unknown features"),
        ({"features": ("simd",)}, "cannot turn off"),
    ],
)
def test_a_profile_this_installation_cannot_run_is_a_host_fault(change: dict[str, object], reason: str) -> None:
    """Other rules or another feature set are never approximated."""
    with pytest.raises(HostFault, match=reason):
        engine_of(replace(PROFILE, **change))  # type: ignore[arg-type]
