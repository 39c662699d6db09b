"""A finding, and the frame in which every check runs."""

from __future__ import annotations

import asyncio
import contextlib
import threading
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from typing import Final as Constant
from typing import Literal, TypeAlias, TypeVar

from executor.chain.client import ChainClient
from executor.errors import ExecutorError
from executor.keys.keyset import PublicKeys
from executor.model.committee import Epoch, Member
from executor.node.config import NodeConfig

CHECK_S: Constant = 10.0  # a check asks one to three things; an endpoint slower than this serves no node
MAX_WORDS: Constant = 300  # of what others said

Level: TypeAlias = Literal["ok", "warning", "problem"]
T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class Finding:
    """One line. `advice` says what to do; empty where all is well."""

    area: str
    level: Level
    fact: str
    advice: str = ""


@dataclass(slots=True)
class Scene:
    """What earlier checks found out for later ones; None or empty where they could not."""

    config: NodeConfig
    keys: list[PublicKeys] = field(default_factory=list)  # every set of the signer
    chain: ChainClient | None = None
    epoch: Epoch | None = None
    offsets_s: list[float] = field(default_factory=list)  # of members' clocks against ours

    @property
    def own(self) -> Member | None:
        """This node's place in the epoch."""
        members = () if self.epoch is None else self.epoch.members
        return next((each for each in members if str(each.operator).lower() == self.config.operator.lower()), None)


Check: TypeAlias = Callable[[Scene], Awaitable[list[Finding]]]


async def run_check(area: str, check: Check, scene: Scene, *, check_s: float = CHECK_S) -> list[Finding]:
    """The check's findings; one that fails or does not end is itself a finding (Rule 2)."""
    try:
        async with asyncio.timeout(check_s):
            return await check(scene)
    except TimeoutError:
        return [
            Finding(area, "problem", f"no answer within {check_s:g} s", "see that it is up and reachable from here")
        ]
    except (ExecutorError, OSError, ValueError) as error:
        return [Finding(area, "problem", words(error), "")]


async def in_thread(work: Callable[[], T]) -> T:
    """The result of `work` in a thread that a hanging disk cannot make the process wait for."""
    loop = asyncio.get_running_loop()
    done: asyncio.Future[T] = loop.create_future()

    def settle(set_it: Callable[[], None]) -> None:
        if not done.done():
            set_it()

    def run() -> None:
        with contextlib.suppress(RuntimeError):  # the loop is closed: nobody waited any more
            try:
                result = work()
            except Exception as error:
                caught = error
                loop.call_soon_threadsafe(settle, lambda: done.set_exception(caught))
            else:
                loop.call_soon_threadsafe(settle, lambda: done.set_result(result))

    threading.Thread(target=run, daemon=True).start()
    return await done


def words(error: object) -> str:
    """An error's or a peer's words on one bounded line, without control characters."""
    text = " ".join(str(error).split()) or type(error).__name__
    return "".join(letter if letter.isprintable() else "?" for letter in text)[:MAX_WORDS]
