"""Build the Python engine: CPython and the SDK, compiled to one core WebAssembly module and snapshotted.

    python guest-sdk/python/engine/build.py                    # writes executor/engines/python.{wasm,json}
    python guest-sdk/python/engine/build.py --check            # rebuilds elsewhere and compares with what is committed
    python guest-sdk/python/engine/build.py --work DIRECTORY   # keeps CPython's builds there: minutes become seconds

Needs gcc, make and xz beside the pinned ziglang. The result depends on the pinned source, the pinned compiler and the
files of this folder and the SDK only; two builds give the same bytes.
"""

from __future__ import annotations

import argparse
import hashlib
import json
import subprocess
import sys
import tempfile
from importlib.metadata import version
from pathlib import Path

from eth_hash.auto import keccak

HERE = Path(__file__).resolve().parent
ROOT = HERE.parents[2]
ENGINES = ROOT / "executor" / "engines"
SDK = HERE.parent / "executor_guest"
SHARED = ROOT / "guest-sdk" / "javascript" / "engine"  # counts stack slots and takes snapshots of any engine
sys.path.append(str(SHARED))

import cpython  # noqa: E402
from depth import GLOBAL as SLOTS  # noqa: E402
from depth import count_slots  # noqa: E402
from snapshot import exported_global, snapshot  # noqa: E402

from executor.vm.binary import read_outline  # noqa: E402
from executor.vm.image import DATA, sections  # noqa: E402
from executor.vm.metering.encoding import read_unsigned  # noqa: E402

ZIGLANG_VERSION = "0.17.1"
ENGINE_FILES = ("engine.c", "native.c", "wasi.c")
# 1 MiB of stack in linear memory: what 36,000 slots of CPython's frames take there, and room (slots.h).
LINK_FLAGS = (
    "-mexec-model=reactor", "-Wl,-z,stack-size=1048576", "-Wl,--export=__stack_pointer", "-Wl,--export=stack_slots",
    "-Wl,--strip-all", "-Wl,--gc-sections",
)  # fmt: skip
IMAGE_BYTES = 16 << 20  # wasmtime's memory_guaranteed_dense_image_size
EMULATED = ("-lwasi-emulated-signal", "-lwasi-emulated-getpid", "-lwasi-emulated-process-clocks", "-lm")
# These are called here, once, and are not part of the ABI.
PREPARE = ("_initialize", "prepare", "wipe")
DROPPED_EXPORTS = (*PREPARE, "__stack_pointer", "stack_slots")
EXPORTS = {"memory", "alloc", "load", "run"}
IMPORTS = {"observe", "propose", "call", "read", "fail", "log"}


class BuildError(Exception):
    """The engine cannot be built, or what was built breaks the guest ABI."""


def build(work: Path, archive: Path | None = None) -> tuple[bytes, dict[str, object]]:
    """The engine's bytes and the manifest that says where they come from."""
    if version("ziglang") != ZIGLANG_VERSION:
        raise BuildError(f"ziglang {ZIGLANG_VERSION} decides the engine's bytes; this is {version('ziglang')}")
    source, native, library = work / f"Python-{cpython.VERSION}", work / "native", work / "wasm"
    if not source.exists():
        _say("fetching CPython")
        cpython.fetch(work, archive)
    if not native.exists():
        _say("building CPython for this machine")
        cpython.build_native(source, native)
    if not library.exists():
        _say("building CPython for WebAssembly")
        cpython.build_library(source, library, native / "python")
    linked = link(source, library, native / "python", work)
    _say("taking the snapshot")
    wasm = snapshot(count_slots(linked, exported_global(linked, SLOTS)), PREPARE, DROPPED_EXPORTS)
    check_abi(wasm)
    check_image(wasm)
    return wasm, manifest(wasm)


def link(source: Path, library: Path, native: Path, work: Path) -> bytes:
    """CPython, the frozen modules and our own files in one module, not yet prepared."""
    frozen = work / "frozen"
    frozen.mkdir(exist_ok=True)
    # Byte code is written a little differently by a process that read its own from caches: this one finds none.
    isolated = ["-I", "-S", "-B", "-X", f"pycache_prefix={frozen / 'none'}"]
    subprocess.run([native, *isolated, HERE / "freeze.py", frozen / "frozen.c", SDK], check=True)
    linked = work / "linked.wasm"
    includes = [f"-I{source / 'Include'}", f"-I{library}", f"-I{HERE}"]
    sources = [frozen / "frozen.c", *(HERE / name for name in ENGINE_FILES), SHARED / "slots.s"]
    libraries = [library / name for name in cpython.LIBRARIES]
    flags = [*cpython.TARGET, *cpython.OPTIMISED, *cpython.COMPILE_FLAGS, *includes]
    command = [cpython.ZIG, "cc", *flags, *sources, *libraries, *EMULATED, "-o", linked, *LINK_FLAGS]
    subprocess.run(list(map(str, command)), check=True)
    return linked.read_bytes()


