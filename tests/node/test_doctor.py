"""Each check of `executor doctor` by itself: right findings, an end in time, nothing left behind."""

from __future__ import annotations

import asyncio
import socket
import time
from collections.abc import AsyncIterator, Awaitable, Callable
from pathlib import Path
from typing import Any

import aiohttp
import pytest
from aiohttp import web
from node_bench import make_epoch

from executor.node.config import NodeConfig, check_config
from executor.node.doctor.chain import check_endpoints
from executor.node.doctor.examination import examine
from executor.node.doctor.findings import Finding, Scene, in_thread, run_check, words
from executor.node.doctor.machine import check_disk, check_ports
from executor.node.doctor.peers import Heard, check_clock, check_peers, hear
from executor.node.doctor.signer import check_signer
from executor.testing.processes import free_ports

Answer = Callable[[web.Request], Awaitable[web.Response]]
Serve = Callable[[Answer], Awaitable[str]]


@pytest.fixture
async def serve() -> AsyncIterator[Serve]:
    """`await serve(handler)` gives the URL of a server that answers everything with it."""
    runners = []

    async def start(handler: Answer) -> str:
        app = web.Application()
        app.router.add_route("*", "/{path:.*}", handler)
        runners.append(runner := web.AppRunner(app, shutdown_timeout=0.1))
        await runner.setup()
        await web.TCPSite(runner, "127.0.0.1", 0).start()
        return f"http://127.0.0.1:{runner.addresses[0][1]}"

    yield start
    for runner in runners:
        await runner.cleanup()


def config(folder: Path, *urls: str, **chain: Any) -> NodeConfig:
    port, metrics = free_ports(2)
    values = {
        "operator": "0x" + "aa" * 20,
        "data": str(folder / "data"),
        "signer": {"socket": str(folder / "signer.sock")},
        "chain": {"id": 31337, "router": "0x" + "bb" * 20, "rpc_urls": list(urls) or ["http://127.0.0.1:1"], **chain},
        "http": {"port": port},
        "metrics": {"port": metrics},
    }
    return check_config(values, "test")


def rpc(
    head: int, *, chain_id: int = 31337, missing: tuple[str, ...] = (), ahead_s: int = 0
) -> Callable[[web.Request], Awaitable[web.Response]]:
    """An endpoint at a head; the methods in `missing` it refuses."""

    async def answer(request: web.Request) -> web.Response:
        call = await request.json()
        reply: dict[str, Any] = {"jsonrpc": "2.0", "id": call["id"]}
        block = {"number": hex(head), "hash": "0x" + "ab" * 32, "timestamp": hex(int(time.time()) + ahead_s)}
        results = {"eth_chainId": hex(chain_id), "eth_getBlockByNumber": block, "eth_getLogs": [], "eth_getCode": "0x"}
        results["eth_getBalance"] = "0x0"
        if call["method"] in missing or str(call["params"][:1]) in missing or str(call["params"]) in missing:
            return web.json_response(reply | {"error": {"code": -32000, "message": "missing trie node"}})
        return web.json_response(reply | {"result": results[call["method"]]})

    return answer


async def never(_request: web.Request) -> web.Response:
    await asyncio.sleep(60)
    raise AssertionError("nobody waits for this")


def files(folder: Path) -> list[Path]:
    return sorted(folder.rglob("*"))


def make(folder: Path, mode: int) -> None:
    folder.mkdir(mode=mode)


def permit(path: Path, mode: int) -> None:
    path.chmod(mode)


def levels(findings: list[Finding]) -> list[str]:
    return [finding.level for finding in findings]


async def test_a_check_that_hangs_ends_in_time_as_a_problem(tmp_path: Path) -> None:
    async def hangs(_scene: Scene) -> list[Finding]:
        return await in_thread(lambda: time.sleep(2) or [])

    async def fails(_scene: Scene) -> list[Finding]:
        raise OSError("no\nsuch\x1bthing")

    scene = Scene(config(tmp_path))
    (hung,) = await run_check("disk", hangs, scene, check_s=0.05)
    (failed,) = await run_check("disk", fails, scene)
    assert (hung.level, hung.fact) == ("problem", "no answer within 0.05 s")
    assert (failed.level, failed.fact) == ("problem", "no such?thing")


