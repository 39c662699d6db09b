"""Consumers that do harm, and transmitters that give too little gas: the others' deliveries do not notice."""

from __future__ import annotations

from typing import Any

import pytest
from eth_account import Account
from web3 import Web3
from web3.contract import Contract

from executor.model.billing import GWEI

from .attackers import compiled
from .world import FUNCTION, World, account, answer, key_of

RETURN, REVERT, LOOP, INVALID, NEED, DESTROY = range(6)  # Ruinous.Mode
LIMIT = 250_000
MAX_REASON = 128  # Callback.sol
DISPATCH = 1_000  # gas from the callback's first instruction to where it is measured


def ask(world: World, consumer: Contract, subscription: int, mode: int, gas_limit: int = LIMIT) -> bytes:
    """The id of a new request by a Ruinous consumer."""
    call = consumer.functions.ask(world.router.address, subscription, FUNCTION, gas_limit, mode)
    return bytes(world.logs(world.send(call, world.user), "Requested")[0]["requestId"])


@pytest.mark.parametrize("mode", [RETURN, REVERT, LOOP, INVALID], ids=["return", "revert", "loop", "invalid"])
def test_bombs_and_gas_eaters_are_charged_for_it_and_alone(world: World, mode: int) -> None:
    """Between two calm requests: both are delivered, and charged what they are beside a calm one."""
    calm, ruinous = world.deploy("Scripted"), world.deploy("Ruinous")
    subscription, own = world.subscribe(calm), world.subscribe(ruinous)
    world.deliver(world.ask(calm, subscription))  # the signers' word is written anew once
    control = world.deliver(world.ask(calm, subscription, 3))
    first, last = world.ask(calm, subscription, 2)
    evil = ask(world, ruinous, own, mode)
    held = world.subscription(own)[1]
    receipt = world.deliver([first, evil, last])
    assert world.delivered(receipt) == [first, evil, last]
    logs = world.logs(receipt, "Delivered")
    assert [log["success"] for log in logs] == [True, mode == RETURN, True]
    assert all(len(log["reason"]) <= MAX_REASON for log in world.logs(receipt, "CallbackFailed"))
    charges, expected = (
        [log["charge"]["gasCost"] for log in each] for each in (logs, world.logs(control, "Delivered"))
    )
    price = receipt["effectiveGasPrice"] / control["effectiveGasPrice"]
    assert charges[2] == pytest.approx(expected[2] * price, rel=0.02)
    assert charges[1] > 1.5 * charges[0]
    assert sum(logs[1]["charge"].values()) == held
    world.check_books()


