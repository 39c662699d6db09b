"""Wheels for arm64 of what `executor` imports to replay receipts: the lock file's versions, checked by its hashes."""

from __future__ import annotations

import re
import subprocess
import sys
from pathlib import Path

from debian import SetupFailed

LOCK = Path(__file__).resolve().parents[2] / "requirements" / "demo.txt"
PACKAGES = frozenset(
    {
        "annotated-types", "cffi", "coincurve", "cytoolz", "eth-abi", "eth-hash", "eth-typing", "eth-utils",
        "parsimonious", "py-arkworks-bls12381", "pycparser", "pycryptodome", "pydantic", "pydantic-core", "regex",
        "rfc8785", "toolz", "typing-extensions", "typing-inspection", "wasmtime",
    }
)  # fmt: skip
"""What importing executor.vm and executor.receipts loads; the rest of the lock is for nodes and chains."""
PLATFORMS = ("manylinux2014_aarch64", "manylinux_2_17_aarch64", "manylinux_2_28_aarch64")


def locked() -> str:
    """The lock file's lines about our packages, hashes included."""
    entries = re.findall(r"^\S.*?(?=^\S|\Z)", LOCK.read_text(encoding="utf-8"), re.MULTILINE | re.DOTALL)
    kept = [entry for entry in entries if entry.partition("==")[0] in PACKAGES]
    if missing := PACKAGES - {entry.partition("==")[0] for entry in kept}:
        raise SetupFailed(f"{LOCK.name} does not lock {', '.join(sorted(missing))}")
    return "".join(kept)


def install(site: Path, python_version: str, work: Path) -> None:
    """Unpack the wheels of this Python version on arm64 into a folder."""
    requirements = work / "wheels.txt"
    requirements.write_text(locked(), encoding="utf-8")
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
