"""Whoever is called back calls every function of the router from there: nobody loses, and nothing happens twice."""

from __future__ import annotations

import dataclasses
import itertools
from collections import Counter
from dataclasses import dataclass
from typing import Any

import pytest
from web3.contract import Contract
from web3.exceptions import ContractCustomError

from executor.chain.bindings import load
from executor.chain.deploy import PRICES
from executor.crypto.digests import keccak256, triggered_request_id
from executor.model.billing import Asset
from executor.model.ids import RequestId

from .world import ECDSA, FUNCTION, QUORUM, Step, World, account, answer, deployment, error_names

GAS_LIMIT = 600_000  # of the attacker's callbacks: a delivery inside one has room
AT_ONCE = 8  # reports a delivery, which then fits a transaction of Osaka (2^24 gas)
FUNCTIONS = [item for item in load("Router").abi if item["type"] == "function"]
CHANGING = [item for item in FUNCTIONS if item["stateMutability"] != "view"]
EVERYTHING_ELSE = {"bytes32": b"\1" * 32, "bool": True, "bytes": b"\1", "uint8": Asset.NATIVE, "uint256[]": [0b1011]}


@dataclass(slots=True)
class Fight:
    """An attacker with a subscription of its own, and a victim with one and a request in flight."""

    world: World
    attacker: Contract
    mine: int
    victim: Contract
    theirs: int
    request: bytes
    attested: tuple[int, int, bytes, bytes]  # the answer to that request
    receipts: list[Any] = dataclasses.field(default_factory=list)

    @classmethod
    def begin(cls, world: World) -> Fight:
        world.send(world.router.functions.setLimits(3_000, 2_000_000, 16_384), world.owner)
        attacker, victim = world.deploy("Scripted"), world.deploy("Scripted")
        router = world.router.functions
        made = forward(world, attacker, router.createSubscription(Asset.NATIVE), 10**20)
        mine = int(world.logs(made, "SubscriptionCreated")[0]["subscription"])
        forward(world, attacker, router.addConsumer(mine, attacker.address))
        world.w3.eth.send_transaction({"from": world.stranger, "to": attacker.address, "value": 10**18, "gas": 100_000})
        theirs = world.subscribe(victim, funds=10**18)
        (request,) = world.ask(victim, theirs)
        world.payers |= {attacker.address, world.transmitter}
        return cls(world, attacker, mine, victim, theirs, request, world.attest([answer(request)]))

    def steps(self, items: list[dict[str, Any]]) -> list[Step]:
        """A call of each function against the victim, and one with what the attacker has itself."""
        made: dict[Step, None] = {}
        for item, (subscription, person) in itertools.product(
            items, [(self.theirs, self.victim.address), (self.mine, self.attacker.address), (self.theirs, account(6))]
        ):
            values = [self.value(field, subscription, person) for field in item["inputs"]]
            data = self.world.router.encode_abi(item["name"], args=values)
            value = int(item["stateMutability"] == "payable")
            made[self.world.router.address, value, bytes.fromhex(data[2:])] = None
        return list(made)

    def value(self, field: dict[str, Any], subscription: int, person: str) -> Any:
        """A plausible argument: by its name, else by its type, so that a function made later is called, too."""
        epoch, verifier, packed, proof = self.attested
        named = {
            "subscription": subscription,
            "requestId": self.request,
            "functionId": FUNCTION,
            "to": self.attacker.address,
            "epoch": epoch,
            "verifierIndex": verifier,
            "reports": packed,
            "proof": proof,
            "proposed": dataclasses.astuple(PRICES),
            "origins": [(b"\1" * 32, b"\2" * 32)],
        }
        if field["name"] in named:
            return named[field["name"]]
        kind = field["type"]
        if kind in EVERYTHING_ELSE:
            return EVERYTHING_ELSE[kind]
        return person if kind == "address" else 1

    def script(self, steps: list[Step]) -> None:
        self.world.send(self.attacker.functions.script(steps), self.world.stranger)

    def tried(self) -> list[tuple[int, bool, bytes]]:
        """(step, success, what it returned) of every call so far."""
        return [
            (log["step"], log["success"], log["returned"])
            for receipt in self.receipts
            for log in self.world.logs(receipt, "Tried", self.attacker)
        ]


def forward(world: World, attacker: Contract, call: Any, value: int = 0) -> Any:
    """The attacker's own transaction."""
    data = bytes.fromhex(call._encode_transaction_data()[2:])
    return world.send(attacker.functions.forward(world.router.address, data), world.stranger, value=value)


def settings_of(world: World) -> dict[str, Any]:
    """Everything that the router says without being given anything, but the nonce."""
    views = [item["name"] for item in FUNCTIONS if not item["inputs"] and item["stateMutability"] == "view"]
    return {name: world.router.functions[name]().call() for name in views if name != "nonce"}


