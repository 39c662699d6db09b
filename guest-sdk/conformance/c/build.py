"""Build the C modules, reproducibly, with the compiler and flags of guest-sdk/c/build.py.

python guest-sdk/conformance/c/build.py            # writes built/*.wasm and built/built.json
python guest-sdk/conformance/c/build.py --check    # rebuilds elsewhere and compares with what is committed
"""

from __future__ import annotations

import argparse
import sys
import tempfile
from importlib.util import module_from_spec, spec_from_file_location
from pathlib import Path
from types import ModuleType

HERE = Path(__file__).resolve().parent
SDK = HERE.parents[1] / "c"
sys.path.insert(0, str(HERE.parent))

from suite import building  # noqa: E402  # the suite is beside, not installed
from suite.cases import MODULES  # noqa: E402


def recipe() -> ModuleType:
    """guest-sdk/c/build.py, which is a script."""
    spec = spec_from_file_location("c_recipe", SDK / "build.py")
    assert spec is not None
    assert spec.loader is not None
    module = module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def main() -> int:
    """Command line."""
    parser = argparse.ArgumentParser(description="Build the C modules of the conformance suite.")
    parser.add_argument("--check", action="store_true", help="compare with the committed modules, write nothing")
    arguments = parser.parse_args()
    toolchain, flags = recipe(), ["-I", str(HERE)]
    with tempfile.TemporaryDirectory() as work:
        modules = {name: toolchain.build(HERE / f"{name}.c", Path(work) / f"{name}.wasm", *flags) for name in MODULES}
    sources = [*HERE.glob("*.[ch]"), *SDK.glob("*.h")]
    described = building.facts({"ziglang": toolchain.ZIGLANG_VERSION}, sources, modules)
    if not arguments.check:
        building.write(HERE / "built", described, modules)
        return 0
    problems = building.differences(HERE / "built", described)
    sys.stdout.writelines(f"c: {problem}\n" for problem in problems)
    return len(problems)


if __name__ == "__main__":
    sys.exit(main())
