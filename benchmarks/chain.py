"""What the chain side costs: `python benchmarks/chain.py`.

Start of the development chains, calls and transactions over JSON-RPC, registration with proof of possession, delivery
by both verifiers (time and gas), and the pairing precompile on arkworks beside py-evm's own.
"""

from __future__ import annotations

import asyncio
import statistics
import sys
import time
from collections.abc import Awaitable, Callable
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "tests"))

from chain.support import Scene, answer, attest
from chain.test_precompiles import Computation, g1, g2

from executor.chain.anvil import Anvil
from executor.chain.devchain import Devchain
from executor.chain.embedded import EmbeddedChain
from executor.chain.embedded.precompiles import REPLACEMENTS
from executor.model.report import Scheme

ROUNDS = 10


async def median_ms(action: Callable[[], Awaitable[object]], rounds: int = ROUNDS) -> float:
    times = []
    for _ in range(rounds):
        begun = time.perf_counter()
        await action()
        times.append(time.perf_counter() - begun)
    return 1000 * statistics.median(times)


async def measure(name: str, chain: Devchain) -> None:
    begun = time.perf_counter()
    chain.start()
    row(name, "start", f"{time.perf_counter() - begun:.2f} s")
    try:
        begun = time.perf_counter()
        scene = await Scene.open(chain)
        row(name, "deploy, register 4 members, start epoch", f"{time.perf_counter() - begun:.2f} s")
        row(name, "eth_blockNumber", f"{await median_ms(lambda: scene.client.rpc.call('eth_blockNumber'), 50):.1f} ms")
        row(name, "request, mined and read back", f"{await median_ms(scene.request):.0f} ms")
        for scheme in Scheme:
            await deliveries(name, scene, scheme)
        await scene.client.close()
    finally:
        chain.close()


async def deliveries(name: str, scene: Scene, scheme: Scheme) -> None:
    gas, times = [], []
    for number in range(ROUNDS):
        seen = await scene.request()
        report, output = answer(seen, 10**10 + number, number + 1)
        attestation = attest(scene.epoch, [report], scheme)
        begun = time.perf_counter()
        sent = await scene.transmitter.deliver(scene.epoch, attestation, [output])
        times.append(time.perf_counter() - begun)
        gas.append(sent.gas_used)
    row(name, f"delivery by {scheme}", f"{1000 * statistics.median(times):.0f} ms, {statistics.median(gas):,.0f} gas")


def pairing() -> None:
    data = g1(6) + g2(1) + g1(5) + g2(3)
    for name, function in zip(("py-evm", "arkworks"), REPLACEMENTS[0x0F], strict=True):
        begun = time.perf_counter()
        function(Computation(data))
        row(name, "pairing of two pairs", f"{1000 * (time.perf_counter() - begun):.1f} ms")


def row(who: str, what: str, figure: str) -> None:
    print(f"{who:<14} {what:<42} {figure}")


async def main() -> None:
    pairing()
    await measure("embedded", EmbeddedChain())
    for hardfork in ("prague", "osaka"):
        await measure(f"anvil {hardfork}", Anvil(hardfork=hardfork))


if __name__ == "__main__":
    asyncio.run(main())
