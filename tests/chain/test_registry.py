"""What the function registry names, read range by range, whatever owners write."""

from __future__ import annotations

from dataclasses import replace

import pytest
from eth_abi.abi import encode

from executor.chain import registry
from executor.chain.accounts import dev_accounts
from executor.chain.contracts import calldata
from executor.chain.functions import load_registry, publish_function, register_function
from executor.chain.registry import Named, RegistryReader
from executor.chain.sender import TransactionSender
from executor.chain.signing import dev_account
from executor.crypto.digests import function_id

from .support import FUNCTION, PROFILE, SOURCE, Scene


async def read(reader: RegistryReader) -> list[Named]:
    """Everything up to the head."""
    found, before = await reader.read(), -1
    while reader.next_block != before:
        before = reader.next_block
        found += await reader.read()
    return found


async def test_registrations_and_urls_are_read_once(scene: Scene, monkeypatch: pytest.MonkeyPatch) -> None:
    """Across ranges; text that is no UTF-8 holds up nothing."""
    client, owner = scene.client, TransactionSender(scene.client, dev_account(dev_accounts()[7]))
    reader = RegistryReader(client, (await client.head()).number + 1)
    monkeypatch.setattr(registry, "MAX_RANGE_BLOCKS", 2)
    other = replace(SOURCE, source=b"named by the registry")
    await register_function(client, owner, other)
    await publish_function(client, owner, "registry", FUNCTION, PROFILE, "https://example.org/1")
    arguments = encode(["string", "bytes32", "bytes32", "bytes"], ["registry", FUNCTION, PROFILE, b"http://\xff"])
    selector = calldata("FunctionRegistry", "publish", "registry", FUNCTION, PROFILE, "")[:4]
    assert (await owner.send(await load_registry(client), selector + arguments)).succeeded
    await publish_function(client, owner, "registry", function_id(other), PROFILE, "https://example.org/2")
    assert [
        Named(function_id(other)),
        Named(FUNCTION, "https://example.org/1"),
        Named(FUNCTION, "http://\ufffd"),
        Named(function_id(other), "https://example.org/2"),
    ] == await read(reader)
    assert await read(reader) == []
    assert reader.next_block == (await client.head()).number + 1
