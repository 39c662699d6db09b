"""Gas of whole transactions about randomness on anvil (Prague): a round of drand and a committee's draw by the same
verifier, registering a key of draws, and a raffle of 5,000 tickets and loot boxes that a committee's draw decides.

    python benchmarks/draw_gas.py           print the table
    python benchmarks/draw_gas.py --write   print it and write benchmarks/draw_gas.json

A committee of four, a bare quorum of it signs. The group's key is one secret's: one made by many verifies alike.
One account buys all tickets, in four purchases, so that it does not depend on the winners what is written first.
"""

import json
import sys
from pathlib import Path
from typing import Any, Final

from web3 import Web3
from web3.contract import Contract
from web3.types import RPCEndpoint

HERE = Path(__file__).resolve().parent
sys.path[:0] = [str(HERE), str(HERE.parent / "contracts" / "tools")]

import deployment  # noqa: E402 (found through the line above)
from gas import anvil  # noqa: E402 (found through the line above)

from executor.crypto import bls, secp256k1  # noqa: E402
from executor.crypto.digests import draw_digest, draw_key_digest, function_id, keccak256  # noqa: E402
from executor.model.committee import EpochIdentity  # noqa: E402
from executor.model.ids import Digest, RequestId  # noqa: E402

N: Final = 4
GROUP: Final = bls.secret_from_seed(b"a group's key, for measuring".ljust(32))
DKG: Final = Digest(b"\x33" * 32)
VECTORS: Final = HERE.parent / "fixtures" / "vectors" / "randomness.json"
PRICE: Final = 10**15
PURCHASES: Final = (1_750, 25, 1_725, 1_500)  # of 5,000 tickets
WINNERS: Final = 3
WEIGHTS: Final = [1, 9, 90]
BOXES: Final = 5


class Games:
    """A beacon with the committee's key, and a CommitteeLottery, on one chain."""

    def __init__(self, w3: Web3) -> None:
        self.w3, self.owner = w3, w3.eth.accounts[0]
        self.network = deployment.Network.start(w3, N)
        self.beacon = deployment.deploy(w3, "Beacon")
        place = (self.network.router.address, function_id(deployment.FUNCTION), self.network.subscription)
        self.lottery = deployment.deploy(w3, "CommitteeLottery", *place, self.beacon.address)
        self.network.sponsor(self.lottery)

    def mined(self, call: Any, value: int = 0) -> Any:
        """The receipt of a call."""
        sending: Any = {"from": self.owner, "gas": deployment.GAS, "value": value}
        return deployment.mined(self.w3, call.transact(sending))

    def gas(self, call: Any, value: int = 0) -> int:
        """Gas of a transaction."""
        return int(self.mined(call, value)["gasUsed"])

    def registering(self, beacon: Contract, verifier: int) -> Any:
        """The registration of the key, signed for one of the epoch's verifiers by a bare quorum."""
        router, committee = self.network.router.address, self.network.committee.address
        identity = EpochIdentity(self.w3.eth.chain_id, deployment.raw(router), deployment.raw(committee), 1)
        key = bls.to_evm_g2(bls.public_key(GROUP))
        digest = draw_key_digest(identity, key, DKG)
        signers = range(self.network.quorum)
        keys = [deployment.keys_of(member) for member in signers]
        if verifier == 0:
            signed = b"".join(secp256k1.sign(each.signer, digest) for each in keys)
        else:
            signed = bls.to_evm_g1(bls.aggregate([bls.sign(each.bls, digest) for each in keys]))
        proof = deployment.bitmap(signers) + signed
        return beacon.functions.registerDrawKey(router, committee, 1, key, DKG, verifier, proof)

    def draw(self, request: bytes) -> bytes:
        """The request's draw."""
        router = deployment.raw(self.network.router.address)
        digest = draw_digest(self.w3.eth.chain_id, router, RequestId(request), 0)
        return bls.to_evm_g1(bls.sign(GROUP, digest, bls.DST_DRAW))

    def answered(self, request: bytes, scheme: int) -> int:
        """Gas of the delivery of the draw's value."""
        output = bytes(keccak256(bls.from_evm_g1(self.draw(request))))
        result = (deployment.report_on(RequestId(request), output), output)
        receipt = self.network.fulfill(scheme, [result], range(self.network.quorum))
        (log,) = self.network.router.events.Delivered().process_receipt(receipt, errors=deployment.DISCARD)
        if not log["args"]["success"]:
            raise SystemExit("draw_gas: the lottery took no answer")
        return int(receipt["gasUsed"])

    def closed(self) -> tuple[int, bytes, int]:
        """A raffle of 5,000 tickets, closed: its number, its request, and the closing's gas."""
        functions = self.lottery.functions
        over = self.w3.eth.get_block("latest")["timestamp"] + 60
        self.mined(functions.createRaffle((PRICE, over, 0, WINNERS, 1_000)), 10**18)
        (number,) = (log["args"]["raffleId"] for log in self.lottery.events.RaffleCreated().get_logs())
        for tickets in PURCHASES:
            self.mined(functions.buy(number, tickets), PRICE * tickets)
        self.w3.provider.make_request(RPCEndpoint("evm_increaseTime"), [61])
        gas = self.gas(functions.close(number))
        return number, functions.raffle(number).call()[6], gas

    def opened(self, box: int) -> tuple[bytes, int]:
        """An opening of five boxes, and its gas."""
        gas = self.gas(self.lottery.functions.open(box, BOXES), PRICE * BOXES)
        (opening,) = (log["args"]["opening"] for log in self.lottery.events.BoxesOpened().get_logs())
        return opening, gas


