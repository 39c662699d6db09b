"""The engines that come with the package: a receipt or manifest names one, these are its bytes."""

from __future__ import annotations

import json
from collections.abc import Mapping
from functools import lru_cache
from pathlib import Path
from types import MappingProxyType

from executor.crypto.digests import module_id
from executor.errors import HostFault, InvalidManifest
from executor.model.ids import ModuleId

ENGINES = Path(__file__).resolve().parent.parent / "engines"


@lru_cache(maxsize=1)
def known_modules() -> Mapping[ModuleId, Path]:
    """Every engine of this release by module id, as its description file states it."""
    return MappingProxyType({identifier: path for identifier, path, _ in _described()})


def read_module(identifier: ModuleId) -> bytes | None:
    """The engine's bytes, or None when this release has no such engine; raises HostFault for a damaged file."""
    path = known_modules().get(identifier)
    if path is None:
        return None
    module = path.read_bytes()
    if module_id(module) != identifier:
        raise HostFault(f"{path} is damaged: its digest is not {identifier}; reinstall the package")
    return module


def engine_for(language: str) -> bytes:
    """The bytes of the engine that runs this source language; raises InvalidManifest when there is none."""
    for identifier, _, spoken in _described():
        if spoken == language and (module := read_module(identifier)) is not None:
            return module
    raise InvalidManifest(f"function.language: this release has no engine for {language!r}")


def _described() -> list[tuple[ModuleId, Path, str]]:
    descriptions = [(path, json.loads(path.read_text())) for path in sorted(ENGINES.glob("*.json"))]
    return [
        (ModuleId.from_hex(plain["module_id"]), path.with_suffix(".wasm"), plain["language"])
        for path, plain in descriptions
    ]
