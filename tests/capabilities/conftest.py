"""Fixtures of the capability tests."""

from __future__ import annotations

from collections.abc import AsyncIterator

import pytest
from http_servers import Servers


@pytest.fixture
async def servers() -> AsyncIterator[Servers]:
    """Servers of one test."""
    started = Servers()
    yield started
    started.stop()