def earnings_of(world: World) -> list[int]:
    """What operators and the transmitter can withdraw, and the transmitter's words."""
    router = world.router.functions
    people = [*world.operators, world.transmitter]
    pot = router.unsettled(1, Asset.NATIVE, world.transmitter, 0b1011).call()
    return [sum(router.earned(Asset.NATIVE, person).call() for person in people) + sum(pot)]


@pytest.fixture
def fight(world: World) -> Fight:
    return Fight.begin(world)


def check_unharmed(fight: Fight, settings: dict[str, Any], earned: list[int], funds: tuple[int, int]) -> None:
    """Settings as they were; the victim charged for its one delivery; all delivered and told once; books exact."""
    world = fight.world
    assert settings_of(world) == settings
    assert earnings_of(world) >= earned
    delivered = [log for receipt in fight.receipts for log in world.logs(receipt, "Delivered")]
    gifts = [log for receipt in fight.receipts for log in world.logs(receipt, "SubscriptionFunded")]
    charge = sum(
        log["charge"]["work"] + log["charge"]["gasCost"]
        for log in delivered
        if bytes(log["requestId"]) == fight.request
    )
    gifted = sum(log["amount"] for log in gifts if log["subscription"] == fight.theirs)
    assert sum(world.subscription(fight.theirs)) == sum(funds) - charge + gifted
    assert set(Counter(bytes(log["requestId"]) for log in delivered).values()) <= {1}
    for contract in (fight.attacker, fight.victim):
        told = [bytes(log["requestId"]) for each in fight.receipts for log in world.logs(each, "Told", contract)]
        asked = Counter(request for request in told if request != bytes(32))
        assert set(asked.values()) <= {1}
    world.check_books()


def chunks(steps: list[Step]) -> list[list[Step]]:
    return [steps[start : start + AT_ONCE] for start in range(0, len(steps), AT_ONCE)]


def check_tried(fight: Fight, steps: list[Step]) -> None:
    """Every call was made; the victim's and the owner's things were refused, its own allowed."""
    world = fight.world
    tried = fight.tried()
    names = {index: world.router.get_function_by_selector(step[2][:4]).fn_name for index, step in enumerate(steps)}
    assert len(tried) == len(steps)
    done = {names[index] for index, (_, success, _) in enumerate(tried) if success}
    refused = {names[index] for index, (_, success, _) in enumerate(tried) if not success}
    assert refused >= {
        *("acceptOwnership", "applyPrices", "expire", "proposePrices", "renounceOwnership", "setGuardian", "setLimits"),
        *("setPaused", "setRateKeeper", "setTokenRate", "setTriggers", "transferOwnership", "withdrawBalance"),
    }
    assert done >= {"createSubscription", "fulfill", "fund", "offerSubscription", "settle", "withdrawBalance"}


@pytest.mark.parametrize("way", ["callback", "report"])
def test_every_function_can_be_called_back_into_and_none_gives_what_is_not_ones_own(fight: Fight, way: str) -> None:
    """One call in each callback of a request, or in each `onReport`."""
    world = fight.world
    steps = fight.steps(FUNCTIONS)
    registration = register(fight) if way == "report" else b""
    before = settings_of(world), earnings_of(world), world.subscription(fight.theirs)
    for round_, chunk in enumerate(chunks(steps)):
        fight.script(chunk)
        if way == "callback":
            ids = again(fight, len(chunk))
            fight.receipts.append(world.deliver(ids))
        else:
            fight.receipts.append(push(fight, registration, range(round_ * AT_ONCE, round_ * AT_ONCE + len(chunk))))
        restore(fight)
    check_tried(fight, steps)
    check_unharmed(fight, *before)


def again(fight: Fight, count: int) -> list[bytes]:
    return fight.world.ask(fight.attacker, fight.mine, count, gas_limit=GAS_LIMIT)


def restore(fight: Fight) -> None:
    """What the attacker did to its own subscription is undone, so that the next calls are made as well."""
    world, router = fight.world, fight.world.router.functions
    if not router.isConsumer(fight.mine, fight.attacker.address).call():
        forward(world, fight.attacker, router.addConsumer(fight.mine, fight.attacker.address))


def register(fight: Fight) -> bytes:
    """A trigger of the attacker's, whose reports it takes."""
    world = fight.world
    trigger = (3, FUNCTION, fight.attacker.address, fight.mine, GAS_LIMIT, b"attack".ljust(10), b"\1", b"")
    call = world.triggers.functions.register(trigger)
    data = bytes.fromhex(call._encode_transaction_data()[2:])
    made = world.send(fight.attacker.functions.forward(world.triggers.address, data), world.stranger)
    return bytes(world.logs(made, "TriggerRegistered", world.triggers)[0]["registration"])


