"""Gas of the peers' whole transactions, measured as benchmarks/gas.py measures ours, beside benchmarks/gas.json.

    python benchmarks/peers.py           print the tables
    python benchmarks/peers.py --write   print them and write benchmarks/peers.json

The peers are Chainlink's contracts as npm has them, compiled by this repository's solc: KeystoneForwarder 1.0.0
(f + 1 signatures, no batches, no billing) and Functions v1.3.0 behind its router v1.0.0 ((n + f) / 2 + 1 signatures,
bills in LINK). The result is the same 96 bytes without a zero byte; receiver, client and price feeds do nothing at all.
"""

import json
import sys
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

from eth_abi.abi import encode
from web3 import Web3
from web3.contract import Contract
from web3.logs import DISCARD

HERE = Path(__file__).resolve().parent
sys.path.insert(0, str(HERE))

import gas  # noqa: E402 (found through the line above)
from gas import compiler, deployment  # noqa: E402 (which finds them)

from executor.crypto import secp256k1  # noqa: E402
from executor.crypto.digests import keccak256  # noqa: E402
from executor.model.ids import Digest  # noqa: E402

HOME = Path(compiler.inputs.HOME)
PACKAGE = "@chainlink/contracts/src/v0.8"
FORWARDER = f"{PACKAGE}/keystone/KeystoneForwarder.sol"
ROUTER = f"{PACKAGE}/functions/v1_0_0/FunctionsRouter.sol"
COORDINATOR = f"{PACKAGE}/functions/v1_3_0/FunctionsCoordinator.sol"
TOKEN = f"{PACKAGE}/functions/tests/v1_X/testhelpers/MockLinkToken.sol"
FEED = "test/support/ConstantFeed.sol"
RECEIVER = "test/support/EmptyReceiver.sol"
CLIENT = "test/support/EmptyClient.sol"
SOURCES = (FORWARDER, ROUTER, COORDINATOR, TOKEN, FEED, RECEIVER, CLIENT)

# The package's foundry.toml, profiles `keystone` and `functions`, but for 1,000,000 optimizer runs: with them this solc
# makes a FunctionsRouter of 24,995 bytes, over EIP-170's limit. The forwarder's code is the same with either.
SIZES = (4, 7, 31)  # Keystone takes 31 signers at most
RUNS = 10_000
SETTINGS = {
    **compiler.inputs.SETTINGS,
    "evmVersion": "paris",
    "optimizer": {"enabled": True, "runs": RUNS},
    "viaIR": False,
}

DON = 7
VERSION = 1
DON_ID = b"don".ljust(32, b"\0")
CONTEXT = (
    b"\x00\x01" + b"\xc0" * 30,
    (440_000_000 << 8).to_bytes(32, "big"),
    bytes(32),
)  # config, epoch and round, nothing
CALLBACK_GAS = 100_000  # as benchmarks/gas.py asks for
LINK = 10**18

# Functions as its own tests configure it (functions/tests/v1_X/Setup.t.sol), without what v1.3.0 does not have.
ROUTER_CONFIG = (3, 0, bytes.fromhex("0ca76175"), 5_000, (300_000, 500_000, 1_000_000), 1, 11 * LINK)
COORDINATOR_CONFIG = (
    *(
        5_000,
        86_400,
        105_000,
        93_942,
        10**9,
        1,
    ),  # overestimate, staleness, overhead before, after, least price, data version
    *(1_400_000_000, 8, 5 * 10**15, 300, 100, 100),  # USD and coin a LINK when feeds are stale, timeout, fees in cents
)


@cache
def compiled() -> dict[str, Any]:
    """The compiler's output for the peers' contracts, {path: {contract: …}}; warnings of theirs are theirs."""
    files = {}
    for path in SOURCES:
        folder = HOME / "node_modules" if path.startswith("@") else HOME
        files[path] = {"content": (folder / path).read_text()}
    output = compiler.run(json.dumps({"language": "Solidity", "settings": SETTINGS, "sources": files}))
    errors = [error["formattedMessage"] for error in output.get("errors", []) if error["severity"] == "error"]
    if errors:
        raise SystemExit("\n".join(errors))
    contracts: dict[str, Any] = output["contracts"]
    return contracts


