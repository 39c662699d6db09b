"""Build the Go modules, reproducibly, with the go of this machine.

python guest-sdk/conformance/go/build.py            # writes built/*.wasm and built/built.json
python guest-sdk/conformance/go/build.py --check    # rebuilds elsewhere and compares with what is committed
"""

from __future__ import annotations

import argparse
import sys
import tempfile
from pathlib import Path

import wasmtime

HERE = Path(__file__).resolve().parent
SDK = HERE.parents[1] / "go"
sys.path.insert(0, str(HERE.parent))

from suite import building  # noqa: E402  # the suite is beside, not installed
from suite.cases import MODULES  # noqa: E402

from executor.cli import _compile_go as toolchain  # noqa: E402


def build(module: str) -> bytes:
    """Every module is a program of its own; all but one take commands."""
    files = [f"{module}.go"] if module == "prices" else ["tour.go", f"{module}.go"]
    with tempfile.TemporaryDirectory() as work:
        toolchain.build(toolchain.find_go(), HERE, files, Path(work) / "module.wasm")
        return (Path(work) / "module.wasm").read_bytes()


def main() -> int:
    """Command line."""
    parser = argparse.ArgumentParser(description="Build the Go modules of the conformance suite.")
    parser.add_argument("--check", action="store_true", help="compare with the committed modules, write nothing")
    arguments = parser.parse_args()
    wasi = wasmtime.wat2wasm((SDK / "wasi.wat").read_text(encoding="utf-8"))
    if not arguments.check:
        (SDK / toolchain.WASI_FILE).write_bytes(wasi)
    problems = [] if (SDK / toolchain.WASI_FILE).read_bytes() == wasi else [f"{toolchain.WASI_FILE} is another"]
    modules = {name: build(name) for name in MODULES}
    sources = [*HERE.glob("*.go"), *(SDK / "executor").glob("*.go"), SDK / "wasi.wat", SDK / toolchain.WASI_FILE]
    described = building.facts({"go": toolchain.version_of(toolchain.find_go())}, sources, modules)
    if not arguments.check:
        building.write(HERE / "built", described, modules)
        return 0
    problems += building.differences(HERE / "built", described)
    sys.stdout.writelines(f"go: {problem}\n" for problem in problems)
    return len(problems)


if __name__ == "__main__":
    sys.exit(main())
