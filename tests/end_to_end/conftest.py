"""Networks of real processes, one for each chain, shared by the tests: each finds all nodes up and none faulty."""

from __future__ import annotations

import io
from collections.abc import AsyncIterator, Iterator
from pathlib import Path

import pytest
import pytest_asyncio
from rich.console import Console

from executor.chain.embedded import EmbeddedChain
from executor.demos.examples import example
from executor.demos.stage import Stage
from executor.demos.story import Story
from executor.model.function import Function
from executor.testing.devnet import Devnet, DevnetSettings
from tests.end_to_end.journey import OTHER_CHAIN

HERE = Path(__file__).parent
FAILED = pytest.StashKey[bool]()
LAST = pytest.StashKey[bool]()


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(item: pytest.Item) -> Iterator[None]:
    """Note for `devnet` that a test failed."""
    report = yield
    item.stash[FAILED] = item.stash.get(FAILED, False) or report.failed
    return report


@pytest.hookimpl(tryfirst=True)
def pytest_runtest_protocol(item: pytest.Item, nextitem: pytest.Item | None) -> None:
    """Note for `devnet` that the test which comes next has no use for it."""
    item.stash[LAST] = nextitem is None or not {"devnet", "last_devnet"} & set(getattr(nextitem, "fixturenames", ()))


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Tests without the network come first, and those of one chain together, so that each is started once."""

    def place(item: pytest.Item) -> int:
        names = getattr(item, "fixturenames", ())
        return 3 if item.get_closest_marker("anvil") else 2 if "last_devnet" in names else int("devnet" in names)

    mine = [index for index, item in enumerate(items) if item.path.parent == HERE]
    ordered = sorted((items[index] for index in mine), key=place)
    for index, item in zip(mine, ordered, strict=True):
        items[index] = item


@pytest.fixture(scope="session")
def eth_usd() -> Function:
    """The example function."""
    return example("eth_usd")


class Networks:
    """At most one running network; sixteen processes take longer to start than most tests to run."""

    def __init__(self, directory: Path) -> None:
        self._directory = directory
        self._started = 0
        self.other = EmbeddedChain(chain_id=OTHER_CHAIN)  # which functions may read, too
        self._running: tuple[str, Devnet] | None = None

    async def on(self, chain: str) -> Devnet:
        """A network on this chain: every node up, none faulty."""
        if self._running is not None and self._running[0] != chain:
            await self.close()
        if self._running is None:
            self._started += 1
            if self.other.pid is None:
                await self.other.__aenter__()
            settings = DevnetSettings(
                chain=chain,  # type: ignore[arg-type]
                more_chains=((OTHER_CHAIN, (self.other.url,)),),
                compiled=self._directory / "compiled",
                committee_draws=True,
            )
            devnet = Devnet(self._directory / str(self._started), settings)
            self._running = chain, await devnet.__aenter__()
        devnet = self._running[1]
        for node in devnet.nodes:
            if node.signer is None or not node.signer.running:
                devnet.restart_signer(node.index)
            if node.fault or node.node is None or not node.node.running:
                await devnet.restart(node.index)
        return devnet

    async def close(self) -> None:
        """Stop what runs."""
        if self._running is not None:
            _, devnet = self._running
            self._running = None
            await devnet.close()


@pytest_asyncio.fixture(scope="session", loop_scope="session")
async def networks(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Networks]:
    """The networks of all tests."""
    started = Networks(tmp_path_factory.mktemp("networks"))
    yield started
    await started.close()
    await started.other.__aexit__(None, None, None)


@pytest_asyncio.fixture(loop_scope="session")
async def devnet(networks: Networks, request: pytest.FixtureRequest) -> AsyncIterator[Devnet]:
    """Four nodes on the chain that the test's parameter names, or the embedded one; not kept once a test failed."""
    yield await networks.on(getattr(request, "param", "embedded"))
    if request.node.stash.get(FAILED, True) or request.node.stash[LAST]:
        await networks.close()


@pytest_asyncio.fixture(loop_scope="session")
async def stage(networks: Networks, devnet: Devnet, tmp_path: Path) -> Stage:
    """Where use cases are played: the shared network, and a story that `stage.story.console.file` keeps."""
    story = Story(Console(file=io.StringIO(), width=500, highlight=False))
    made = Stage(devnet, story, tmp_path, networks.other)
    await made.mark()
    return made


@pytest.fixture
def other_chain(networks: Networks, devnet: Devnet) -> EmbeddedChain:
    """The second chain that the network's nodes read."""
    return networks.other


@pytest_asyncio.fixture(loop_scope="session")
async def last_devnet(networks: Networks) -> AsyncIterator[Devnet]:
    """The same for a test that leaves a node which cannot be started again: nobody uses the network after it."""
    yield await networks.on("embedded")
    await networks.close()