def check_abi(wasm: bytes) -> None:
    """The module has the exports of an engine and imports nothing but the ABI."""
    outline = read_outline(wasm)
    exports = {export.name for export in outline.exports}
    if exports != EXPORTS:
        raise BuildError(f"exports are {sorted(exports)}, expected {sorted(EXPORTS)}")
    foreign = [
        (each.module, each.name) for each in outline.imports if each.module != "executor" or each.name not in IMPORTS
    ]
    if foreign:
        raise BuildError(f"imports outside the guest ABI: {foreign}")


def check_image(wasm: bytes) -> None:
    """What is not zero of the memory spans so little that wasmtime maps it, and does not copy it for every run."""
    size = image_bytes(wasm)
    if size > IMAGE_BYTES:
        raise BuildError(f"the memory's image spans {size} bytes, wasmtime maps at most {IMAGE_BYTES} with many zeros")


def image_bytes(wasm: bytes) -> int:
    """From the first byte of all data segments to the last."""
    data = dict(sections(wasm))[DATA]
    count, at = read_unsigned(data, 0)
    places = []
    for _ in range(count):
        start, at = read_unsigned(data, at + 2)  # active, i32.const
        size, at = read_unsigned(data, at + 1)  # end
        places += [start, start + size]
        at += size
    return max(places) - min(places)


def manifest(wasm: bytes) -> dict[str, object]:
    """Where the bytes come from: enough to build them again."""
    inputs = {path.name: hashlib.sha256(path.read_bytes()).hexdigest() for path in input_files()}
    flags = [*cpython.TARGET, *cpython.OPTIMISED, *cpython.COMPILE_FLAGS, *LINK_FLAGS]
    return {
        "abi": 1,
        "language": "python",
        "sha256": hashlib.sha256(wasm).hexdigest(),
        "module_id": "0x" + keccak(wasm).hex(),
        "size_bytes": len(wasm),
        "source": {
            "package": "python3.13",
            "version": cpython.VERSION,
            "registry": "Debian (trixie, source)",
            "sha256": cpython.ARCHIVE_SHA256,
        },
        "toolchain": {"ziglang": ZIGLANG_VERSION, "flags": flags, "configure": list(cpython.OPTIONS)},
        "inputs": inputs,
        "licences": {
            "CPython": "PSF-2.0, (c) 2001 Python Software Foundation, and what its LICENSE names",
            "libmpdec": "BSD-2-Clause, (c) 2008-2020 Stefan Krah",
            "HACL*": "MIT, (c) 2016-2022 INRIA, CMU and Microsoft Corporation",
            "wasi-libc": "Apache-2.0 WITH LLVM-exception, and MIT (musl, (c) 2005-2020 Rich Felker et al.)",
        },
    }


def input_files() -> list[Path]:
    """Our own files that decide the engine's bytes."""
    ours = [
        *SDK.glob("*.py"),
        *HERE.glob("*.c"),
        *HERE.glob("*.h"),
        HERE / "config.site",
        *(HERE / f"{name}.py" for name in ("cpython", "freeze", "patches")),
        *(SHARED / name for name in ("slots.s", "depth.py", "snapshot.py")),
        ROOT / "executor" / "vm" / "image.py",
        ROOT / "executor" / "vm" / "image.py",
    ]
    return sorted(ours, key=lambda path: path.name)


def check(wasm: bytes, facts: dict[str, object]) -> None:
    """What is committed is exactly what was just built."""
    if (ENGINES / "python.wasm").read_bytes() != wasm:
        raise BuildError("executor/engines/python.wasm differs from what its sources build")
    if json.loads((ENGINES / "python.json").read_text(encoding="utf-8")) != facts:
        raise BuildError("executor/engines/python.json differs from what its sources build")


def main() -> None:
    """Command line."""
    parser = argparse.ArgumentParser(description="Build the Python engine.")
    parser.add_argument("--check", action="store_true", help="compare with the committed engine, write nothing")
    parser.add_argument("--archive", type=Path, help=f"{cpython.ARCHIVE}, instead of fetching it")
    parser.add_argument("--work", type=Path, help="folder to build in and to keep")
    arguments = parser.parse_args()
    with tempfile.TemporaryDirectory() as temporary:
        work = (arguments.work or Path(temporary)).resolve()
        work.mkdir(parents=True, exist_ok=True)
        wasm, facts = build(work, arguments.archive)
    if arguments.check:
        check(wasm, facts)
    else:
        (ENGINES / "python.wasm").write_bytes(wasm)
        (ENGINES / "python.json").write_text(json.dumps(facts, indent=2, ensure_ascii=False) + "\n", encoding="utf-8")
    _say(f"python.wasm {len(wasm)} bytes, sha256 {facts['sha256']}")


def _say(text: str) -> None:
    sys.stdout.write(f"{text}\n")
    sys.stdout.flush()


if __name__ == "__main__":
    main()
