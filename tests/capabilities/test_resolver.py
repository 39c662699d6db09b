"""Overrides and checked look-ups."""

from ipaddress import ip_address

import pytest

from executor.capabilities.errors import CallRefused
from executor.capabilities.resolver import CheckedResolver, parse_override, system_lookup
from executor.errors import InvalidConfig


@pytest.mark.parametrize(
    ("text", "address", "port"),
    [
        ("127.0.0.1:8080", "127.0.0.1", 8080),
        ("127.0.0.1", "127.0.0.1", None),
        ("::1", "::1", None),
        ("[::1]:80", "::1", 80),
        ("[::1]", "::1", None),
    ],
)
def test_overrides_are_read(text: str, address: str, port: int | None) -> None:
    """Address with or without port."""
    assert parse_override(text) == (ip_address(address), port)


@pytest.mark.parametrize("text", ["", "localhost", "localhost:80", "127.0.0.1:x", "127.0.0.1:99999", "[::1"])
def test_wrong_overrides_are_refused_at_start(text: str) -> None:
    """A name would be looked up unchecked, so only addresses are taken."""
    with pytest.raises(InvalidConfig, match="override"):
        CheckedResolver(system_lookup, {"a.test": text})


async def test_the_system_lookup_is_checked() -> None:
    """localhost resolves, and is refused."""
    assert set(await system_lookup("localhost")) <= {"127.0.0.1", "::1"}
    with pytest.raises(CallRefused, match="loopback"):
        await CheckedResolver(system_lookup, {}).resolve("localhost", 80)