def deploy(w3: Web3, path: str, *arguments: Any) -> Contract:
    """Deploys the contract its file is named after."""
    unit = compiled()[path][Path(path).stem]
    contract: Contract = deployment.deploy_code(w3, unit["abi"], "0x" + unit["evm"]["bytecode"]["object"], *arguments)
    return contract


def send(call: Any, sender: str | None = None) -> Any:
    """The receipt of a transaction, from the first account if not another's."""
    w3 = call.w3
    return deployment.mined(w3, call.transact({"from": sender or w3.eth.accounts[0], "gas": deployment.GAS}))


def signers(count: int) -> list[str]:
    """The addresses of the first members' signing keys."""
    return [Web3.to_checksum_address(secp256k1.address_of(deployment.keys_of(i).signer)) for i in range(count)]


def signatures(report: bytes, count: int) -> list[tuple[bytes, bytes, int]]:
    """(r, s, parity) of the first members over an OCR report."""
    digest = Digest(keccak256(keccak256(report) + b"".join(CONTEXT)))
    found = []
    for member in range(count):
        compact = secp256k1.sign(deployment.keys_of(member).signer, digest)
        parity_and_s = int.from_bytes(compact[32:], "big")
        found.append((compact[:32], (parity_and_s & (1 << 255) - 1).to_bytes(32, "big"), parity_and_s >> 255))
    return found


def keystone(n: int) -> int:
    """Gas of `KeystoneForwarder.report` for one result, the forwarder having delivered before."""
    f = (n - 1) // 3
    with gas.anvil() as w3:
        forwarder, receiver = deploy(w3, FORWARDER), deploy(w3, RECEIVER)
        send(forwarder.functions.setConfig(DON, VERSION, f, signers(n)))
        used = 0
        for execution in (b"\xe1" * 32, b"\xe2" * 32):
            numbers = (
                b"\x01" + execution + b"".join(value.to_bytes(4, "big") for value in (1_750_000_000, DON, VERSION))
            )
            report = numbers + b"\xcd" * 32 + b"\x11" * 10 + b"\xee" * 20 + b"\x00\x01" + gas.OUTPUT
            proof = [r + s + bytes([parity]) for r, s, parity in signatures(report, f + 1)]
            receipt = send(forwarder.functions.report(receiver.address, report, b"".join(CONTEXT), proof))
            results = [
                log["args"]["result"]
                for log in forwarder.events.ReportProcessed().process_receipt(receipt, errors=DISCARD)
            ]
            if results != [True]:
                raise SystemExit("peers: a report was not taken")
            used = int(receipt["gasUsed"])
    return used


