"""Gas of whole transactions on anvil (Prague): deliveries by both verifiers, and the user's request.

    python benchmarks/gas.py           print the table
    python benchmarks/gas.py --write   print it and write benchmarks/gas.json

The result is 96 bytes without a zero byte (the dearest calldata), the consumer empty, and f members are silent.
"""

import json
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from web3 import HTTPProvider, Web3

HERE = Path(__file__).resolve().parent
sys.path.insert(0, str(HERE.parent / "contracts" / "tools"))

import compiler  # noqa: E402 (found through the line above)
import deployment  # noqa: E402
import npm  # noqa: E402

from executor.crypto.digests import function_id  # noqa: E402

OUTPUT = bytes(range(1, 97))
SIZES = (4, 7, 31, 100)
BATCHES = (1, 10, 100)
SCHEMES = ("ECDSA", "BLS", "BLS kept")  # kept: the sum of the signers' keys
EMPTY = "test/support/EmptyConsumer.sol"
TARGETS = {
    "request": 90_000,
    "ECDSA 4 1": 75_000,
    "ECDSA 7 1": 85_000,
    "ECDSA 31 1": 150_000,
    "BLS 31 1": 190_000,
    "BLS kept 100 1": 190_000,
    "ECDSA 7 10": 30_000,
    "ECDSA 7 100": 24_000,
    "BLS 31 10": 30_000,
    "BLS 31 100": 24_000,
}


@contextmanager
def anvil(hardfork: str = "prague") -> Iterator[Web3]:
    """A fresh anvil on a free port."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    command = [str(npm.tool("anvil")), "--hardfork", hardfork, "--port", str(port), "--accounts", "101", "--silent"]
    node = subprocess.Popen(command, stdout=subprocess.DEVNULL)
    try:
        w3 = Web3(HTTPProvider(f"http://127.0.0.1:{port}"))
        for _ in range(200):
            if w3.is_connected():
                break
            time.sleep(0.05)
        yield w3
    finally:
        node.terminate()
        node.wait()


def requests(network: deployment.Network, consumer: Any, count: int) -> tuple[list[bytes], int]:
    """Ids of new requests, and the gas of the transaction that made them."""
    call = consumer.functions.ask(count, function_id(deployment.FUNCTION), b'{"pair":"ETH/USD"}', 100_000)
    receipt = deployment.mined(
        network.w3, call.transact({"from": network.w3.eth.accounts[0], "gas": 100_000 + 200_000 * count})
    )
    logs = network.router.events.Requested().process_receipt(receipt)
    return [log["args"]["requestId"] for log in logs], receipt["gasUsed"]


def measure(network: deployment.Network, consumer: Any, scheme: int, count: int) -> int:
    """Gas of one transaction that delivers `count` results signed by a bare quorum."""
    ids, _ = requests(network, consumer, count)
    results = [(deployment.report_on(deployment.RequestId(id), OUTPUT), OUTPUT) for id in ids]
    receipt = network.fulfill(min(scheme, 1), results, range(network.quorum), kept=scheme == 2)
    delivered = network.router.events.Delivered().process_receipt(receipt)
    if [log["args"]["success"] for log in delivered] != [True] * count:
        raise SystemExit("gas: a result was not delivered")
    if not all(log["args"]["charge"]["work"] and log["args"]["charge"]["gasCost"] for log in delivered):
        raise SystemExit("gas: a delivery earned nothing, so nothing was written")
    return int(receipt["gasUsed"])


def table(hardfork: str = "prague") -> dict[str, int]:
    """Gas a result, by "scheme n batch"; also the user's request, and keeping a sum of keys."""
    unit = compiler.compile_folders("src", "test/support", only=EMPTY)[EMPTY]["EmptyConsumer"]
    figures = {}
    for n in SIZES:
        with anvil(hardfork) as w3:
            network = deployment.Network.start(w3, n)
            bytecode = "0x" + unit["evm"]["bytecode"]["object"]
            consumer = deployment.deploy_code(w3, unit["abi"], bytecode, network.router.address)
            network.sponsor(consumer)
            requests(network, consumer, 1)  # the router's first nonce costs a new slot
            figures["request"] = requests(network, consumer, 1)[1]
            figures[f"keep {n}"] = network.keep_sum(range(network.quorum))["gasUsed"]
            for scheme in range(2):
                measure(network, consumer, scheme, 1)  # the first delivery writes the signers' and payer's words anew
            for scheme, name in enumerate(SCHEMES):
                for count in BATCHES:
                    figures[f"{name} {n} {count}"] = round(measure(network, consumer, scheme, count) / count)
    return figures


def main(arguments: list[str]) -> None:
    figures = table()
    print(f"{'gas a result':<16}" + "".join(f"{f'batch of {count}':>14}" for count in BATCHES))
    for name in SCHEMES:
        for n in SIZES:
            cells = [figures[f"{name} {n} {count}"] for count in BATCHES]
            print(f"{f'{name} n={n}':<16}" + "".join(f"{gas:>14,}" for gas in cells))
    print(f"{'user request':<16}{figures['request']:>14,}")
    print("keeping a sum, once: " + ", ".join(f"n={n} {figures[f'keep {n}']:,}" for n in SIZES))
    missed = [f"{key}: {figures[key]:,} > {target:,}" for key, target in TARGETS.items() if figures[key] > target]
    print("targets missed: " + "; ".join(missed) if missed else "all targets met")
    if arguments == ["--write"]:
        (HERE / "gas.json").write_text(json.dumps(figures, indent=1) + "\n")


if __name__ == "__main__":
    main(sys.argv[1:])
