"""Build the Zig modules, reproducibly, with the compiler from PyPI.

python guest-sdk/conformance/zig/build.py            # writes built/*.wasm and built/built.json
python guest-sdk/conformance/zig/build.py --check    # rebuilds elsewhere and compares with what is committed
"""

from __future__ import annotations

import argparse
import sys
import tempfile
from importlib.metadata import version
from pathlib import Path

HERE = Path(__file__).resolve().parent
SDK = HERE.parents[1] / "zig" / "src"
sys.path.insert(0, str(HERE.parent))

from suite import building  # noqa: E402  # the suite is beside, not installed
from suite.cases import MODULES  # noqa: E402

from executor.cli._compile_zig import compile_zig  # noqa: E402


def build(source: Path) -> bytes:
    """One module."""
    with tempfile.TemporaryDirectory() as work:
        compile_zig(source, Path(work) / "module.wasm", source.parent)
        return (Path(work) / "module.wasm").read_bytes()


def main() -> int:
    """Command line."""
    parser = argparse.ArgumentParser(description="Build the Zig modules of the conformance suite.")
    parser.add_argument("--check", action="store_true", help="compare with the committed modules, write nothing")
    arguments = parser.parse_args()
    modules = {name: build(HERE / f"{name}.zig") for name in MODULES}
    described = building.facts({"ziglang": version("ziglang")}, [*HERE.glob("*.zig"), *SDK.glob("*.zig")], modules)
    if not arguments.check:
        building.write(HERE / "built", described, modules)
        return 0
    problems = building.differences(HERE / "built", described)
    sys.stdout.writelines(f"zig: {problem}\n" for problem in problems)
    return len(problems)


if __name__ == "__main__":
    sys.exit(main())