def push(fight: Fight, registration: bytes, events: range) -> Any:
    """The receipt of a delivery of one report for each event."""
    world = fight.world
    router = deployment.raw(world.router.address)
    hashes = [keccak256(b"event %d" % event) for event in events]
    ids = [triggered_request_id(world.w3.eth.chain_id, router, registration, FUNCTION, 1, each) for each in hashes]
    arguments = world.attest([answer(RequestId(each)) for each in ids])
    origins = [(registration, each) for each in hashes]
    receipt = world.send(world.router.functions.push(*arguments, origins), world.transmitter)
    assert [log["success"] for log in world.logs(receipt, "Pushed")] == [True] * len(hashes)
    return receipt


def test_being_paid_is_no_way_in_either(fight: Fight) -> None:
    """Every function that changes something, called while the router pays the attacker's own money out."""
    world, router = fight.world, fight.world.router.functions
    steps = fight.steps(CHANGING)
    before = settings_of(world), earnings_of(world), world.subscription(fight.theirs)
    for each in steps:
        world.send(fight.attacker.functions.whenPaid(each), world.stranger)
        try:
            free = world.subscription(fight.mine)[0]
        except ContractCustomError:  # the attacker cancelled it while it was paid
            made = forward(world, fight.attacker, router.createSubscription(Asset.NATIVE), 10**18)
            fight.mine = int(world.logs(made, "SubscriptionCreated")[0]["subscription"])
            free = 10**18
        held = world.balance(fight.attacker.address)
        fight.receipts.append(
            forward(world, fight.attacker, router.withdrawBalance(fight.mine, 10, fight.attacker.address))
        )
        assert world.balance(fight.attacker.address) <= held + free
    assert len(fight.tried()) == len(steps)
    check_unharmed(fight, *before)


def test_earnings_are_paid_once_to_who_asks_again_while_paid(fight: Fight) -> None:
    """The attacker delivered, so that it has some."""
    world, router, attacker = fight.world, fight.world.router.functions, fight.attacker
    fight.receipts.append(forward(world, attacker, router.fulfill(*fight.attested)))
    world.send(router.settle(1, Asset.NATIVE, attacker.address, [0b1011]), world.stranger)
    earned = router.earned(Asset.NATIVE, attacker.address).call()
    assert earned > 0
    call = router.withdrawEarnings(Asset.NATIVE, attacker.address)
    data = bytes.fromhex(call._encode_transaction_data()[2:])
    world.send(attacker.functions.whenPaid((world.router.address, 0, data)), world.stranger)
    before = world.balance(attacker.address)
    fight.receipts.append(forward(world, attacker, call))
    ((_, success, returned),) = fight.tried()
    assert not success
    assert error_names()["0x" + returned[:4].hex()] == "NothingEarned"
    assert world.balance(attacker.address) == before + earned
    world.check_books()


def test_a_report_pushed_again_from_inside_its_receiver_arrives_once(fight: Fight) -> None:
    """The receiver sends the very delivery that it is told by."""
    world, registration = fight.world, register(fight)
    router, event = deployment.raw(world.router.address), keccak256(b"event")
    request = triggered_request_id(world.w3.eth.chain_id, router, registration, FUNCTION, 1, event)
    arguments = (*world.attest([answer(RequestId(request))]), [(registration, event)])
    fight.script([(world.router.address, 0, bytes.fromhex(world.router.encode_abi("push", args=list(arguments))[2:]))])
    receipt = world.send(world.router.functions.push(*arguments), world.transmitter)
    fight.receipts.append(receipt)
    assert [success for _, success, _ in fight.tried()] == [True]
    assert [bytes(log["requestId"]) for log in world.logs(receipt, "Pushed")] == [request]
    assert world.skipped(receipt) == [(request, 0)]
    assert len(world.logs(receipt, "Told", fight.attacker)) == 1
    world.check_books()


def test_a_batch_delivered_again_from_inside_itself_is_delivered_once(fight: Fight) -> None:
    """The attacker's callback delivers the batch that is being delivered: the rest arrives there, and once."""
    world = fight.world
    (first,) = world.ask(fight.attacker, fight.mine, 1, gas_limit=2_000_000)
    (last,) = again(fight, 1)
    ids = [first, fight.request, last]
    before = settings_of(world), earnings_of(world), world.subscription(fight.theirs)
    arguments = world.attest([answer(each) for each in ids], signers=QUORUM, verifier=ECDSA)
    data = world.router.encode_abi("fulfill", args=list(arguments))
    fight.script([(world.router.address, 0, bytes.fromhex(data[2:]))])
    receipt = world.fulfill(arguments)
    fight.receipts.append(receipt)
    assert [success for _, success, _ in fight.tried()] == [True]
    assert Counter(world.delivered(receipt)) == Counter(ids)
    assert Counter(world.skipped(receipt)) == Counter([(first, 0), (fight.request, 0), (last, 0)])
    check_unharmed(fight, *before)
