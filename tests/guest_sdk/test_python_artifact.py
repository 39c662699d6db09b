"""The committed Python engine: what its manifest says of it, and what it was built from."""

from __future__ import annotations

import hashlib
import importlib.util
import json
import sys
from pathlib import Path
from types import ModuleType

import pytest
from eth_hash.auto import keccak

from executor.crypto.digests import module_id
from executor.receipts.modules import ENGINES

from .harness import ROOT
from .python_engine import ENGINE

FACTS = json.loads((ENGINES / "python.json").read_text(encoding="utf-8"))
FOLDER = ROOT / "guest-sdk" / "python" / "engine"


def script(name: str) -> ModuleType:
    """One of the build's files, which are scripts and have the names of the JavaScript engine's."""
    spec = importlib.util.spec_from_file_location(f"python_engine_{name}", FOLDER / f"{name}.py")
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


@pytest.fixture(scope="module")
def build() -> ModuleType:
    """The build script."""
    names = ("patches", "cpython")
    kept = {name: sys.modules.pop(name, None) for name in names}
    try:
        for name in names:
            sys.modules[name] = script(name)
        return script("build")
    finally:
        for name, module in kept.items():
            if module is None:
                sys.modules.pop(name, None)
            else:
                sys.modules[name] = module


def test_the_engine_is_the_one_its_manifest_names() -> None:
    """Hash, module id and size of the committed engine stand in its manifest."""
    assert FACTS["sha256"] == hashlib.sha256(ENGINE).hexdigest()
    assert FACTS["module_id"] == "0x" + keccak(ENGINE).hex() == str(module_id(ENGINE))
    assert FACTS["size_bytes"] == len(ENGINE)


def test_the_engine_was_built_from_these_sources(build: ModuleType) -> None:
    """Whoever changes a source without rebuilding the engine is told so."""
    now = {path.name: hashlib.sha256(path.read_bytes()).hexdigest() for path in build.input_files()}
    assert FACTS["inputs"] == now
    assert FACTS["source"]["sha256"] == build.cpython.ARCHIVE_SHA256


def test_the_engine_imports_the_abi_only(build: ModuleType) -> None:
    """No import of WASI, four exports."""
    build.check_abi(ENGINE)


def test_the_engines_memory_is_mapped_and_not_copied(build: ModuleType) -> None:
    """Its image is small enough for a run to start in a fraction of a millisecond."""
    build.check_image(ENGINE)


def test_another_source_is_refused(build: ModuleType, tmp_path: Path) -> None:
    """A patch whose text is not there, as often as it says, ends the build."""
    (tmp_path / "Include").mkdir()
    (tmp_path / "Include" / "Python.h").write_text("/* another */")
    with pytest.raises(Exception, match=r"Python\.h: found 0 times instead of 1"):
        build.cpython.patch(tmp_path)
