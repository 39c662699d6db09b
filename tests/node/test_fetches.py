"""What `[fetches]` of the configuration makes of a node's HTTP, and that a look knows its request and slot."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from executor.capabilities import HttpSettings
from executor.capabilities.framing import HttpRequest, encode_request
from executor.capabilities.node import NodeCapabilities
from executor.crypto.digests import request_id
from executor.errors import InvalidConfig
from executor.model.function import Function
from executor.model.ids import FunctionId, RequestId
from executor.model.manifest import parse_terms
from executor.model.observation import Kind, Observation
from executor.model.reply import KeptReply
from executor.model.request import Request
from executor.model.transcript import Entry
from executor.node.config import NodeConfig, check_config
from executor.node.fetches import http_settings, kept_replies
from executor.node.runs import WorkerRuns
from executor.store.replies import FILE
from executor.vm import Refusal

HTTP = {"hosts": ["a.test"]}


def config(folder: Path, **fetches: Any) -> NodeConfig:
    return check_config(
        {
            "operator": "0x" + "aa" * 20,
            "data": folder,
            "chain": {"id": 1, "router": "0x" + "bb" * 20, "rpc_urls": ["http://127.0.0.1:1"]},
            "http": {"port": 1},
            "resolve": {"a.test": "127.0.0.1:9"},
            "fetches": fetches,
        },
        "test",
    )


def test_rates_and_cache_are_off_and_replies_are_kept_by_default(tmp_path: Path) -> None:
    """For the node's user only, in a file of its own."""
    with kept_replies(config(tmp_path)) as store:
        settings = http_settings(config(tmp_path), store)
        assert (settings.rates, settings.cache) == (None, None)
        assert settings.overrides == {"a.test": "127.0.0.1:9"}
        assert store is not None
        assert settings.keep == store.keep
    assert (tmp_path / FILE).is_file()


def test_each_is_turned_on_or_off(tmp_path: Path) -> None:
    """By one key."""
    chosen = config(tmp_path, per_second=2.0, cache_s=1.5, kept_replies=0)
    with kept_replies(chosen) as store:
        settings = http_settings(chosen, store)
    assert None is store
    assert None is settings.keep
    assert None is not settings.rates
    assert None is not settings.cache
    assert not (tmp_path / FILE).exists()


@pytest.mark.parametrize(
    "wrong", [{"per_second": -1.0}, {"cache_s": 61.0}, {"burst": 0}, {"kept_bytes": 0}, {"cache": 1}, {"cache_s": True}]
)
def test_a_wrong_value_is_named(tmp_path: Path, wrong: dict[str, Any]) -> None:
    """With its table."""
    with pytest.raises(InvalidConfig, match=f"fetches.{next(iter(wrong))}"):
        config(tmp_path, **wrong)


class Pool:
    """Stands for the workers: asks one thing of the capabilities it is given."""

    async def observe(
        self, _function: Function, _request: Request, _transcript: object, capabilities: NodeCapabilities
    ) -> Observation:
        response = await capabilities.call("http.fetch", encode_request(HttpRequest("https://other.test/")))
        assert Refusal("http-host-not-allowed") == response
        return Observation(Kind.VALUE, b"1")


@pytest.mark.parametrize(
    ("grants", "kept"), [({}, 1), ({"secrets": {"names": ["KEY"]}}, 0), ({"private_input": {}}, 0)]
)
async def test_what_a_look_was_answered_is_kept_under_its_request_and_slot(grants: dict[str, Any], kept: int) -> None:
    """Never for a function that reads secrets or private inputs."""
    function = Function(b"\0asm", parse_terms({"capabilities": {"http": HTTP, **grants}}))
    request = Request.local(FunctionId(bytes(32)))
    seen: list[tuple[RequestId, KeptReply]] = []
    settings = HttpSettings(keep=lambda key, reply: seen.append((key, reply)))
    runs = WorkerRuns(Pool(), settings)  # type: ignore[arg-type]  # of the pool, looks alone are needed
    entry = Entry(b'{"aggregate":"mode"}', Kind.VALUE, b"1")
    await runs.observe(function, request, (entry, entry))
    assert [(request_id(request), 2)] * kept == [(key, reply.slot) for key, reply in seen]
