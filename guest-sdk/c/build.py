"""Build the C examples to fixtures/guests, reproducibly.

python guest-sdk/c/build.py            # writes fixtures/guests/*.wasm and manifest.json
python guest-sdk/c/build.py --check    # rebuilds elsewhere and compares with what is committed
"""

import argparse
import hashlib
import json
import subprocess
import sys
import tempfile
from importlib.metadata import version
from pathlib import Path

HERE = Path(__file__).resolve().parent
ROOT = HERE.parents[1]
FIXTURES = ROOT / "fixtures" / "guests"
ZIGLANG_VERSION = "0.17.1"
FLAGS = (
    "-target", "wasm32-freestanding", "-O2", "-std=c11", "-nostdlib", "-ffreestanding", "-fno-builtin",
    "-fno-sanitize=undefined", "-Wall", "-Wextra", "-Werror", "-Wl,--no-entry", "-Wl,--strip-all",
)  # fmt: skip


class BuildError(Exception):
    """A guest cannot be built, or differs from what is committed."""


def build(source: Path, out: Path, *more: str) -> bytes:
    """Compile one C guest, with more flags if there are any."""
    if version("ziglang") != ZIGLANG_VERSION:
        raise BuildError(f"ziglang {ZIGLANG_VERSION} decides the guests' bytes; this is {version('ziglang')}")
    command = [sys.executable, "-m", "ziglang", "cc", *FLAGS, f"-I{HERE}", *more, str(source), "-o", str(out)]
    subprocess.run(command, check=True)
    return out.read_bytes()


def build_all(work: Path) -> dict[str, bytes]:
    """Every example, by its name in fixtures/guests."""
    return {
        f"c_{path.stem}": build(path, work / f"{path.stem}.wasm") for path in sorted((HERE / "examples").glob("*.c"))
    }


def hash_of(path: Path) -> str:
    """SHA-256 of a file."""
    return hashlib.sha256(path.read_bytes()).hexdigest()


def origin(name: str) -> dict[str, object]:
    """The source a guest is built from."""
    source = HERE / "examples" / f"{name.removeprefix('c_')}.c"
    return {"source": source.relative_to(ROOT).as_posix(), "source_sha256": hash_of(source)}


def manifest(guests: dict[str, bytes]) -> dict[str, object]:
    """Where the bytes come from."""
    return {
        "toolchain": {"ziglang": ZIGLANG_VERSION, "flags": list(FLAGS)},
        "header": {"path": "guest-sdk/c/executor.h", "sha256": hash_of(HERE / "executor.h")},
        "guests": {
            name: {"sha256": hashlib.sha256(wasm).hexdigest(), "size_bytes": len(wasm), **origin(name)}
            for name, wasm in guests.items()
        },
    }


def check(guests: dict[str, bytes], facts: dict[str, object]) -> None:
    """What is committed is exactly what was just built."""
    for name, wasm in guests.items():
        if (FIXTURES / f"{name}.wasm").read_bytes() != wasm:
            raise BuildError(f"fixtures/guests/{name}.wasm differs from what its source builds")
    if json.loads((FIXTURES / "manifest.json").read_text(encoding="utf-8")) != facts:
        raise BuildError("fixtures/guests/manifest.json differs from what its sources build")


def main() -> None:
    """Command line."""
    parser = argparse.ArgumentParser(description="Build the C guests.")
    parser.add_argument("--check", action="store_true", help="compare with the committed guests, write nothing")
    arguments = parser.parse_args()
    with tempfile.TemporaryDirectory() as work:
        guests = build_all(Path(work))
    facts = manifest(guests)
    if arguments.check:
        check(guests, facts)
    else:
        FIXTURES.mkdir(parents=True, exist_ok=True)
        for name, wasm in guests.items():
            (FIXTURES / f"{name}.wasm").write_bytes(wasm)
        (FIXTURES / "manifest.json").write_text(json.dumps(facts, indent=2) + "\n", encoding="utf-8")
    for name, wasm in guests.items():
        sys.stdout.write(f"{name}.wasm {len(wasm)} bytes\n")


if __name__ == "__main__":
    main()
