"""What keeps a node from being ready, by the part that is not right; people and orchestrators ask for it."""

from __future__ import annotations

from typing import Final as Constant
from typing import Literal, TypeAlias, get_args

Part: TypeAlias = Literal["start", "stop", "signer", "chain", "workers", "epochs", "requests"]
PARTS: Constant[tuple[Part, ...]] = get_args(Part)


class Conditions:
    """One reason a part at most; nothing depends on them."""

    def __init__(self) -> None:
        self._reasons: dict[Part, str] = {}

    def fails(self, part: Part, reason: str) -> None:
        """The part is not right, and why."""
        self._reasons[part] = reason

    def works(self, part: Part) -> None:
        """The part is right again."""
        self._reasons.pop(part, None)

    @property
    def reasons(self) -> dict[str, str]:
        """Everything that is not right now; empty when the node is ready."""
        return {str(part): reason for part, reason in self._reasons.items()}
