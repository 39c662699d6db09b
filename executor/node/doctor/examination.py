"""All checks in their order: what later ones need is found out first, the rest runs side by side."""

from __future__ import annotations

import asyncio
from functools import partial
from pathlib import Path

from executor.chain.client import ChainClient
from executor.errors import ExecutorError, InvalidConfig
from executor.model.ids import Address
from executor.node.config import NodeConfig
from executor.node.doctor.beacon import check_beacon
from executor.node.doctor.chain import check_endpoints
from executor.node.doctor.committee import check_committee, check_money
from executor.node.doctor.findings import CHECK_S, Finding, Scene, run_check
from executor.node.doctor.machine import check_disk, check_ports, check_sandbox
from executor.node.doctor.peers import check_clock, check_peers
from executor.node.doctor.signer import check_signer

ENDPOINTS_S = 2.5 * CHECK_S  # up to five questions of four seconds to each, all endpoints side by side
SANDBOX_S = 3 * CHECK_S  # a worker's start and the engine's own tests on a busy machine


async def examine(config: NodeConfig, *, check_s: float = CHECK_S) -> list[Finding]:
    """Every finding; takes at most about a minute, and changes nothing."""
    scene = Scene(config)
    scale = check_s / CHECK_S
    beside = [
        run_check("signer", check_signer, scene, check_s=check_s),
        run_check("chain", check_endpoints, scene, check_s=ENDPOINTS_S * scale),
        run_check("disk", check_disk, scene, check_s=check_s),
        run_check("ports", check_ports, scene, check_s=check_s),
        run_check("sandbox", check_sandbox, scene, check_s=SANDBOX_S),
    ]
    signer, endpoints, disk, ports, sandbox = await asyncio.gather(*beside)
    router = Address.from_hex(config.chain.router)
    client = ChainClient(config.chain.rpc_urls, config.chain.id, router, timeout_s=check_s / 2, attempts=1)
    found: list[Finding] = []
    try:
        found += await run_check("committee", partial(_connect, client), scene, check_s=check_s)
        if scene.chain is not None:
            found += await run_check("committee", check_committee, scene, check_s=2 * check_s)
        found += await run_check("transmitter", check_money, scene, check_s=check_s)
        found += await run_check("beacon", check_beacon, scene, check_s=check_s)
        found += await run_check("peers", check_peers, scene, check_s=3 * check_s)
        found += await run_check("clock", check_clock, scene, check_s=check_s)
    finally:
        await client.close()
    return [*signer, *endpoints, *found, *disk, *ports, *sandbox]


async def _connect(client: ChainClient, scene: Scene) -> list[Finding]:
    try:
        await client.connect()
    except InvalidConfig as error:
        return [Finding("committee", "problem", str(error), "correct [chain] router")]
    except ExecutorError:
        return [Finding("committee", "problem", "no endpoint answers for the router", "see the chain's findings above")]
    scene.chain = client
    return []


def config_finding(path: Path) -> Finding:
    """That the configuration is read at all."""
    return Finding("config", "ok", f"{path}")
