"""evm@1 over real endpoints, some of which lie, lag or break: what a guest is told in each case."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import replace
from typing import Any

import pytest
from aiohttp import web

from executor.capabilities.evm import EvmCapability, EvmSettings
from executor.capabilities.evm_messages import encode_request
from executor.chain.reader import ChainReader
from executor.model.ids import Digest, FunctionId
from executor.model.manifest import EvmCapability as EvmTerms
from executor.model.request import Request
from executor.vm.capabilities import Answer, Refusal, Response

from .made_up_chain import (
    CHAIN_ID,
    ROUTER,
    WORD,
    Twist,
    World,
    forked,
    hanging,
    honest,
    html,
    network,
    refusing,
    saying,
)

REQUEST = replace(
    Request.local(FunctionId(bytes(32)), chain_id=CHAIN_ID, block_timestamp=1_005),
    block_number=5,
    parent_hash=Digest(bytes(31) + b"\x04"),
)
TRUTH = Answer(bytes.fromhex(WORD[2:]))


def behind(_world: World, method: str, _params: Any, answer: Any) -> Any:
    """An endpoint that has not seen the request's block."""
    if method == "eth_getBlockByNumber":
        return None
    return {"error": {"code": -32000, "message": "header not found"}} if method == "eth_call" else answer


def moved(_world: World, method: str, _params: Any, answer: Any) -> Any:
    """An endpoint that stands on another fork, on which the call gives something else."""
    if method == "eth_call":
        return "0x" + "66" * 32
    told = forked(_world, method, _params, answer)
    return {**told, "parentHash": "0xf" + told["parentHash"][3:]} if method.startswith("eth_getBlock") else told


@asynccontextmanager
async def capability(*twists: Twist) -> AsyncIterator[EvmCapability]:
    """Of a node whose endpoints twist the truth."""
    async with network(*twists) as net:
        reader = ChainReader([each.url for each in net.served], CHAIN_ID, attempts=1, timeout_s=1.5)
        settings = EvmSettings({CHAIN_ID: reader}, timeout_s=1.0, wait_s=0.0)
        yield EvmCapability(EvmTerms(chains=[CHAIN_ID]), REQUEST, settings)
        await reader.close()


async def call(*twists: Twist) -> Response:
    """What a guest's evm.call gets."""
    async with capability(*twists) as given:
        return await given.call("evm.call", encode_request(to=ROUTER, data="0x01"))


def endless(_world: World, _method: str, _params: Any, _answer: Any) -> Any:
    """A reply of 4 MB."""
    return web.Response(body=b"0" * 4_000_000)


@pytest.mark.parametrize(
    "liar",
    [
        forked,
        moved,
        behind,
        hanging,
        html,
        endless,
        saying("eth_chainId", "0x1"),
        saying("eth_call", "0x" + "66" * 32),
        saying("eth_getBlockByNumber", {"number": "0x5"}),
        saying("eth_getBlockByNumber", [[[]]] * 1_000),
    ],
)
async def test_a_minority_changes_nothing(liar: Twist) -> None:
    """Whichever it is, the guest is told the truth."""
    assert await call(liar, honest, honest) == TRUTH


@pytest.mark.parametrize(
    ("twists", "code"),
    [
        ((moved, moved, honest), "evm-reorganised"),
        ((moved,), "evm-reorganised"),
        ((behind, behind, honest), "evm-no-block"),
        ((hanging, hanging, honest), "evm-timeout"),
        ((html, html, honest), "evm-unavailable"),
        ((endless,), "evm-too-large"),
        ((saying("eth_chainId", "0x1"),) * 3, "evm-unavailable"),
        ((saying("eth_call", "0x01"), saying("eth_call", "0x02"), honest), "evm-disagreement"),
        ((refusing(3, "execution reverted", "0x08c379a0", of="eth_call"),) * 2, "evm-reverted"),
        ((refusing(-32000, "missing trie node", of="eth_call"),) * 2, "evm-refused"),
    ],
)
async def test_without_a_majority_the_guest_is_told_why(twists: tuple[Twist, ...], code: str) -> None:
    """By a code, and never anything that a minority says."""
    assert await call(*twists) == Refusal(code)
