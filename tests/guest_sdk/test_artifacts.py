"""Committed binaries are what their manifests say, and their sources have not changed since they were built."""

import hashlib
import json
from pathlib import Path

import build
import pytest
import wasmtime
from eth_hash.auto import keccak

from .harness import QUICKJS, ROOT

GUESTS = ROOT / "fixtures" / "guests"
ENGINE = json.loads(QUICKJS.with_suffix(".json").read_text(encoding="utf-8"))
C_GUESTS = json.loads((GUESTS / "manifest.json").read_text(encoding="utf-8"))


def sha256(path: Path) -> str:
    return hashlib.sha256(path.read_bytes()).hexdigest()


def test_the_engine_is_the_one_its_manifest_names():
    """Hash, module id and size of the committed engine stand in its manifest."""
    wasm = QUICKJS.read_bytes()
    assert ENGINE["sha256"] == hashlib.sha256(wasm).hexdigest()
    assert ENGINE["module_id"] == "0x" + keccak(wasm).hex()
    assert ENGINE["size_bytes"] == len(wasm)


def test_the_engine_was_built_from_these_sources():
    """Whoever changes a source without rebuilding the engine is told so."""
    assert ENGINE["inputs"] == {path.name: sha256(path) for path in build.input_files()}


def test_the_engine_imports_the_abi_only():
    """No import of WASI, no start section, one memory."""
    build.check_abi(QUICKJS.read_bytes())


def test_an_engine_with_other_imports_is_refused():
    """The check sees a foreign import."""
    wasm = wasmtime.wat2wasm(
        '(module (import "wasi_snapshot_preview1" "fd_close" (func (param i32) (result i32)))'
        ' (memory (export "memory") 1)'
        ' (func (export "alloc")) (func (export "load")) (func (export "run")))'
    )
    with pytest.raises(build.BuildError, match="fd_close"):
        build.check_abi(bytes(wasm))


@pytest.mark.parametrize("name", sorted(C_GUESTS["guests"]))
def test_a_c_guest_is_the_one_its_manifest_names(name: str):
    """Hash and size of every committed C guest stand in the manifest."""
    facts = C_GUESTS["guests"][name]
    assert facts["sha256"] == sha256(GUESTS / f"{name}.wasm")
    assert facts["size_bytes"] == (GUESTS / f"{name}.wasm").stat().st_size


def test_the_c_guests_were_built_from_this_header():
    """Whoever changes the header without rebuilding the guests is told so."""
    assert C_GUESTS["header"]["sha256"] == sha256(ROOT / C_GUESTS["header"]["path"])


@pytest.mark.parametrize("name", sorted(C_GUESTS["guests"]))
def test_a_c_guest_was_built_from_this_source(name: str):
    """Whoever changes an example without rebuilding it is told so."""
    facts = C_GUESTS["guests"][name]
    assert facts["source_sha256"] == sha256(ROOT / facts["source"])


def test_every_c_example_is_a_committed_guest():
    """None is left out of the manifest, and none in it is without its source."""
    sources = {f"c_{path.stem}" for path in (ROOT / "guest-sdk" / "c" / "examples").glob("*.c")}
    assert sources == set(C_GUESTS["guests"]) == {path.stem for path in GUESTS.glob("*.wasm")}
