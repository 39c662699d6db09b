"""What `[fetches]` of a node's configuration says about its guests' HTTP: rates, a cache, and what is kept."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from executor.capabilities.cache import ReplyCache
from executor.capabilities.http import HttpSettings
from executor.capabilities.rates import HostRates
from executor.node.config import NodeConfig
from executor.store.replies import FILE, ReplyStore


def http_settings(config: NodeConfig, replies: ReplyStore | None) -> HttpSettings:
    """The settings that all runs of a node share."""
    fetches = config.fetches
    return HttpSettings(
        overrides=config.resolve,
        rates=HostRates(fetches.per_second, fetches.burst) if fetches.per_second else None,
        cache=ReplyCache(fetches.cache_s, fetches.cache_bytes) if fetches.cache_s else None,
        keep=None if replies is None else replies.keep,
    )


@contextmanager
def kept_replies(config: NodeConfig) -> Iterator[ReplyStore | None]:
    """The operator's file of raw replies while the node runs, or None where none are kept; raises StoreError."""
    fetches = config.fetches
    if not fetches.kept_replies:
        yield None
        return
    store = ReplyStore(config.data / FILE, replies=fetches.kept_replies, max_bytes=fetches.kept_bytes)
    try:
        yield store
    finally:
        store.close()
