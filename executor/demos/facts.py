"""What a use case claims while it is played: each claim told with a mark, and none forgotten."""

from __future__ import annotations

from collections.abc import Awaitable
from typing import Any

from executor.demos.story import Story
from executor.errors import ChainError, TransactionFailed


class Facts:
    """Claims told to a story; `held` says whether every one was true."""

    def __init__(self, story: Story) -> None:
        self._story = story
        self.held = True

    def holds(self, claim: str, truth: bool) -> None:
        """One claim, and whether it is true."""
        self.held &= truth
        self._story.line("✓" if truth else "✗", claim, "green" if truth else "bold red")

    async def refused(self, claim: str, attempt: Awaitable[Any], error: str) -> None:
        """A claim that a contract refuses this, by the error of its own that begins so."""
        try:
            await attempt
        except (TransactionFailed, ChainError) as refusal:
            reason = str(refusal).partition(": ")[2]
            self.holds(f"{claim}: {reason}", reason.startswith(error))
        else:
            self.holds(f"{claim}: it was NOT refused", False)
