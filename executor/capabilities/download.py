"""Fetching the bytes behind a URL that a stranger published: the guards of http@1, for any public host."""

from __future__ import annotations

from dataclasses import replace
from typing import Final as Constant

from yarl import URL

from executor.capabilities.addresses import is_name, literal_of
from executor.capabilities.allowlist import AllowList
from executor.capabilities.errors import CallRefused
from executor.capabilities.framing import HttpRequest, decode_response, encode_request
from executor.capabilities.http import HttpCapability, HttpSettings
from executor.errors import DownloadFailed
from executor.model.manifest import HttpCapability as HttpTerms

TIMEOUT_S: Constant = 60.0  # with redirects: 40 MiB at 6 Mbit/s
OK: Constant = 200


class _AnyHost(AllowList):
    """GET from every host that is a name or a canonical address; which addresses are public is checked elsewhere."""

    def __init__(self) -> None:
        super().__init__(HttpTerms(hosts=["unused.invalid"]))

    def allows_url(self, url: URL) -> bool:
        host = url.raw_host
        return host is not None and (is_name(host) or literal_of(host) is not None)


async def download(url: str, *, limit: int, settings: HttpSettings, timeout_s: float = TIMEOUT_S) -> bytes:
    """The body behind an http or https URL, `limit` bytes at most; raises DownloadFailed.

    Private addresses are refused, redirects checked like the first URL, no cookie or proxy is used, and the time is
    capped; the operator's overrides hold as for guests.
    """
    capability = HttpCapability(
        HttpTerms(hosts=["unused.invalid"]),
        replace(settings, body_bytes=limit, timeout_s=timeout_s, requests=1),
        allowed=_AnyHost(),
    )
    try:
        answer = await capability.answer("http.fetch", encode_request(HttpRequest(url)))
    except CallRefused as refused:
        raise DownloadFailed(str(refused)) from refused
    status, _, body = decode_response(answer)
    if status != OK:
        raise DownloadFailed(f"{url}: status {status}")
    return body
