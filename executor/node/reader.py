"""Asks nodes over HTTP for what they tell people: bounded in time and size, and nothing is believed."""

from __future__ import annotations

import json
from collections.abc import Mapping
from types import MappingProxyType
from typing import Any
from typing import Final as Constant

import aiohttp

from executor.capabilities.member_networks import MemberNetworks
from executor.transport.bodies import read_whole

ASK_S: Constant = 5.0
MAX_ANSWER_BYTES: Constant = 16 * 1024 * 1024  # observations of 100 members, 32 kB each, in hex


async def ask(
    base_url: str,
    path: str,
    *,
    method: str = "GET",
    headers: Mapping[str, str] = MappingProxyType({}),
    body: bytes | None = None,
    networks: MemberNetworks | None = None,
    timeout_s: float = ASK_S,
) -> Any:
    """The JSON a node answers; the reason as `{"error": …}` where it answers nothing of use.

    `networks` for URLs that members registered; without, the URL is the caller's own.
    """
    connector = None if networks is None else networks.connector()
    timeout = aiohttp.ClientTimeout(total=timeout_s)
    try:
        async with (
            aiohttp.ClientSession(timeout=timeout, auto_decompress=False, connector=connector) as session,
            session.request(
                method, base_url.rstrip("/") + path, headers=headers, data=body, allow_redirects=False
            ) as answer,
        ):
            told, status = await read_whole(answer.content, MAX_ANSWER_BYTES), answer.status
    except (aiohttp.ClientError, TimeoutError, OSError, ValueError) as error:
        return {"error": " ".join(str(error).split())[:200] or "no answer in time"}
    if told is None:
        return {"error": f"an answer of more than {MAX_ANSWER_BYTES} bytes"}
    try:
        plain = json.loads(told)
    except (ValueError, RecursionError):
        return {"error": f"HTTP {status}, not JSON"}
    if not 200 <= status < 300 and not (isinstance(plain, dict) and "error" in plain):
        return {"error": f"HTTP {status}"}
    return plain
