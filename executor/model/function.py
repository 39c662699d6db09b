"""What a user deploys: a module (or an engine and source text) and the terms it runs under."""

from __future__ import annotations

from dataclasses import dataclass, field

from executor.model.manifest import Terms


@dataclass(frozen=True, slots=True, weakref_slot=True)
class Function:
    """A function's bytes; its id (crypto/digests.py) commits to all three fields.

    `source` is empty for plain functions; otherwise `module` is an engine that exports `load`. It may be referred to
    weakly: a node shares each function among all who use it, for as long as somebody does.
    """

    module: bytes = field(repr=False)
    terms: Terms = field(default_factory=Terms)
    source: bytes = b""

    def __post_init__(self) -> None:
        for name in ("module", "source"):  # tools give bytearrays, which others could change and nobody can hash
            object.__setattr__(self, name, bytes(getattr(self, name)))
