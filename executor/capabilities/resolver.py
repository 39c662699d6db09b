"""Name resolution that checks before it answers, so that a connection goes only where the check looked.

Rule 1. A name is resolved once a connection, and the connection is made to those very addresses: there is no second
        look-up that a hostile name server could answer differently (DNS rebinding).
Rule 2. One refused address refuses the name: a public address beside it would only hide it.
Rule 3. The operator's overrides come first, like /etc/hosts, and are exempt from the check: whoever runs the node
        may point a name at a private address, whoever writes a function may not.
"""

from __future__ import annotations

import asyncio
import contextlib
import re
import socket
import threading
from collections.abc import Awaitable, Callable, Mapping, Sequence
from ipaddress import IPv4Address, IPv6Address, ip_address
from typing import Final as Constant
from typing import TypeAlias

from aiohttp.abc import AbstractResolver, ResolveResult

from executor.capabilities.addresses import check_addresses
from executor.errors import InvalidConfig

MAX_LOOKUPS: Constant = 64  # at a time: threads of some 100 kB; a node observes a handful of names at once
Lookup: TypeAlias = Callable[[str], Awaitable[Sequence[str]]]
_OVERRIDE = re.compile(r"(\[(?P<v6>[^]]*)\]|(?P<v4>[^:]*))(:(?P<port>[0-9]+))?")


class SystemLookup:
    """All addresses the system's resolver knows for a name; raises OSError.

    The system's call cannot be cancelled and may take half a minute where a name server is silent. So each has a thread
    of its own, which holds up neither other threads' work nor the end of the process; beyond `most` it is refused.
    """

    def __init__(self, most: int = MAX_LOOKUPS) -> None:
        self._most = most
        self._places = threading.BoundedSemaphore(most)  # a thread's end frees its place, whatever became of the loop

    async def __call__(self, host: str) -> Sequence[str]:
        """The addresses, in order."""
        if not self._places.acquire(blocking=False):
            raise OSError(f"{self._most} names are being looked up")
        loop = asyncio.get_running_loop()
        answer: asyncio.Future[list[str]] = loop.create_future()

        def look() -> None:
            try:
                found = socket.getaddrinfo(host, None, type=socket.SOCK_STREAM)
                result: list[str] | OSError = sorted({str(address[0]) for *_, address in found})
            except UnicodeError as error:  # a label that is none
                result = OSError(f"{host}: {error}")
            except OSError as error:
                result = error
            finally:
                self._places.release()
            with contextlib.suppress(RuntimeError):  # the loop is closed: nobody waits any more
                loop.call_soon_threadsafe(_tell, answer, result)

        threading.Thread(target=look, name=f"look up {host}", daemon=True).start()
        return await answer


def _tell(answer: asyncio.Future[list[str]], result: list[str] | OSError) -> None:
    if answer.done():  # cancelled: whoever asked has no more time
        return
    if isinstance(result, OSError):
        answer.set_exception(result)
    else:
        answer.set_result(result)


system_lookup = SystemLookup()


def parse_override(text: str) -> tuple[IPv4Address | IPv6Address, int | None]:
    """Address and port (None: the URL's own) of `127.0.0.1:8080`, `127.0.0.1`, `[::1]:8080` or `::1`."""
    match = _OVERRIDE.fullmatch(text)
    try:
        if match is None:
            return ip_address(text), None
        port = int(match["port"]) if match["port"] else None
        if port is not None and not 0 < port < 65_536:
            raise ValueError(f"port {port} is out of range")
        return ip_address(match["v6"] or match["v4"]), port
    except ValueError as error:
        raise InvalidConfig(f"override {text!r} is not ADDRESS or ADDRESS:PORT: {error}") from error


class CheckedResolver(AbstractResolver):
    """aiohttp's resolver interface over a lookup; raises CallRefused("http-address-refused")."""

    def __init__(self, lookup: Lookup, overrides: Mapping[str, str]) -> None:
        self._lookup = lookup
        self._overrides = {host: parse_override(text) for host, text in overrides.items()}

    async def resolve(
        self, host: str, port: int = 0, family: socket.AddressFamily = socket.AF_INET
    ) -> list[ResolveResult]:
        """Checked addresses of a name; the port differs from the one asked only under an override."""
        if (override := self._overrides.get(host)) is not None:
            address, own_port = override
            return [_result(host, address, own_port or port)]
        addresses = [ip_address(text) for text in await self._lookup(host)]
        if not addresses:
            raise OSError(f"{host} has no address")
        check_addresses(host, addresses)
        wanted = [address for address in addresses if family in (socket.AF_UNSPEC, _family(address))]
        return [_result(host, address, port) for address in wanted]

    async def close(self) -> None:
        """Nothing is held."""


class SystemResolver(AbstractResolver):
    """aiohttp's resolver interface over the system's look-up: for endpoints that operators registered.

    Private addresses are allowed; what only the link knows is not: cloud machines answer with secrets there.
    """

    async def resolve(
        self, host: str, port: int = 0, family: socket.AddressFamily = socket.AF_INET
    ) -> list[ResolveResult]:
        """Addresses of a name."""
        found = [ip_address(text) for text in await system_lookup(host)]
        addresses = [each for each in found if not (each.is_link_local or each.is_multicast or each.is_unspecified)]
        if not addresses:
            raise OSError(f"{host} has no address of a member")
        return [_result(host, each, port) for each in addresses if family in (socket.AF_UNSPEC, _family(each))]

    async def close(self) -> None:
        """Nothing is held."""


def _family(address: IPv4Address | IPv6Address) -> socket.AddressFamily:
    return socket.AF_INET if address.version == 4 else socket.AF_INET6


def _result(host: str, address: IPv4Address | IPv6Address, port: int) -> ResolveResult:
    flags = socket.AI_NUMERICHOST | socket.AI_NUMERICSERV
    family = _family(address)
    return ResolveResult(hostname=host, host=str(address), port=port, family=family, proto=0, flags=flags)
