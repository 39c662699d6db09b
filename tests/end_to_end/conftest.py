"""A network of real processes, one for each chain it is tried on."""

from __future__ import annotations

from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from executor.cli._devnet import example
from executor.model.function import Function
from executor.testing.devnet import Devnet, DevnetSettings


@pytest.fixture(scope="session")
def eth_usd() -> Function:
    """The example function."""
    return example("eth_usd")


@pytest.fixture
async def devnet(tmp_path: Path, request: pytest.FixtureRequest) -> AsyncIterator[Devnet]:
    """Four nodes on the chain that the test's parameter names, the embedded one by default."""
    chain = getattr(request, "param", "embedded")
    async with Devnet(tmp_path / "network", DevnetSettings(chain=chain)) as started:
        yield started