def table() -> dict[str, int]:
    """Gas by what is done."""
    figures = dict[str, int]()
    with anvil() as w3:
        games = Games(w3)
        figures["registerDrawKey, ECDSA n=4"] = games.gas(games.registering(games.beacon, 0))
        figures["registerDrawKey, BLS n=4"] = games.gas(games.registering(deployment.deploy(w3, "Beacon"), 1))
        figures["a drand round: verifyRound"] = games.gas(round_of(games.beacon))
        for _ in range(2):  # the second finds the lottery's and the router's first words written
            raffle, request, figures["raffle: close, which asks"] = games.closed()
            where = (games.network.router.address, games.network.committee.address, 1, request, 0)
            proof = games.draw(request)
            figures["a committee's draw: verifyDraw"] = games.gas(games.beacon.functions.verifyDraw(*where, proof))
            figures["raffle: draw with the signature"] = games.gas(games.lottery.functions.draw(raffle, proof))
            for scheme, name in enumerate(("ECDSA", "BLS")):
                raffle, request, _ = games.closed()
                figures[f"answer, a seed kept, {name} n=4"] = games.answered(request, scheme)
                figures["raffle: draw after the answer"] = games.gas(games.lottery.functions.draw(raffle, b""))
        games.mined(games.lottery.functions.createBox(PRICE, 0, WEIGHTS))
        for _ in range(2):
            opening, figures["five boxes: open, which asks"] = games.opened(1)
            signature = games.draw(opening)
            figures["five boxes: claim with the signature"] = games.gas(
                games.lottery.functions.claim(opening, signature)
            )
            opening, _ = games.opened(1)
            games.answered(opening, 0)
            figures["five boxes: claim after the answer"] = games.gas(games.lottery.functions.claim(opening, b""))
    return figures


def round_of(beacon: Contract) -> Any:
    """One of quicknet's rounds."""
    row = next(row for row in json.loads(VECTORS.read_text())["rounds"] if row["result"] == "valid")
    return beacon.functions.verifyRound(int(row["round"]), bytes.fromhex(row["signatureEvm"][2:]))


def main(arguments: list[str]) -> None:
    figures = table()
    for name, gas in figures.items():
        print(f"{name:<40}{gas:>12,}")
    if arguments == ["--write"]:
        (HERE / "draw_gas.json").write_text(json.dumps(figures, indent=1) + "\n")


if __name__ == "__main__":
    main(sys.argv[1:])
