"""The collateral guard on chain and off chain: gas of OnChainGuard.scan (anvil, Prague), fuel and time of the function.

    python benchmarks/guard.py           print the table
    python benchmarks/guard.py --write   print it and write benchmarks/guard.json

The same positions (executor/demos/lending.py), at a price that leaves all healthy and after a fall of 12 %. What a
delivery costs does not depend on them: `executor demo guard` says it of real ones.
"""

import json
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

from eth_abi import decode, encode
from web3 import Web3

HERE = Path(__file__).resolve().parent
sys.path.insert(0, str(HERE))

from gas import anvil  # noqa: E402 (found through the line above)

from executor.chain.contracts import calldata, creation  # noqa: E402
from executor.demos.examples import example  # noqa: E402
from executor.demos.lending import BATCH, LENT, PRICE_SCALE, RESERVE, RULES, SEED_PRICE, TERMS, UNLIMITED, positions_at  # noqa: E402
from executor.model.ids import Address  # noqa: E402
from executor.model.observation import Kind  # noqa: E402
from executor.model.outcome import Awaiting, Returned  # noqa: E402
from executor.model.request import Request  # noqa: E402
from executor.model.transcript import Entry  # noqa: E402
from executor.vm import Answer, Program, Refusal, Response, execute, load, observe  # noqa: E402

SIZES = (100, 300, 600, 1_000, 1_500, 1_800)
FALL = 88  # percent of the price
GAS = 30_000_000  # a block's
FUNCTION = b"\x01" * 32
RUNS = 5  # of which the fastest counts


class Market:
    """A CollateralGuard on anvil that takes reports from its owner, as if that were the router."""

    def __init__(self, w3: Web3) -> None:
        self.w3, self.owner = w3, Address.from_hex(w3.eth.accounts[0])
        self.collateral, debt = self._create("DemoToken", "Gold", "G"), self._create("DemoToken", "Dollar", "D")
        self.crowd, self.on_chain = self._create("DemoCrowd"), self._create("OnChainGuard")
        believed = (self.owner, self.owner, FUNCTION, self.owner, 3_600)
        self.market = self._create("CollateralGuard", *believed, (self.collateral, debt), TERMS, RULES)
        self.send(debt, "DemoToken", "mint", self.owner, LENT + RESERVE)
        self.send(debt, "DemoToken", "approve", self.market, UNLIMITED)
        self.send(self.market, "CollateralGuard", "supply", LENT)
        now = self.w3.eth.get_block("latest")["timestamp"]
        report = encode(["uint256", "uint64", "address[]"], [SEED_PRICE, now, []])
        metadata = FUNCTION + bytes(10) + self.owner + bytes(2)
        self.send(self.market, "CollateralGuard", "onReport", metadata, report)

    def borrow(self, words: list[int]) -> None:
        """Open these positions."""
        for start in range(0, len(words), BATCH):
            self.send(self.crowd, "DemoCrowd", "open", self.market, self.collateral, words[start : start + BATCH])

    def scan(self, price: int) -> int:
        """Gas of the whole computation in a transaction; 0 where a block's does not suffice."""
        receipt = self._mined(self.on_chain, calldata("OnChainGuard", "scan", self.market, price))
        return int(receipt["gasUsed"]) if receipt["status"] else 0

    def named(self, price: int) -> list[str]:
        """Whom it names; without a limit of a block."""
        data = calldata("OnChainGuard", "accounts", self.market, price)
        (found,) = decode(["address[]"], self.view(self.on_chain, data))
        return list(found)

    def view(self, to: bytes, data: bytes) -> bytes:
        """What a call returns."""
        call: Any = {"to": Web3.to_checksum_address(to.hex()), "data": data, "gas": 20 * GAS}
        return bytes(self.w3.eth.call(call))

    def send(self, to: Address, contract: str, function: str, *arguments: object) -> None:
        """A transaction that succeeds."""
        if not self._mined(to, calldata(contract, function, *arguments))["status"]:
            raise SystemExit(f"guard: {function} reverted")

    def _create(self, name: str, *arguments: object) -> Address:
        return Address.from_hex(self._mined(None, creation(name, *arguments))["contractAddress"])

    def _mined(self, to: Address | None, data: bytes) -> Any:
        fields: Any = {"from": self.w3.eth.accounts[0], "data": data, "gas": GAS}
        if to is not None:
            fields["to"] = Web3.to_checksum_address(to.hex())
        return self.w3.eth.wait_for_transaction_receipt(self.w3.eth.send_transaction(fields))


class Look:
    """Answers an observe run's reads from the market, and tells one price."""

    def __init__(self, view: Callable[[bytes, bytes], bytes]) -> None:
        self._view = view

    def call(self, operation: str, message: bytes) -> Response:
        """What the chain says."""
        if operation != "evm.call_many":
            return Refusal("not-granted")
        calls = json.loads(message)["calls"]
        found = [self._view(*(bytes.fromhex(each[name][2:]) for name in ("to", "data"))) for each in calls]
        return Answer(encode(["(bool,bytes)[]"], [[(True, each) for each in found]]))


def run(program: Program, market: Market, price: int) -> tuple[Returned, float]:
    """The function's last run over what the market says and this price, and its seconds."""
    request, entries = Request.local(program.function_id, bytes(12) + market.market), list[Entry]()
    while isinstance(outcome := execute(program, request, tuple(entries)), Awaiting):
        if b'"price"' in outcome.spec:
            value = f"{price // PRICE_SCALE}.{price % PRICE_SCALE:036}".encode()
        else:
            value = observe(program, request, tuple(entries), Look(market.view)).value
        entries.append(Entry(outcome.spec, Kind.VALUE, value))
    seconds = []
    for _ in range(RUNS):
        started = time.thread_time()
        execute(program, request, tuple(entries))
        seconds.append(time.thread_time() - started)
    if not isinstance(outcome, Returned):
        raise SystemExit(f"guard: {outcome}")
    return outcome, min(seconds)


def table(sizes: tuple[int, ...] = SIZES) -> dict[str, dict[str, float]]:
    """By "positions price": gas in a transaction, fuel, milliseconds."""
    program, figures = load(example("collateral_guard")), {}
    with anvil() as w3:
        market, opened = Market(w3), 0
        words = positions_at(SEED_PRICE, max(sizes))
        for size in sizes:
            market.borrow(words[opened:size])
            opened = size
            for percent in (100, FALL):
                price = SEED_PRICE * percent // 100
                outcome, seconds = run(program, market, price)
                named = list(decode(["uint256", "uint64", "address[]"], outcome.output)[2])
                if named != market.named(price):
                    raise SystemExit("guard: the function and the contract name other accounts")
                figures[f"{size} {percent}"] = {
                    "gas": market.scan(price),
                    "fuel": outcome.fuel_used,
                    "milliseconds": round(seconds * 1_000, 1),
                }
    return figures


def main(arguments: list[str]) -> None:
    figures = table()
    print(f"{'positions':>9} {'price':>6} {'gas on chain':>14} {'fuel':>14} {'run':>9}")
    for key, found in figures.items():
        size, percent = key.split()
        gas = f"{found['gas']:,}" if found["gas"] else f"> {GAS:,}"
        print(f"{size:>9} {percent:>5}% {gas:>14} {found['fuel']:>14,} {found['milliseconds']:>6} ms")
    if arguments == ["--write"]:
        (HERE / "guard.json").write_text(json.dumps(figures, indent=1) + "\n")


if __name__ == "__main__":
    main(sys.argv[1:])
