"""Each RPC endpoint by itself, and beside the others."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from typing import Any, TypeAlias
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


Depth: TypeAlias = Callable[[RpcProvider, str, Any], Awaitable[list[Finding]]]
"""What is asked of an endpoint besides its head: the provider, the endpoint's name, its last block."""


async def check_endpoints(scene: Scene) -> list[Finding]:
    """Chain id, head, finalized tag, logs and state as deep as this node asks, lag; of every chain."""
    config = scene.config

    async def home(provider: RpcProvider, name: str, block: Any) -> list[Finding]:
        return [*await _depth(provider, name, int(block["number"], 16), config), *await _by_hash(provider, name, block)]

    async def other(provider: RpcProvider, name: str, block: Any) -> list[Finding]:
        return [*await _finalized(provider, name), *await _by_hash(provider, name, block)]

    every = [_check_chain(config.chain.id, config.chain.rpc_urls, home, "", config.chain.ahead_s)]
    every += [
        _check_chain(each.id, each.rpc_urls, other, f"chain {each.id}, ", config.chain.ahead_s)
        for each in config.chains
    ]
    return [finding for findings in await asyncio.gather(*every) for finding in findings]


async def _check_chain(chain_id: int, urls: Sequence[str], depth: Depth, of: str, ahead_s: float) -> list[Finding]:
    names = [origin(url) for url in urls]
    named = [name if names.count(name) == 1 else f"{name} ({place})" for place, name in enumerate(names)]
    looks = await asyncio.gather(
        *(_look(f"{of}{name}", url, chain_id, depth) for name, url in zip(named, urls, strict=True))
    )
    highest = max(look.head for look in looks)
    findings = [finding for look in looks for finding in (*look.findings, *_beside(look, highest, ahead_s))]
    if len(looks) == 1:
        advice = "name endpoints of other providers in rpc_urls: a single one can hide and invent events and state"
        findings.append(Finding(AREA, "warning", f"{of}one endpoint only", advice))
    return findings


def _beside(look: Look, highest: int, ahead_s: float) -> list[Finding]:
    if look.head < 0:
        return []
    lag = highest - look.head
    fact = f"{look.name}: block {look.head}, {lag} behind the others"
    if lag >= LAG_WARNING:
        return [Finding(AREA, "warning", fact, "wait until it has caught up, or replace it")]
    if -look.age_s > ahead_s:
        fact = f"{look.name}: block {look.head} is dated {-look.age_s:.0f} s ahead of this machine's clock"
        advice = (
            "set the clock; if it is right, the endpoint lies: replace it. The node does not read on ([chain] ahead_s)"
        )
        return [Finding(AREA, "problem", fact, advice)]
    if look.age_s > OLD_HEAD_S:
        fact = f"{look.name}: block {look.head} is {look.age_s:.0f} s old"
        return [
            Finding(AREA, "warning", fact, "normal on a chain without transactions; else the endpoint stands still")
        ]
    return [Finding(AREA, "ok", fact)]


async def _look(name: str, url: str, chain_id: int, depth: Depth) -> Look:
    provider = RpcProvider([url], chain_id, timeout_s=ASK_S, attempts=1)
    try:
        block = await provider.call("eth_getBlockByNumber", "latest", False)
        head, age_s = int(block["number"], 16), time.time() - int(block["timestamp"], 16)
    except (ExecutorError, TypeError, KeyError, ValueError) as error:
        advice = (
            "correct the chain's id or rpc_urls" if "serves chain" in str(error) else "see that it is up, or replace it"
        )
        return Look(name, findings=(Finding(AREA, "problem", f"{name}: {words(error)}".replace(url, name), advice),))
    else:
        return Look(name, head, age_s, tuple(await depth(provider, name, block)))
    finally:
        await provider.close()


async def _by_hash(provider: RpcProvider, name: str, block: Any) -> list[Finding]:
    """Whether functions can read the chain: state is asked of a block's hash (EIP-1898)."""
    try:
        await provider.call("eth_getBalance", "0x" + "00" * 20, {"blockHash": block["hash"]})
    except (ExecutorError, KeyError) as error:
        fact = f"{name}: no state by block hash (EIP-1898): {words(error)}"
        return [Finding(AREA, "warning", fact, "functions with [capabilities.evm] cannot use it: use another endpoint")]
    return []


async def _finalized(provider: RpcProvider, name: str) -> list[Finding]:
    """Whether functions can agree on a height of the chain."""
    try:
        if await provider.call("eth_getBlockByNumber", "finalized", False) is not None:
            return []
    except ExecutorError as error:
        fact = f"{name}: no finalized block: {words(error)}"
    else:
        fact = f"{name}: has no finalized block"
    return [Finding(AREA, "problem", fact, "functions find no height to read at: use another endpoint")]


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
