"""Packages whose names are imported on first use: `import executor` costs nothing, and commands start at once."""

from __future__ import annotations

import sys
from collections.abc import Callable, Mapping
from importlib import import_module
from typing import Any


def on_first_use(package: str, parts: Mapping[str, str]) -> Callable[[str], Any]:
    """The package's `__getattr__` (PEP 562); `parts`: names, with spaces between them, by the module that has them."""
    homes = {name: module for module, names in parts.items() for name in names.split()}

    def found(name: str) -> Any:
        if name not in homes:
            raise AttributeError(f"module {package!r} has no attribute {name!r}")
        value = getattr(import_module(homes[name]), name)
        setattr(sys.modules[package], name, value)
        return value

    return found
