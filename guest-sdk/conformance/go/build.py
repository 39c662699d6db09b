"""Build the Go modules, reproducibly, with the go of this machine.

python guest-sdk/conformance/go/build.py            # writes built/*.wasm and built/built.json
python guest-sdk/conformance/go/build.py --check    # rebuilds elsewhere and compares with what is committed
"""

from __future__ import annotations

import argparse
import sys
import tempfile
from importlib.util import module_from_spec, spec_from_file_location
from pathlib import Path
from types import ModuleType

HERE = Path(__file__).resolve().parent
SDK = HERE.parents[1] / "go"
sys.path.insert(0, str(HERE.parent))

from suite import building  # noqa: E402  # the suite is beside, not installed
from suite.cases import MODULES  # noqa: E402


def recipe() -> ModuleType:
    """guest-sdk/go/build.py, which is a script."""
    spec = spec_from_file_location("go_recipe", SDK / "build.py")
    assert spec is not None
    assert spec.loader is not None
    module = module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def files_of(module: str) -> list[str]:
    """Every module is a program of its own; all but one take commands."""
    return [f"{module}.go"] if module == "prices" else [f"{module}.go", "tour.go"]


def main() -> int:
    """Command line."""
    parser = argparse.ArgumentParser(description="Build the Go modules of the conformance suite.")
    parser.add_argument("--check", action="store_true", help="compare with the committed modules, write nothing")
    arguments = parser.parse_args()
    toolchain = recipe()
    with tempfile.TemporaryDirectory() as work:
        modules = {name: toolchain.build(HERE, Path(work) / f"{name}.wasm", files_of(name)) for name in MODULES}
    sources = [*HERE.glob("*.go"), *SDK.glob("**/*.go"), SDK / "wasi.wat", SDK / "build.py"]
    described = building.facts({"go": toolchain.go_version()}, sources, modules)
    if not arguments.check:
        building.write(HERE / "built", described, modules)
        return 0
    problems = building.differences(HERE / "built", described)
    sys.stdout.writelines(f"go: {problem}\n" for problem in problems)
    return len(problems)


if __name__ == "__main__":
    sys.exit(main())