async def test_a_machine_where_nothing_works_is_told_so_in_time(serve: Serve, tmp_path: Path) -> None:
    """No signer, an endpoint that takes questions and answers none: every area has its finding."""
    findings = await examine(config(tmp_path, await serve(never)), check_s=0.2)
    told = {finding.area: finding.level for finding in findings if finding.level != "ok"}
    assert told["signer"] == told["chain"] == told["committee"] == "problem"
    assert {"transmitter", "peers", "clock"} <= set(told)
    assert all(
        finding.advice or "no answer within" in finding.fact for finding in findings if finding.level == "problem"
    )


async def test_every_chain_that_functions_read_is_looked_at(serve: Serve, tmp_path: Path) -> None:
    good = await serve(rpc(100, chain_id=10))
    unfinal = await serve(rpc(100, chain_id=8453, missing=("['finalized', False]", "eth_getBalance")))
    others = [{"id": 10, "rpc_urls": [good]}, {"id": 8453, "rpc_urls": [unfinal, good]}]
    home = config(tmp_path, await serve(rpc(5, missing=("eth_getBalance",)))).model_dump(mode="python")
    scene = Scene(check_config(home | {"chains": others, "data": str(tmp_path), "signer": {}, "workers": {}}, "test"))
    found = [(each.level, each.fact) for each in await check_endpoints(scene) if each.level != "ok"]
    told = [f"{level}: {fact}".replace(good, "GOOD").replace(unfinal, "UNFINAL")[:70] for level, fact in found]
    assert [text.split(": ", 1)[0] for text in told] == [
        "warning",
        "warning",
        "warning",
        "problem",
        "warning",
        "problem",
    ]
    assert "no state by block hash" in told[0]
    assert told[2].startswith("warning: chain 10, one endpoint only")
    assert told[3].startswith("problem: chain 8453, UNFINAL: no finalized block")
    assert told[4].startswith("warning: chain 8453, UNFINAL: no state by block hash")
    assert "serves chain 10" in found[5][1]


async def test_endpoints_are_compared_with_each_other(serve: Serve, tmp_path: Path) -> None:
    good, behind, wrong = await serve(rpc(100)), await serve(rpc(90)), await serve(rpc(100, chain_id=1))
    findings = await check_endpoints(Scene(config(tmp_path, good, behind, wrong)))
    assert levels(findings) == ["ok", "warning", "problem"]
    assert "90, 10 behind" in findings[1].fact
    assert "correct the chain's id" in findings[2].advice


async def test_an_endpoint_that_invents_time_is_named(serve: Serve, tmp_path: Path) -> None:
    """The node believes none of its blocks, so that is a problem."""
    lying = await serve(rpc(100, ahead_s=86_400))
    found, alone = await check_endpoints(Scene(config(tmp_path, lying)))
    assert (found.level, alone.level) == ("problem", "warning")
    assert "ahead of this machine's clock" in found.fact
    assert "one endpoint only" in alone.fact


async def test_what_an_endpoint_forgot_is_named(serve: Serve, tmp_path: Path) -> None:
    pruned = await serve(rpc(1_000, missing=("eth_getLogs", "eth_getCode", "['finalized']")))
    findings = await check_endpoints(Scene(config(tmp_path, pruned, start_block=5, confirmations="finalized")))
    facts = " ".join(finding.fact for finding in findings if finding.level == "problem")
    assert "logs of block 5" in facts
    assert "state 64 blocks back" in facts
    assert "the finalized block" in facts


async def test_keys_in_rpc_urls_are_not_shown(tmp_path: Path) -> None:
    findings = await check_endpoints(Scene(config(tmp_path, "http://127.0.0.1:1/v3/secretkey")))
    assert "secretkey" not in str(findings)


