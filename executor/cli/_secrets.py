"""Secret values from where nobody looks over a shoulder: the environment or a file, never the command line.

What stands on a command line is in the shell's history and in every process list; an error names the option's name and
never what follows it.
"""

from __future__ import annotations

import os
import re
from collections.abc import Sequence
from pathlib import Path

from executor.errors import InvalidConfig
from executor.model.manifest import Terms
from executor.model.secret import MAX_VALUE_BYTES, NAME


def read_secrets(texts: Sequence[str], terms: Terms | None = None) -> dict[str, bytes]:
    """Values by name; raises InvalidConfig, also for a name that these terms do not grant."""
    secrets: dict[str, bytes] = {}
    for text in texts:
        name, given, source = text.partition("=")
        if not re.fullmatch(NAME, name):
            raise InvalidConfig("--secret: it begins with a NAME of A-Z, 0-9 and _, as the manifest lists it")
        if name in secrets:
            raise InvalidConfig(f"--secret {name}: given twice")
        granted = None if terms is None else terms.capabilities.secrets
        if terms is not None and (granted is None or name not in granted.names):
            raise InvalidConfig(f"--secret {name}: the manifest does not list it under capabilities.secrets")
        secrets[name] = _value(name, source if given else f"env:{name}")
    return secrets


def _value(name: str, source: str) -> bytes:
    if source.startswith("env:"):
        variable = source.removeprefix("env:")
        if variable not in os.environ:
            raise InvalidConfig(f"--secret {name}: the environment has no such variable")
        value = os.environ[variable].encode("utf-8", "surrogateescape")
    elif source.startswith("@"):
        try:
            with Path(source[1:]).open("rb") as file:
                value = file.read(MAX_VALUE_BYTES + 2).removesuffix(b"\n")
        except OSError as error:
            raise InvalidConfig(f"--secret {name}: cannot read its file: {error.strerror}") from error
    else:
        raise InvalidConfig(
            f"--secret {name}: a value on the command line is seen by others; write {name}=env:VARIABLE or {name}=@FILE"
        )
    if not 1 <= len(value) <= MAX_VALUE_BYTES:
        raise InvalidConfig(f"--secret {name}: a value has 1 to {MAX_VALUE_BYTES} bytes, not {len(value)}")
    return value
