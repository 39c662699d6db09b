"""What the request commits to besides its input. Read on first use, so functions that ignore it pay nothing."""

from __future__ import annotations

import json
from functools import cache
from typing import Any

from executor_guest._calls import pure


@cache
def _values() -> dict[str, Any]:
    return dict(json.loads(pure("input.context")))


class Context:
    """The request. Hashes and addresses are 0x hex in lower case."""

    __slots__ = ()

    request_id: str
    chain_id: int
    router: str
    nonce: int
    block_number: int
    block_timestamp: int
    """Seconds since 1970, what time.time() and datetime.now() show too."""
    parent_hash: str
    sender: str
    subscription: int
    function_id: str
    epoch: int
    callback_gas_limit: int
    consumer: str
    trigger: str
    """"request", or what started the run: "log", "cron", "block", "http"."""
    registration: str
    """Of the trigger that started the run; there is none otherwise."""

    def __getattr__(self, name: str) -> Any:
        if name not in Context.__annotations__:
            raise AttributeError(f"the context has no {name!r} ({', '.join(Context.__annotations__)})")
        if name not in _values():
            raise AttributeError(f"this run's context has no {name!r}")
        return _values()[name]

    def as_dict(self) -> dict[str, Any]:
        """All of it."""
        return dict(_values())


context = Context()