async def test_the_signers_socket_must_be_there_and_not_everybodys(tmp_path: Path) -> None:
    scene = Scene(config(tmp_path))
    (absent,) = await check_signer(scene)
    assert absent.advice == "start the signer, or correct [signer] socket"
    path = scene.config.signer.socket
    path.touch()
    (a_file,) = await check_signer(scene)
    assert "is no socket" in a_file.fact
    path.unlink()
    with socket.socket(socket.AF_UNIX) as listener:
        listener.bind(str(path))
        permit(path, 0o666)
        permit(tmp_path, 0o755)
        (open_to_all,) = await check_signer(scene)
        assert "anybody on this machine" in open_to_all.advice
        permit(path, 0o600)
        _, refused = await check_signer(scene)  # bound, but nobody listens
    assert refused.level == "problem"


@pytest.mark.parametrize(("offset_s", "level"), [(0.1, "ok"), (-0.4, "warning"), (0.6, "problem"), (-9.0, "problem")])
async def test_the_own_clock_is_held_against_the_middle_of_the_others(
    tmp_path: Path, offset_s: float, level: str
) -> None:
    """One liar among three moves the middle only between honest clocks."""
    scene = Scene(config(tmp_path), epoch=make_epoch(4, 1), offsets_s=[offset_s, 1_000.0, offset_s - 0.01])
    (finding,) = await check_clock(scene)
    assert finding.level == level


async def test_an_answer_from_elsewhere_is_bounded_and_judged(serve: Serve, tmp_path: Path) -> None:
    async def large(_request: web.Request) -> web.Response:
        return web.Response(body=b"[" * 1_000_000)

    async def lying(_request: web.Request) -> web.Response:
        return web.json_response({"member": 0, "epoch": "\x1b[2J" * 1_000, "chain_id": 31337, "time": 1e300})

    async with aiohttp.ClientSession() as session:
        assert await hear(session, await serve(large)) == "answers HTTP 200, and no health"
        heard = await hear(session, await serve(lying))
        assert isinstance(heard, Heard)
        assert heard.offset_s is not None
        assert abs(heard.offset_s) < 60, "the Date header stands in for a time that cannot be"
        assert isinstance(await hear(session, "nonsense"), str)
    findings = await check_peers(Scene(config(tmp_path), epoch=make_epoch(4, 1)))
    assert len(findings) == 4
    assert all(len(finding.fact) < 500 for finding in findings)


async def test_the_disk_is_measured_and_nothing_is_left_on_it(tmp_path: Path) -> None:
    scene = Scene(config(tmp_path))
    before = files(tmp_path)
    assert "is not there yet" in (await check_disk(scene))[0].fact
    assert files(tmp_path) == before
    make(scene.config.data, 0o700)
    findings = await check_disk(scene)
    assert findings[0].level == "ok"
    assert "a sync takes" in findings[-1].fact
    assert files(scene.config.data) == []
    permit(scene.config.data, 0o755)
    assert (await check_disk(scene))[0].advice == f"chmod 0700 {scene.config.data}"


async def test_a_file_in_the_place_of_the_data_folder_is_a_problem(tmp_path: Path) -> None:
    scene = Scene(config(tmp_path))
    scene.config.data.write_text("x")
    findings = await check_disk(scene)
    assert [("problem", f"{scene.config.data} is no folder")] == [(each.level, each.fact) for each in findings]


async def test_a_port_that_another_program_holds_is_a_problem(tmp_path: Path) -> None:
    scene = Scene(config(tmp_path))
    assert levels(await check_ports(scene)) == ["ok", "ok"]
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", scene.config.http.port))
        taken.listen()
        taken.close()
    with socket.create_server(("127.0.0.1", scene.config.metrics.port)):
        http, metrics = await check_ports(scene)
    assert (http.level, metrics.level) == ("ok", "problem")
    assert metrics.advice == "choose another [metrics] host or port"


def test_words_of_others_are_one_bounded_line_without_control_characters() -> None:
    assert words("a\n\x1b[31mb" + "x" * 1_000) == ("a ?[31mb" + "x" * 1_000)[:300]
