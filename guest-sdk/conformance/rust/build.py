"""Build the Rust modules and the SDK's examples, reproducibly, with the compiler that tools/rust/setup.py makes.

python guest-sdk/conformance/rust/build.py            # writes built/ here and beside the examples
python guest-sdk/conformance/rust/build.py --check    # rebuilds elsewhere and compares with what is committed
"""

from __future__ import annotations

import argparse
import os
import subprocess
import sys
import tempfile
from pathlib import Path

HERE = Path(__file__).resolve().parent
SDK = HERE.parents[1] / "rust"
SETUP = HERE.parents[2] / "tools" / "rust" / "setup.py"
RUSTC = HERE.parents[2] / ".engines" / "rust" / "rustc"
sys.path.insert(0, str(HERE.parent))

from suite import building  # noqa: E402  # the suite is beside, not installed
from suite.cases import MODULES  # noqa: E402

from executor.cli._compile_rust import compile_rust, version_of  # noqa: E402


def build(source: Path) -> bytes:
    """One module."""
    with tempfile.TemporaryDirectory() as work:
        compile_rust(source, Path(work) / "module.wasm", source.parent)
        return (Path(work) / "module.wasm").read_bytes()


def main() -> int:
    """Command line."""
    parser = argparse.ArgumentParser(description="Build the Rust modules of the conformance suite, and the examples.")
    parser.add_argument("--check", action="store_true", help="compare with the committed modules, write nothing")
    arguments = parser.parse_args()
    subprocess.run([sys.executable, str(SETUP)], check=True)
    os.environ["RUSTC"] = str(RUSTC)
    problems = []
    for folder in (HERE, SDK / "examples"):
        sources = sorted(folder.glob("*.rs"))
        assert folder != HERE or {source.stem for source in sources} == set(MODULES)
        modules = {source.stem: build(source) for source in sources}
        files = [*sources, *(SDK / "src").rglob("*.rs")]
        described = building.facts({"rustc": version_of(str(RUSTC), HERE)}, files, modules)
        if arguments.check:
            problems += building.differences(folder / "built", described)
        else:
            building.write(folder / "built", described, modules)
    sys.stdout.writelines(f"rust: {problem}\n" for problem in problems)
    return len(problems)


if __name__ == "__main__":
    sys.exit(main())
