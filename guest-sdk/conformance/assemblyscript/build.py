"""Build the AssemblyScript modules, reproducibly, with the compiler that the SDK's package-lock.json pins.

python guest-sdk/conformance/assemblyscript/build.py            # writes built/*.wasm and built/built.json
python guest-sdk/conformance/assemblyscript/build.py --check    # rebuilds elsewhere and compares with what is committed
"""

from __future__ import annotations

import argparse
import sys
import tempfile
from pathlib import Path

HERE = Path(__file__).resolve().parent
SDK = HERE.parents[1] / "assemblyscript"
sys.path[:0] = [str(HERE.parent), str(SDK)]

import assemblyscript  # noqa: E402  # guest-sdk/assemblyscript/assemblyscript.py
from suite import building  # noqa: E402  # the suite is beside, not installed
from suite.cases import MODULES  # noqa: E402


def main() -> int:
    """Command line."""
    parser = argparse.ArgumentParser(description="Build the AssemblyScript modules of the conformance suite.")
    parser.add_argument("--check", action="store_true", help="compare with the committed modules, write nothing")
    arguments = parser.parse_args()
    with tempfile.TemporaryDirectory() as work:
        modules = {
            name: assemblyscript.compile_function(HERE / f"{name}.ts", Path(work) / f"{name}.wasm") for name in MODULES
        }
    sources = [*HERE.glob("*.ts"), *(SDK / "lib" / "executor").glob("*.ts"), SDK / "build.mjs"]
    described = building.facts({"assemblyscript": assemblyscript.locked_version()}, sources, modules)
    if not arguments.check:
        building.write(HERE / "built", described, modules)
        return 0
    problems = building.differences(HERE / "built", described)
    sys.stdout.writelines(f"assemblyscript: {problem}\n" for problem in problems)
    return len(problems)


if __name__ == "__main__":
    sys.exit(main())
