"""The self-test shows each setting's effect (D11)."""

from __future__ import annotations

from dataclasses import replace

import pytest
import wasmtime

from executor.errors import HostFault
from executor.model.profile import PROFILE
from executor.vm import self_test, selftest
from executor.vm.engine import SETTINGS, engine_of


def test_the_profile_of_this_release_passes() -> None:
    """The installed engine does what the profile says."""
    self_test()


@pytest.mark.parametrize("name", list(selftest._CHECKS))
def test_an_engine_without_a_setting_fails_its_check(name: str) -> None:
    """No check passes on an engine with wasmtime's defaults, so each can fail."""
    config = wasmtime.Config()
    config.consume_fuel = True
    engine = wasmtime.Engine(config)
    store = wasmtime.Store(engine)
    store.set_fuel(10 if name == "consume_fuel" else 1_000_000)
    if name == "consume_fuel":  # what an engine without fuel cannot do at all
        with pytest.raises(wasmtime.WasmtimeError):
            wasmtime.Store(wasmtime.Engine()).set_fuel(1)
        return
    exports = wasmtime.Instance(
        store, wasmtime.Module(engine, bytes(wasmtime.wat2wasm(selftest._EFFECTS))), []
    ).exports(store)
    assert not selftest._CHECKS[name](store, exports)


def test_every_setting_exists() -> None:
    """A setting this wasmtime-py does not know would be ignored silently: it is looked up first."""
    assert all(isinstance(getattr(wasmtime.Config, name), property) for name in SETTINGS)


@pytest.mark.parametrize(
    ("change", "reason"),
    [
        ({"engine_version": "49.0.0"}, "runs on wasmtime 49.0.0"),
        ({"engine": "v8"}, "runs on v8"),
        ({"features": (*PROFILE.features, "time_travel")}, "unknown features"),
        ({"features": ("simd",)}, "cannot turn off"),
    ],
)
def test_a_profile_this_installation_cannot_run_is_a_host_fault(change: dict[str, object], reason: str) -> None:
    """Another engine, version or feature set is never approximated."""
    with pytest.raises(HostFault, match=reason):
        engine_of(replace(PROFILE, **change))  # type: ignore[arg-type]
