"""Each RPC endpoint by itself, and beside the others."""

from __future__ import annotations

import asyncio
import time
from dataclasses import dataclass
from typing import Any
from typing import Final as Constant

from executor.chain.provider import RpcProvider
from executor.errors import ExecutorError
from executor.logs import origin
from executor.node.config import NodeConfig
from executor.node.doctor.findings import Finding, Scene, words

AREA = "chain"
ASK_S: Constant = 4.0  # one question; an endpoint is asked five in turn
LAG_WARNING: Constant = 3  # blocks behind the others: one or two are normal between polls
STATE_DEPTH: Constant = 64  # blocks back that the node reads state of: bills of reorganised deliveries
OLD_HEAD_S: Constant = 300.0


@dataclass(frozen=True, slots=True)
class Look:
    """What one endpoint said."""

    name: str
    head: int = -1
    age_s: float = 0.0
    findings: tuple[Finding, ...] = ()


async def check_endpoints(scene: Scene) -> list[Finding]:
    """Chain id, head, finalized tag, logs and state as deep as this node asks, lag."""
    config = scene.config
    names = [origin(url) for url in config.chain.rpc_urls]
    named = [name if names.count(name) == 1 else f"{name} ({place})" for place, name in enumerate(names)]
    looks = await asyncio.gather(
        *(_look(name, url, config) for name, url in zip(named, config.chain.rpc_urls, strict=True))
    )
    highest = max(look.head for look in looks)
    findings = [finding for look in looks for finding in (*look.findings, *_beside(look, highest))]
    if len(looks) == 1:
        advice = "name endpoints of other providers in [chain] rpc_urls: a single one can hide and invent events"
        findings.append(Finding(AREA, "warning", "one endpoint only", advice))
    return findings


def _beside(look: Look, highest: int) -> list[Finding]:
    if look.head < 0:
        return []
    lag = highest - look.head
    fact = f"{look.name}: block {look.head}, {lag} behind the others"
    if lag >= LAG_WARNING:
        return [Finding(AREA, "warning", fact, "wait until it has caught up, or replace it")]
    if look.age_s > OLD_HEAD_S:
        fact = f"{look.name}: block {look.head} is {look.age_s:.0f} s old"
        return [
            Finding(AREA, "warning", fact, "normal on a chain without transactions; else the endpoint stands still")
        ]
    return [Finding(AREA, "ok", fact)]


async def _look(name: str, url: str, config: NodeConfig) -> Look:
    provider = RpcProvider([url], config.chain.id, timeout_s=ASK_S, attempts=1)
    try:
        block = await provider.call("eth_getBlockByNumber", "latest", False)
        head, age_s = int(block["number"], 16), time.time() - int(block["timestamp"], 16)
    except (ExecutorError, TypeError, KeyError, ValueError) as error:
        advice = (
            "correct [chain] id or rpc_urls" if "serves chain" in str(error) else "see that it is up, or replace it"
        )
        return Look(name, findings=(Finding(AREA, "problem", f"{name}: {words(error)}".replace(url, name), advice),))
    else:
        return Look(name, head, age_s, tuple(await _depth(provider, name, head, config)))
    finally:
        await provider.close()


async def _depth(provider: RpcProvider, name: str, head: int, config: NodeConfig) -> list[Finding]:
    """Whether it has what this node reads from the past."""
    first, router = min(config.chain.start_block, head), config.chain.router
    first_logs = {"address": router, "fromBlock": hex(first), "toBlock": hex(first)}
    keep = "it prunes logs: use an endpoint that keeps them, or raise [chain] start_block to the epoch's first block"
    forgets = "it forgets state too soon: use another endpoint"
    wanted: list[tuple[str, str, list[Any], str]] = [
        (f"logs of block {first}", "eth_getLogs", [first_logs], keep),
        (f"state {STATE_DEPTH} blocks back", "eth_getCode", [router, hex(max(0, head - STATE_DEPTH))], forgets),
    ]
    if config.chain.confirmations == "finalized":
        advice = 'it does not know the finalized tag: use another, or a number of confirmations in place of "finalized"'
        wanted.append(("the finalized block", "eth_getBlockByNumber", ["finalized", False], advice))
    failed = []
    for what, method, params, advice in wanted:
        try:
            if await provider.call(method, *params) is None:
                failed.append(Finding(AREA, "problem", f"{name}: has no {what}", advice))
        except ExecutorError as error:
            failed.append(Finding(AREA, "problem", f"{name}: no {what}: {words(error)}", advice))
    return failed
