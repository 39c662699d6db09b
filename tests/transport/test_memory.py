"""The network in memory behaves as the real one."""

from __future__ import annotations

from typing import Any

import pytest

from executor.errors import InvalidValue
from executor.model.committee import Epoch
from executor.transport.interface import EVERYONE, Transport
from executor.transport.memory import MemoryNetwork


async def join_all(network: MemoryNetwork, keys: list[Any], mailboxes: list[Any]) -> list[Transport]:
    transports: list[Transport] = [network.join(index, keys[index], mailboxes[index]) for index in range(4)]
    for transport in transports:
        await transport.start()
    return transports


async def test_members_reach_each_other(epoch: Epoch, member_keys: list[Any], mailboxes: list[Any]) -> None:
    """One to one, sealed, to everyone, to oneself."""
    network = MemoryNetwork(epoch)
    transports = await join_all(network, member_keys, mailboxes)
    await transports[0].send(1, b"first")
    await transports[0].send(1, b"second", sealed=True)
    await transports[0].send(0, b"to myself")
    await transports[2].send(EVERYONE, b"all")
    await network.settle()
    assert mailboxes[1].messages == [(0, b"first"), (0, b"second"), (2, b"all")]
    assert mailboxes[0].messages == [(0, b"to myself"), (2, b"all")]
    assert mailboxes[3].messages == mailboxes[2].messages == [(2, b"all")]
    with pytest.raises(InvalidValue):
        await transports[0].send(4, b"x")


async def test_routes_lose_and_delay(epoch: Epoch, member_keys: list[Any], mailboxes: list[Any]) -> None:
    """What a route says happens: lost to member 1, late to member 2."""
    network = MemoryNetwork(epoch, lambda _sender, recipient, _body: {1: None, 2: 0.05}.get(recipient, 0.0))
    transports = await join_all(network, member_keys, mailboxes)
    await transports[0].send(EVERYONE, b"early")
    network.route = lambda *_: 0.0
    await transports[0].send(2, b"late")
    await network.settle()
    assert mailboxes[1].messages == []
    assert mailboxes[2].messages == [(0, b"late"), (0, b"early")]


async def test_the_same_checks_apply(epoch: Epoch, member_keys: list[Any], mailboxes: list[Any]) -> None:
    """Garbage, a replay, a broken rule: refused by the same names; a closed member receives nothing."""
    network = MemoryNetwork(epoch)
    seen: list[bytes] = []

    def route(_sender: int, _recipient: int, body: bytes) -> float:
        seen.append(body)
        return 0.0

    network.route = route
    transports = await join_all(network, member_keys, mailboxes)
    await transports[1].send(0, b"hello")
    network.carry(1, 0, seen[0])
    network.carry(3, 0, b"garbage")
    network.carry(3, 2, seen[0])
    await transports[1].send(0, b"offence")
    await network.settle()
    assert mailboxes[0].messages == [(1, b"hello")]
    assert {(0, "malformed"), (2, "wrong-recipient"), (0, "rule-broken")} == {
        (member, refusal.code) for member, refusal in network.refusals
    }
    await transports[0].close()
    await transports[1].send(0, b"nobody home")
    await network.settle()
    assert mailboxes[0].messages == [(1, b"hello")]