@dataclass(frozen=True, slots=True)
class Functions:
    """Chainlink Functions with n members, a funded subscription and an empty client."""

    w3: Web3
    router: Contract
    coordinator: Contract
    client: Contract
    n: int

    @classmethod
    def start(cls, w3: Web3, n: int) -> "Functions":
        """Deploys everything; transmitters are the node's accounts 1 to n."""
        token = deploy(w3, TOKEN)
        router = deploy(w3, ROUTER, token.address, ROUTER_CONFIG)
        feeds = [deploy(w3, FEED, *answer).address for answer in ((18, 6 * 10**15), (8, 1_500_000_000))]
        coordinator = deploy(w3, COORDINATOR, router.address, COORDINATOR_CONFIG, *feeds)
        members = (signers(n), list(w3.eth.accounts[1 : n + 1]), (n - 1) // 3)
        send(coordinator.functions.setConfig(*members, b"", 1, b""))
        send(router.functions.proposeContractsUpdate([DON_ID], [coordinator.address]))
        send(router.functions.updateContracts())
        client = deploy(w3, CLIENT, router.address)
        send(router.functions.createSubscriptionWithConsumer(client.address))
        send(token.functions.transferAndCall(router.address, 1_000 * LINK, encode(["uint64"], [1])))
        return cls(w3, router, coordinator, client, n)

    def request(self, count: int) -> Any:
        """The receipt of the user's transaction that makes `count` requests."""
        return send(self.client.functions.ask(count, 1, request_data(), CALLBACK_GAS, DON_ID))

    def transmit(self, requested: Any) -> int:
        """Gas of the transaction that delivers the results of a transaction's requests."""
        logs = self.coordinator.events.OracleRequest().process_receipt(requested, errors=DISCARD)
        ids = [log["args"]["requestId"] for log in logs]
        commitment = next(item for item in self.coordinator.abi if item.get("name") == "OracleRequest")["inputs"][-1]
        shape = f"({','.join(part['type'] for part in commitment['components'])})"
        names = [part["name"] for part in commitment["components"]]
        commitments = [encode([shape], [tuple(log["args"]["commitment"][name] for name in names)]) for log in logs]
        empty = [b""] * len(ids)
        arrays = (ids, [gas.OUTPUT] * len(ids), empty, commitments, empty)
        report = encode(["bytes32[]", *["bytes[]"] * 4], arrays)
        proof = signatures(report, (self.n + (self.n - 1) // 3) // 2 + 1)
        parities = bytes(parity for _, _, parity in proof).ljust(32, b"\0")
        call = self.coordinator.functions.transmit(
            CONTEXT, report, [r for r, _, _ in proof], [s for _, s, _ in proof], parities
        )
        receipt = send(call, self.w3.eth.accounts[1])
        codes = [
            log["args"]["resultCode"]
            for log in self.router.events.RequestProcessed().process_receipt(receipt, errors=DISCARD)
        ]
        if codes != [0] * len(ids):
            raise SystemExit(f"peers: results were not delivered: {codes}")
        return int(receipt["gasUsed"])


def request_data() -> bytes:
    """The CBOR of a small request, as FunctionsRequest encodes it."""

    def text(value: str) -> bytes:
        head = bytes([0x60 | len(value)]) if len(value) < 24 else bytes([0x78, len(value)])
        return head + value.encode()

    zero = b"\xc2\x58\x20" + bytes(32)  # a bignum of 32 bytes: inline, JavaScript
    return text("codeLocation") + zero + text("language") + zero + text("source") + text('return args[0] + "ETH/USD"')


def table() -> dict[str, int]:
    """Gas a result, by "peer n batch"; also the user's request."""
    figures = {f"Keystone {n} 1": keystone(n) for n in SIZES}
    for n in SIZES:
        with gas.anvil() as w3:
            functions = Functions.start(w3, n)
            figures[f"Functions {n} first"] = functions.transmit(
                functions.request(1)
            )  # new slots: accounts of the fees
            requested = functions.request(1)
            figures["Functions request"] = int(requested["gasUsed"])
            figures[f"Functions {n} 1"] = functions.transmit(requested)
            figures[f"Functions {n} 10"] = round(functions.transmit(functions.request(10)) / 10)
    return figures


def row(name: str, cells: Sequence[int | None]) -> str:
    return f"{name:<28}" + "".join(f"{'-' if cell is None else f'{cell:,}':>12}" for cell in cells)


def main(arguments: list[str]) -> None:
    figures = table()
    ours = json.loads((HERE / "gas.json").read_text())
    print(f"{'gas a result':<28}" + "".join(f"{f'n={n}':>12}" for n in SIZES))
    for name, key in (
        ("KeystoneForwarder, single", "Keystone {} 1"),
        ("Functions, first ever", "Functions {} first"),
        ("Functions, single", "Functions {} 1"),
        ("Functions, batch of 10", "Functions {} 10"),
    ):
        print(row(name, [figures[key.format(n)] for n in SIZES]))
    for scheme in gas.SCHEMES:
        for batch in (1, 10):
            print(row(f"ours, {scheme}, batch of {batch}", [ours.get(f"{scheme} {n} {batch}") for n in SIZES]))
    print(f"user's request: Functions {figures['Functions request']:,}, ours {ours['request']:,}")
    if arguments == ["--write"]:
        (HERE / "peers.json").write_text(json.dumps(figures, indent=1) + "\n")


if __name__ == "__main__":
    main(sys.argv[1:])
