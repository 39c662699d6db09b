"""Answers cases with the module as it was before the metering pass, on wasmtime with the engine's own fuel and NaNs.

    python -m executor.testing.fuzz.host_original

Lines and rows as executor/testing/engines/host_wasmtime.py has them, with these differences: the case's module is the
original one; what it burns is the engine's fuel, FUEL_FACTOR times the budget, and a run that burns it all says
OUT_OF_FUEL; fuel and depth in a row are 0; an import call takes no fuel.
"""

from __future__ import annotations

import base64
import ctypes
import json
import sys
import threading
from importlib.metadata import version
from typing import Any, Final

import wasmtime
from wasmtime import _ffi as ffi

from executor.testing.engines.host_wasmtime import METER, STACK_BYTES, THREAD_BYTES, Run

FUEL_FACTOR: Final = 20  # nothing we price is a twentieth of what the engine asks for it
FUEL_BASE: Final = 100_000
PAGE_BYTES: Final = 65_536


class Gauge:
    """Stands where an instrumented module has one of the meter's globals."""

    def value(self, _store: wasmtime.Store) -> int:
        """Enough of everything, and no check failed."""
        return 0

    def set_value(self, _store: wasmtime.Store, _value: object) -> None:
        """Nothing meters this module."""


class Original(Run):
    """A case on the original module."""

    def __init__(self, engine: wasmtime.Engine, case: dict[str, Any]) -> None:
        super().__init__(engine, {**case, "price": 0})
        self.store.set_fuel(int(case["budget"]) * FUEL_FACTOR + FUEL_BASE)
        self.store.set_limits(memory_size=case["pages"] * PAGE_BYTES)

    def instantiate(self, module: wasmtime.Module) -> None:
        """The instance, with gauges in the meter's place."""
        exports = self.linker.instantiate(self.store, module).exports(self.store)
        self.exports = {export.name: exports[export.name] for export in module.exports}
        self.memory = next((item for item in self.exports.values() if isinstance(item, wasmtime.Memory)), None)
        self.exports |= {name: Gauge() for name in METER}

    def meter(self, name: str) -> int:
        """Zero, but for a run that burned the engine's fuel."""
        return int(name == "status" and self.store.get_fuel() == 0)


def main() -> None:
    """Serve in a thread whose stack holds what the engine may use of it."""
    config = wasmtime.Config()
    config.consume_fuel = True
    config.cranelift_nan_canonicalization = True
    # The async stack is not used, but may not be smaller than the other; wasmtime-py has no property for it.
    setter = ffi.dll.wasmtime_config_async_stack_size_set
    setter.argtypes, setter.restype = [ctypes.c_void_p, ctypes.c_size_t], None
    setter(ctypes.cast(config.ptr(), ctypes.c_void_p), THREAD_BYTES)
    config.max_wasm_stack = STACK_BYTES
    engine = wasmtime.Engine(config)
    sys.stdout.write(json.dumps({"engine": "wasmtime-original", "version": version("wasmtime")}) + "\n")
    sys.stdout.flush()

    def serve() -> None:
        module, note = None, ""
        for line in sys.stdin:
            value = json.loads(line)
            if "module" in value:
                try:
                    module, note = wasmtime.Module(engine, base64.b64decode(value["module"]["base64"])), ""
                except wasmtime.WasmtimeError as error:
                    module, note = None, str(error)
            row = Original(engine, value).row(module)
            row["note"] = row["note"] or note
            sys.stdout.write(json.dumps(row, separators=(",", ":")) + "\n")
            sys.stdout.flush()

    threading.stack_size(THREAD_BYTES)
    thread = threading.Thread(target=serve)
    thread.start()
    thread.join()


if __name__ == "__main__":
    main()
