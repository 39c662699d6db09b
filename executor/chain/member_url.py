"""The URL at which a member serves, as it stands on chain: its operator wrote it, and every other node connects to it.

Rule 1. `http` or `https`, a name or an address, a port, a path; no user, no query, no fragment: what a node appends to
        it stays the path that it asks for.
Rule 2. Nothing that HTTP clients refuse in ways of their own, and no address that only this machine's link knows: cloud
        machines answer with secrets there. Which private networks are reached is each node's own choice, since
        committees live in them: executor/capabilities/member_networks.py.
"""

from __future__ import annotations

import re
from ipaddress import ip_address
from typing import Final as Constant
from urllib.parse import urlsplit

from executor.errors import InvalidValue

MAX_URL: Constant = 512  # characters; the longest name has 253
NOWHERE: Constant = ""  # the endpoint of a member that registered none of use: it is never reached
_TEXT = re.compile(r"[A-Za-z0-9._~:/\[\]%-]+")
_NAME = re.compile(r"(?=.{1,253}\Z)[a-z0-9_]([a-z0-9_-]{0,61}[a-z0-9_])?(\.[a-z0-9_]([a-z0-9_-]{0,61}[a-z0-9_])?)*\.?")


def check_member_url(url: str) -> None:
    """Raises InvalidValue saying what is wrong."""
    if len(url) > MAX_URL:
        raise InvalidValue(f"an endpoint of {len(url)} characters; at most {MAX_URL}")
    if not _TEXT.fullmatch(url):
        raise InvalidValue("an endpoint is a URL of letters, digits and ._~:/[]%-, with no user, query or fragment")
    try:
        parts = urlsplit(url)
        host, port = parts.hostname or "", parts.port
    except ValueError as error:
        raise InvalidValue(f"an endpoint that is no URL: {error}") from error
    if parts.scheme not in ("http", "https") or not host or port == 0:
        raise InvalidValue("an endpoint is http://HOST[:PORT][/PATH], or the same with https")
    if "%" in parts.netloc:
        raise InvalidValue("an endpoint's host has no escapes and no zone")
    _check_host(host)


def member_url(url: str) -> str:
    """The URL, or NOWHERE for one that is of no use."""
    try:
        check_member_url(url)
    except InvalidValue:
        return NOWHERE
    return url


def _check_host(host: str) -> None:
    try:
        address = ip_address(host)
    except ValueError:
        if ":" in host or not _NAME.fullmatch(host) or not re.search("[a-z]", host.rstrip(".").rpartition(".")[2]):
            raise InvalidValue("an endpoint's host is a name or an address") from None
        return
    if address.is_link_local or address.is_multicast or address.is_unspecified:
        raise InvalidValue(f"{address} is no address of a member")
