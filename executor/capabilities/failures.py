"""Foreign exceptions of an http request, converted once into stable codes."""

from __future__ import annotations

import ssl

import aiohttp

from executor.capabilities.errors import CallRefused

_CODES: tuple[tuple[type[BaseException], str], ...] = (
    # The first match counts, so narrower classes stand above those they derive from.
    (TimeoutError, "http-timeout"),
    (aiohttp.ClientConnectorCertificateError, "http-tls"),
    (aiohttp.ClientSSLError, "http-tls"),
    (ssl.SSLError, "http-tls"),
    (aiohttp.ClientPayloadError, "http-malformed"),
    (aiohttp.ClientResponseError, "http-malformed"),
    (aiohttp.http.HttpProcessingError, "http-malformed"),
    (aiohttp.InvalidURL, "http-bad-request"),
    (aiohttp.ClientError, "http-connect"),
    (OSError, "http-connect"),
    (ValueError, "http-bad-request"),
)

_FLOOD = ("Too many headers", "Got more than")  # aiohttp gives no class of its own; the test of floods pins the words


def refusal_for(error: BaseException, url: str) -> CallRefused:
    """The refusal that tells the guest about this exception."""
    if any(words in str(error) for words in _FLOOD):
        return CallRefused("http-too-large", f"{url}: {error}")
    code = next(code for kind, code in _CODES if isinstance(error, kind))
    return CallRefused(code, f"{url}: {type(error).__name__}: {error}")
