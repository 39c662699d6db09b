"""The system's resolver: bounded, and holding up nobody."""

from __future__ import annotations

import asyncio
import socket
import threading
from collections.abc import Iterator
from typing import Any

import pytest

from executor.capabilities.resolver import SystemLookup, SystemResolver


@pytest.fixture
def silent(monkeypatch: pytest.MonkeyPatch) -> Iterator[threading.Event]:
    """A system whose name server says nothing until the event is set."""
    answered = threading.Event()

    def look(*_: Any, **__: Any) -> list[Any]:
        answered.wait(10)
        return [(0, 0, 0, "", ("192.0.2.2", 0)), (0, 0, 0, "", ("192.0.2.1", 0)), (0, 0, 0, "", ("192.0.2.2", 0))]

    monkeypatch.setattr(socket, "getaddrinfo", look)
    yield answered
    answered.set()


async def test_a_silent_name_server_takes_no_thread_of_others(silent: threading.Event) -> None:
    """Forty look-ups hang; work of the default pool is done all the same, and the answers come in order, each once."""
    lookup = SystemLookup(40)
    waiting = [asyncio.create_task(lookup("example.org")) for _ in range(40)]
    await asyncio.sleep(0)
    assert await asyncio.wait_for(asyncio.to_thread(lambda: 7), 5) == 7
    silent.set()
    assert await asyncio.gather(*waiting) == [["192.0.2.1", "192.0.2.2"]] * 40


async def test_one_too_many_is_refused_and_room_comes_back(silent: threading.Event) -> None:
    """Also when whoever asked has given up: the thread counts until it ends."""
    lookup = SystemLookup(1)
    first = asyncio.create_task(lookup("example.org"))
    await asyncio.sleep(0)
    first.cancel()
    with pytest.raises(OSError, match="being looked up"):
        await lookup("example.com")
    silent.set()
    async with asyncio.timeout(5):
        while any(thread.name == "look up example.org" for thread in threading.enumerate()):  # noqa: ASYNC110 # its end
            await asyncio.sleep(0.01)
    assert await lookup("example.com") == ["192.0.2.1", "192.0.2.2"]


async def test_what_is_no_name_is_an_error_of_the_system() -> None:
    with pytest.raises(OSError, match=r"\."):
        await SystemLookup()("a" * 64 + ".invalid.")


async def test_members_names_are_looked_up_alike(silent: threading.Event) -> None:
    """Unchecked: a member may serve at a private address."""
    silent.set()
    found = await SystemResolver().resolve("member.example", 8080, socket.AF_INET)
    assert [(each["host"], each["port"]) for each in found] == [("192.0.2.1", 8080), ("192.0.2.2", 8080)]
    assert await SystemResolver().resolve("member.example", 8080, socket.AF_INET6) == []
