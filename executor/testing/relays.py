"""A drand relay on loopback, for tests and the devnet: real rounds of a chain whose one key it holds.

    python -m executor.testing.relays --name relay.test --genesis 1700000000 --period 1 [--fault lying]

prints one JSON line, its name and the place where it is served, and serves until its standard input closes. The address
of a round is drand's own, /CHAIN/public/ROUND; a round before its time is 425, as relays say it. `--fault` names what
the relay does wrong.
"""

from __future__ import annotations

import argparse
import asyncio
import hashlib
import json
import sys
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Final

from aiohttp import web

from executor.crypto import bls
from executor.model.draw import DrandChain
from executor.testing.fast_signatures import ROUNDS_KEY, ROUNDS_SECRET, sign_round

CHAIN_HASH: Final = hashlib.sha256(b"the drand chain of tests and devnets").digest()
NAME: Final = "relay.test"
FAULTS: Final = ("lying", "another-round", "garbage", "huge", "deep", "lagging", "silent", "error", "redirecting")


def development_chain(genesis_s: int = 1_700_000_000, period_s: int = 1) -> DrandChain:
    """The chain that this relay signs: everybody knows its secret, so it is worth nothing outside tests."""
    return DrandChain(CHAIN_HASH, ROUNDS_KEY, genesis_s, period_s)


def manifest_chain(chain: DrandChain) -> str:
    """The table of a manifest that names this chain."""
    return (
        f'[capabilities.random.chain]\nhash = "0x{chain.hash.hex()}"\nkey = "0x{chain.key.hex()}"\n'
        f"genesis = {chain.genesis_s}\nperiod_s = {chain.period_s}\n"
    )


@dataclass(slots=True)
class Relay:
    """Answers for one chain. `asked` are the rounds it was asked for; `fault` one of FAULTS, or none."""

    chain: DrandChain
    fault: str = ""
    clock: Callable[[], float] = time.time
    asked: list[int] = field(default_factory=list)

    async def serve(self, port: int = 0) -> tuple[web.AppRunner, int]:
        """Start on loopback; the runner to clean up, and the port."""
        app = web.Application()
        app.router.add_get("/{chain}/public/{round}", self._answer)
        runner = web.AppRunner(app, access_log=None, shutdown_timeout=0.1)
        await runner.setup()
        site = web.TCPSite(runner, "127.0.0.1", port)
        await site.start()
        return runner, int(runner.addresses[0][1])

    async def _answer(self, request: web.Request) -> web.StreamResponse:
        text = request.match_info["round"]
        if request.match_info["chain"] != self.chain.hash.hex() or not text.isdecimal() or len(text) > 18:
            return web.json_response({"error": "no such chain"}, status=404)
        round = int(text)
        self.asked.append(round)
        if self.clock() < self.chain.time_of(round):
            return web.json_response({"error": "too early"}, status=425)
        return await self._round(round)

    async def _round(self, round: int) -> web.StreamResponse:
        match self.fault:
            case "lying":
                return _signed(round, sign_round(bls.secret_from_seed(bytes(32)), round))
            case "another-round":
                return _signed(round - 1, sign_round(ROUNDS_SECRET, round - 1))
            case "garbage":
                return web.Response(body=b"\xff\x00<html>")
            case "huge":
                return web.Response(body=b'{"round":' + b" " * 100_000 + b"1}")
            case "deep":
                return web.Response(body=b"[" * 4_000)
            case "lagging":
                return web.json_response({"error": "not yet"}, status=404)
            case "silent":
                await asyncio.sleep(3_600)
            case "error":
                return web.Response(status=500)
            case "redirecting":
                raise web.HTTPFound("http://169.254.169.254/latest/meta-data")
        return _signed(round, sign_round(ROUNDS_SECRET, round))


def _signed(round: int, signature: bytes) -> web.Response:
    randomness = hashlib.sha256(signature).hexdigest()
    return web.json_response({"round": round, "randomness": randomness, "signature": signature.hex()})


async def _main(arguments: argparse.Namespace) -> None:
    relay = Relay(development_chain(arguments.genesis, arguments.period), arguments.fault)
    runner, port = await relay.serve(arguments.port)
    sys.stdout.write(json.dumps({arguments.name: f"127.0.0.1:{port}"}) + "\n")
    sys.stdout.flush()
    await asyncio.get_running_loop().run_in_executor(None, sys.stdin.read)
    await runner.cleanup()


if __name__ == "__main__":
    parser = argparse.ArgumentParser(prog="python -m executor.testing.relays")
    parser.add_argument("--name", default=NAME)
    parser.add_argument("--port", type=int, default=0)
    parser.add_argument("--genesis", type=int, default=1_700_000_000)
    parser.add_argument("--period", type=int, default=1)
    parser.add_argument("--fault", choices=("", *FAULTS), default="")
    asyncio.run(_main(parser.parse_args()))
