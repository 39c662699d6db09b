"""Only public addresses are reachable, in one spelling."""

from ipaddress import IPv4Address, IPv6Address, ip_address

import pytest
from hypothesis import given
from hypothesis import strategies as st

from executor.capabilities.addresses import is_name, literal_of, refusal_of

REFUSED = [
    "0.0.0.0",
    "10.1.2.3",
    "100.64.0.1",
    "100.100.100.200",
    "127.0.0.1",
    "127.255.255.254",
    "168.63.129.16",
    "169.254.169.254",
    "172.31.255.255",
    "192.0.0.192",
    "192.88.99.1",
    "192.168.1.1",
    "198.18.0.1",
    "224.0.0.1",
    "255.255.255.255",
    "::",
    "::1",
    "::ffff:127.0.0.1",
    "::ffff:8.8.8.8",
    "::7f00:1",
    "64:ff9b::7f00:1",
    "64:ff9b:1::1",
    "100::1",
    "2001::1",
    "2001:db8::1",
    "2002:7f00:1::",
    "3fff::1",
    "fd00:ec2::254",
    "fe80::1",
    "fe80::1%eth0",
    "2606:4700::1%eth0",
    "fec0::1",
    "ff02::1",
]


@pytest.mark.parametrize("text", REFUSED)
def test_reserved_addresses_are_refused_with_a_reason(text: str) -> None:
    """Every special-purpose range has a reason of its own."""
    assert refusal_of(ip_address(text))


@pytest.mark.parametrize("text", ["1.1.1.1", "8.8.8.8", "172.32.0.1", "2606:4700:4700::1111", "2a00:1450:4001::1"])
def test_public_addresses_are_allowed(text: str) -> None:
    """Ordinary unicast addresses have no refusal."""
    assert refusal_of(ip_address(text)) is None


@given(st.ip_addresses())
def test_nothing_that_python_calls_non_global_is_allowed(address: IPv4Address | IPv6Address) -> None:
    """The table is at least as strict as the standard library's."""
    if not address.is_global or address.is_multicast or address.is_reserved:
        assert refusal_of(address)


@pytest.mark.parametrize(
    "host",
    [
        *("2130706433", "0x7f000001", "0x7f.1", "0177.0.0.1", "127.1", "127.0.0.1", "example.0x", "1.2.3.4.5"),
        *("example.com.", "a..b", "-a", "a_b", "[::1]", "EXAMPLE.com", "", "a" * 64),
    ],
)
def test_other_spellings_are_no_names(host: str) -> None:
    """Decimal, octal, hexadecimal and short IPv4 spellings never pass for a DNS name."""
    assert not is_name(host)


@pytest.mark.parametrize("host", ["example.com", "a", "xn--bcher-kva.de", "1.example.com", "0x7f.example"])
def test_names_are_names(host: str) -> None:
    """Digits are fine anywhere but in the last label."""
    assert is_name(host)


def test_a_literal_has_one_spelling() -> None:
    """Only four decimal numbers without leading zeros are an IPv4 literal."""
    assert literal_of("8.8.8.8") == IPv4Address("8.8.8.8")
    assert [literal_of(text) for text in ("8.8.8", "010.8.8.8", "0x8.8.8.8", "134744072")] == [None] * 4
