"""The function registry reads the limits that Python reads, from every manifest and from JSON made to mislead it."""

from __future__ import annotations

import json
import urllib.request
from collections.abc import Iterator
from typing import Any

import pytest
from eth_abi.abi import decode
from hypothesis import given, settings
from hypothesis import strategies as st

from executor.chain.contracts import calldata, creation
from executor.chain.embedded import EmbeddedChain
from executor.crypto.digests import function_id_of, keccak256
from executor.model.codec import MAX_INTEGER, encode_json
from executor.model.ids import ModuleId
from executor.model.manifest import METHODS, Capabilities, HttpCapability, Limits, SecretsCapability, Terms

MODULE = ModuleId(keccak256(b"a module"))
# What the contract looks for, in pieces that strings are made of.
PIECES = (
    *('"', "\\", "{", "}", "}}", ",", ":", "0", "7", "limits", "fuel", "\u20ac"),
    ',"limits":{"fuel":',
    ',"memory_mib":',
    ',"observations":',
    ',"observe_fuel":',
    ',"output_bytes":',
    ',"limits":{"fuel":1,"memory_mib":1,"observations":1,"observe_fuel":1,"output_bytes":1}}',
)


class Registry:
    """The contract on a chain; development account 0 sends."""

    def __init__(self, url: str) -> None:
        self.url = url
        self.sender = self.rpc("eth_accounts")[0]
        self.address = self.send(creation("FunctionRegistry"))["contractAddress"]

    def rpc(self, method: str, *params: Any) -> Any:
        body = json.dumps({"jsonrpc": "2.0", "id": 1, "method": method, "params": params}).encode()
        sent = urllib.request.Request(self.url, body, {"content-type": "application/json"})
        with urllib.request.urlopen(sent, timeout=60) as reply:
            return json.load(reply)["result"]

    def send(self, data: bytes, to: str | None = None) -> Any:
        fields = {"from": self.sender, "data": "0x" + data.hex(), "gas": hex(16_000_000)} | ({"to": to} if to else {})
        return self.rpc("eth_getTransactionReceipt", self.rpc("eth_sendTransaction", fields))

    def call(self, function: str, *arguments: object) -> bytes:
        data = calldata("FunctionRegistry", function, *arguments).hex()
        return bytes.fromhex(self.rpc("eth_call", {"to": self.address, "data": "0x" + data}, "latest")[2:])

    def register(self, source: bytes, terms: bytes) -> tuple[bytes, tuple[int, int, int]]:
        """Registers; the id, and the limits that the registry answers then."""
        arguments = ("register", MODULE, keccak256(source), terms)
        function_id = self.call(*arguments)
        assert self.send(calldata("FunctionRegistry", *arguments), self.address)["status"] == "0x1"
        fuel, observations, output_bytes = decode(["uint64", "uint16", "uint32"], self.call("limits", function_id))
        return function_id, (fuel, observations, output_bytes)


@pytest.fixture(scope="module")
def registry() -> Iterator[Registry]:
    """The contract on the embedded chain."""
    with EmbeddedChain() as chain:
        yield Registry(chain.url)


def limits() -> st.SearchStrategy[Limits]:
    """Every limit that the contract can hold, small ones more often."""

    def up_to(largest: int, least: int = 1) -> st.SearchStrategy[int]:
        return st.integers(least, 20) | st.integers(least, largest) | st.just(largest)

    return st.builds(
        Limits,
        fuel=up_to(MAX_INTEGER),
        memory_mib=up_to(MAX_INTEGER),
        observations=up_to(2**16 - 1, 0),
        observe_fuel=up_to(MAX_INTEGER),
        output_bytes=up_to(2**32 - 1),
    )


def hosts() -> st.SearchStrategy[str]:
    label = st.from_regex(r"[a-z0-9]{1,8}", fullmatch=True)
    return st.builds(
        "{}{}.{}{}".format, st.sampled_from(["", "*.", "http://"]), label, label, st.sampled_from(["", ":8"])
    )


def manifests() -> st.SearchStrategy[Terms]:
    """Terms that a manifest can have."""
    methods = st.lists(st.sampled_from(METHODS), min_size=1)
    http = st.builds(HttpCapability, hosts=st.lists(hosts(), min_size=1, max_size=9), methods=methods)
    names = st.lists(st.from_regex(r"[A-Z][A-Z0-9_]{0,20}", fullmatch=True), min_size=1, max_size=9)
    secrets = st.builds(SecretsCapability, names=names)
    capabilities = st.builds(Capabilities, http=st.none() | http, secrets=st.none() | secrets)
    return st.builds(Terms, limits=limits(), capabilities=capabilities)


def misleading() -> st.SearchStrategy[Any]:
    """JSON whose strings and keys are made of what the contract looks for."""
    text = st.lists(st.sampled_from(PIECES), max_size=6).map("".join)
    leaves = text | st.integers(0, 9) | st.booleans() | limits().map(Limits.model_dump)
    return st.recursive(leaves, lambda inner: st.lists(inner, max_size=3) | st.dictionaries(text, inner, max_size=3))


@settings(max_examples=60, deadline=None)
@given(terms=manifests(), source=st.binary(max_size=40))
def test_the_contract_reads_every_manifest_as_python_does(registry: Registry, terms: Terms, source: bytes) -> None:
    """The same function id, and the same limits under it."""
    function_id, read = registry.register(source, terms.canonical())
    assert read == (terms.limits.fuel, terms.limits.observations, terms.limits.output_bytes)
    assert function_id == function_id_of(MODULE, source, terms)


@settings(max_examples=60, deadline=None)
@given(capabilities=misleading(), limits=limits())
def test_no_json_misleads_the_contract(registry: Registry, capabilities: Any, limits: Limits) -> None:
    """Whatever stands in the other key, what is read is the outermost object's `limits`."""
    text = encode_json({"capabilities": capabilities, "limits": limits.model_dump()})
    _, read = registry.register(b"", text)
    assert read == (limits.fuel, limits.observations, limits.output_bytes)