@pytest.mark.parametrize("limit", [250_000, 4_000_000])
@pytest.mark.parametrize("name", ["Ruinous", "Scripted"])
def test_whatever_gas_a_transmitter_gives_a_callback_gets_all_it_asked_for(world: World, name: str, limit: int) -> None:
    """Or the request stays open. EIP-150 keeps one part in 64: of 4,000,000 that is enough for the router to finish
    when a starved callback has failed (Ruinous), or was content with less (Scripted)."""
    world.send(world.router.functions.setLimits(300, limit, 16_384), world.owner)
    consumer = world.deploy(name)
    subscription = world.subscribe(consumer)
    if name == "Ruinous":
        request = ask(world, consumer, subscription, NEED, limit)
    else:
        (request,) = world.ask(consumer, subscription, gas_limit=limit)
    arguments = world.attest([answer(request)])

    def succeeds(gas: int) -> bool:
        snapshot = world.rpc("evm_snapshot")
        receipt = world.attempt(world.router.functions.fulfill(*arguments), world.transmitter, gas=gas)
        if receipt["status"] == 1:
            assert [log["success"] for log in world.logs(receipt, "Delivered")] == [True]
            (told,) = world.logs(receipt, "Finished" if name == "Ruinous" else "Told", consumer)
            assert limit - DISPATCH < told["gasAtStart"] <= limit
        else:
            assert world.is_open(request)
        assert world.rpc("evm_revert", snapshot) is True
        return bool(receipt["status"] == 1)

    step = limit // 10
    amounts = range(4 * step, limit + 2 * step + 100_000, step)  # from above what the transaction itself costs
    coarse = [succeeds(gas) for gas in amounts]
    assert coarse == sorted(coarse)
    assert {False, True} == set(coarse)
    least = amounts[coarse.index(True)]
    fine = [succeeds(gas) for gas in range(least - step, least + 1, step // 10)]
    assert fine == sorted(fine)


def test_a_consumer_that_is_gone_is_delivered_to_and_charged(world: World) -> None:
    """It was made, asked, and destroyed itself in one transaction; a call of nothing succeeds."""
    pond = world.deploy("Pond")
    subscription = world.subscribe()
    arguments = (world.router.address, subscription, FUNCTION, 100_000)
    place = pond.functions.place(*arguments).call()
    world.send(world.router.functions.addConsumer(subscription, place), world.user)
    made = world.send(pond.functions.hatch(*arguments), world.stranger)
    (log,) = world.logs(made, "Requested")
    assert log["consumer"] == place
    assert world.w3.eth.get_code(place) == b""
    receipt = world.deliver([bytes(log["requestId"])])
    (delivered,) = world.logs(receipt, "Delivered")
    assert delivered["success"]
    taken = delivered["charge"]["work"] + delivered["charge"]["gasCost"]
    assert world.subscription(subscription) == (10**18 - taken, 0)
    world.check_books()


def test_a_consumer_that_destroys_itself_in_its_callback_stays(world: World) -> None:
    """EIP-6780: only its ether goes, to the router, which owes it to nobody; its next request is answered, too."""
    consumer = world.deploy("Ruinous")
    subscription = world.subscribe(consumer)
    world.w3.eth.send_transaction({"from": world.stranger, "to": consumer.address, "value": 77, "gas": 50_000})
    for count in (1, 2):
        receipt = world.deliver([ask(world, consumer, subscription, DESTROY)])
        assert [log["success"] for log in world.logs(receipt, "Delivered")] == [True]
        assert consumer.functions.finished().call() == count
    assert world.balance(consumer.address) == 0
    assert world.balance(world.router.address) == world.owed() + 77


def ask_from(world: World, sender: Any, subscription: int) -> bytes:
    """The id of a request that an account makes itself."""
    made = world.send(world.router.functions.request(subscription, FUNCTION, b"input", 100_000), sender)
    (log,) = world.logs(made, "Requested")
    assert log["consumer"] == sender
    return bytes(log["requestId"])


def test_an_account_without_code_can_ask_and_is_charged(world: World) -> None:
    """The call of it does nothing and succeeds; the output stands in the transaction."""
    subscription = world.subscribe(world.user)
    receipt = world.deliver([ask_from(world, world.user, subscription)])
    assert [log["success"] for log in world.logs(receipt, "Delivered")] == [True]
    assert world.subscription(subscription)[1] == 0
    world.check_books()


def test_an_account_that_delegates_is_called_with_all_its_gas_and_cannot_reenter_for_gain(world: World) -> None:
    """EIP-7702: its code takes its own balance out while it is told, and delivers the batch again."""
    person = account(9)
    subscription = world.subscribe(person, owner=person)
    delegate(world, person, world.deploy("Scripted").address)
    consumer = world.w3.eth.contract(address=person, abi=compiled()["Scripted"].abi)
    first, second, third = (ask_from(world, person, subscription) for _ in range(3))
    arguments = world.attest([answer(each) for each in (first, second, third)])
    free = world.subscription(subscription)[0]
    router = world.router
    calls = [
        router.encode_abi("withdrawBalance", args=[subscription, free, person]),
        router.encode_abi("withdrawBalance", args=[subscription, 10**17, person]),
        router.encode_abi("fulfill", args=list(arguments)),
    ]
    steps = [(router.address, 0, bytes.fromhex(call[2:])) for call in calls]
    world.send(consumer.functions.script(steps), world.stranger)
    world.payers.add(person)
    before = world.balance(person)
    receipt = world.fulfill(arguments)
    told = world.logs(receipt, "Told", consumer)
    assert [bytes(log["requestId"]) for log in told] == [first, second, third] == world.delivered(receipt)
    assert all(100_000 - DISPATCH < log["gasAtStart"] <= 100_000 for log in told)
    assert [log["success"] for log in world.logs(receipt, "Tried", consumer)][:2] == [True, False]
    assert world.balance(person) == before + free
    charges = [log["charge"] for log in world.logs(receipt, "Delivered")]
    assert world.subscription(subscription) == (10**18 - free - sum(c["work"] + c["gasCost"] for c in charges), 0)
    world.check_books()


def delegate(world: World, person: Any, code: Any) -> None:
    """Makes an account run a contract's code as its own, by its signature; a stranger pays."""
    chain_id = world.w3.eth.chain_id
    nonce = world.w3.eth.get_transaction_count(person)
    signed = Account.sign_authorization({"chainId": chain_id, "address": code, "nonce": nonce}, key_of(person))
    fields = {
        "type": 4,
        "chainId": chain_id,
        "nonce": world.w3.eth.get_transaction_count(world.stranger),
        "to": world.stranger,
        "value": 0,
        "data": b"",
        "gas": 200_000,
        "maxFeePerGas": 10 * GWEI,
        "maxPriorityFeePerGas": GWEI,
        "authorizationList": [signed],
    }
    raw = Account.sign_transaction(fields, key_of(world.stranger)).raw_transaction
    assert world.receipt(world.w3.eth.send_raw_transaction(raw))["status"] == 1
    assert world.w3.eth.get_code(person) == bytes.fromhex("ef0100") + bytes.fromhex(Web3.to_checksum_address(code)[2:])
