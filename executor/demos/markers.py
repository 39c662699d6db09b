"""Searching everything that a network writes or tells for texts that must stand nowhere."""

from __future__ import annotations

import asyncio
import base64
import urllib.error
import urllib.request
from collections.abc import Iterable, Iterator, Sequence
from typing import Final

from executor.model.ids import RequestId
from executor.testing.devnet import Devnet

BASE64_LEAST: Final = 13  # a shorter text's base64 has, in its whole groups, too few characters to mean anything
MAX_BODY_BYTES: Final = 64 * 1024 * 1024
NOT_SEARCHED: Final = "compiled"  # machine code of modules, which no run writes
LISTS: Final = ("health", "ready", "events", "requests", "functions", "evidence", "secrets")


class Markers:
    """Texts, and every form in which they are looked for: as they are, in hex, in base64 at any place."""

    def __init__(self, texts: Iterable[str]) -> None:
        self._forms = {text: _forms(text.encode()) for text in texts}

    def found(self, data: bytes) -> list[str]:
        """Those that are in these bytes."""
        return [text for text, forms in self._forms.items() if any(form in data for form in forms)]

    async def searched(self, devnet: Devnet, requests: Sequence[RequestId]) -> dict[str, list[str]]:
        """What was found, by the place: files of all processes, and what every node answers to anybody."""

        def search() -> dict[str, list[str]]:
            return {place: self.found(data) for place, data in (*written(devnet), *told(devnet, requests))}

        return await asyncio.to_thread(search)


def written(devnet: Devnet) -> Iterator[tuple[str, bytes]]:
    """Everything that the network's processes wrote: logs, journals, events, receipts, blobs, records."""
    for path in sorted(devnet.directory.rglob("*")):
        if path.is_file() and NOT_SEARCHED not in path.parts:
            yield str(path.relative_to(devnet.directory)), path.read_bytes()


def told(devnet: Devnet, requests: Sequence[RequestId]) -> Iterator[tuple[str, bytes]]:
    """Everything that the nodes tell over HTTP, their metrics too."""
    paths = [*LISTS, *(f"{kind}/{request}" for request in requests for kind in ("receipts", "requests"))]
    for node in devnet.nodes:
        urls = [f"{node.url}/v1/{path}" for path in paths] + [f"http://127.0.0.1:{node.metrics_port}/metrics"]
        for url in urls:
            yield url, _body(url)


def _forms(text: bytes) -> list[bytes]:
    shifted = (base64.b64encode(b"x" * shift + text)[4:-4] for shift in range(3) if len(text) >= BASE64_LEAST)
    return [text, text.hex().encode(), *shifted]


def _body(url: str) -> bytes:
    """An answer's body, whatever its status."""
    try:
        with urllib.request.urlopen(url, timeout=10) as answer:  # noqa: S310 - the network's own ports
            return bytes(answer.read(MAX_BODY_BYTES))
    except urllib.error.HTTPError as error:
        return bytes(error.read(MAX_BODY_BYTES))
