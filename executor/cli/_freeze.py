"""Freezing a heavy start: what it costs as source and as a snapshot, and which of the two a function becomes."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

from executor.cli._load import load_kept as load
from executor.cli._show import waiting
from executor.errors import InvalidManifest, InvalidModule
from executor.model.codec import Json
from executor.model.function import Function
from executor.model.profile import PROFILE
from executor.projects import Project, positions_of
from executor.vm import Diagnostics, freeze, instance_fuel

# A tenth of the default budget, 2 to 4 ms a run: less does not pay for a megabyte at every member and its compilation.
WORTH_FUEL: Final = 20_000_000


@dataclass(frozen=True, slots=True)
class Start:
    """What comes before the input in every run, as source and frozen: fuel, and bytes that members keep."""

    source_fuel: int
    source_bytes: int
    frozen_fuel: int
    frozen_bytes: int

    @property
    def is_worth_it(self) -> bool:
        """Whether the frozen form is the better one."""
        return self.source_fuel - self.frozen_fuel >= WORTH_FUEL

    def plain(self) -> dict[str, Json]:
        """For build/function.json."""
        return {
            "as_source": {"fuel": self.source_fuel, "bytes": self.source_bytes},
            "as_snapshot": {"fuel": self.frozen_fuel, "bytes": self.frozen_bytes},
            "better": "snapshot" if self.is_worth_it else "source",
        }


def frozen(project: Project, function: Function) -> tuple[bytes, Start]:
    """The module of an engine function's evaluated top level, and what it saves; raises InvalidManifest."""
    seen, name = Diagnostics(), project.manifest.function.source
    try:
        with waiting("freezing its start"):
            module = freeze(function, diagnostics=seen, loading=load)
    except InvalidModule as error:
        raise InvalidManifest(f"function.source: {name}: {positions_of(project).told(str(error))}") from error
    limit = PROFILE.ceilings.module_bytes
    if len(module) > limit:
        raise InvalidManifest(f"build.snapshot: {name}: the snapshot has {len(module)} bytes, the limit is {limit}")
    return module, Start(seen.start_fuel, len(function.source), instance_fuel(module), len(module))
