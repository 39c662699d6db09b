"""The manifest's allow-list of http@1, as rules over URLs that are already parsed."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Self

from yarl import URL

from executor.capabilities.addresses import is_name, literal_of
from executor.model.manifest import HttpCapability as HttpTerms

_PORTS = {"https": 443, "http": 80}
_RULE = re.compile(r"(?:(?P<scheme>https?)://)?(?P<host>[^:/]+)(?::(?P<port>[0-9]+))?")


@dataclass(frozen=True, slots=True)
class _Rule:
    """One line of `hosts`: https and the scheme's own port unless written."""

    scheme: str
    host: str
    port: int

    @classmethod
    def parse(cls, text: str) -> Self:
        match = _RULE.fullmatch(text)
        if match is None:  # the manifest's own check refuses such a line; a rule that cannot be read allows nothing
            return cls("", "", 0)
        scheme = match["scheme"] or "https"
        return cls(scheme, match["host"], int(match["port"] or _PORTS[scheme]))

    def allows(self, scheme: str, host: str, port: int) -> bool:
        if (scheme, port) != (self.scheme, self.port):
            return False
        if not self.host.startswith("*."):
            return host == self.host
        label, _, rest = host.partition(".")
        return bool(label) and rest == self.host[2:] and is_name(host)


class AllowList:
    """What one function may reach; everything else is denied."""

    def __init__(self, terms: HttpTerms) -> None:
        self._rules = tuple(_Rule.parse(text) for text in terms.hosts)
        self._methods = frozenset(terms.methods)

    def allows_method(self, method: str) -> bool:
        """Whether the manifest lists this method."""
        return method in self._methods

    def allows_url(self, url: URL) -> bool:
        """Whether scheme, host and port match a rule; a host is a DNS name, or an address in canonical spelling."""
        host, port = url.raw_host, url.port
        if host is None or port is None or not (is_name(host) or literal_of(host)):
            return False
        return any(rule.allows(url.scheme, host, port) for rule in self._rules)
