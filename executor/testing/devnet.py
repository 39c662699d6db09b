"""A whole network on one machine, of real parts: chain, contracts, signers, nodes, exchanges, each its own process.

Everything lives below one directory and on loopback ports; leaving the block stops every process.
"""

from __future__ import annotations

import asyncio
import json
import secrets
import shutil
import tempfile
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import chain
from pathlib import Path
from typing import Literal, Self, TypeAlias

from executor.chain.accounts import dev_accounts
from executor.chain.anvil import Anvil
from executor.chain.client import ChainClient
from executor.chain.consumer import PriceConsumer
from executor.chain.deploy import Deployment, Registration, deploy_devnet
from executor.chain.devchain import Devchain
from executor.chain.embedded.process import EmbeddedChain
from executor.chain.epochs import load_epoch
from executor.chain.functions import register_function
from executor.chain.logs import SeenRequest
from executor.chain.sender import Account, TransactionSender
from executor.chain.signing import dev_account
from executor.chain.subscriptions import Subscription, load_subscription
from executor.crypto.digests import profile_id
from executor.errors import InvalidConfig
from executor.keys.client import SignerClient
from executor.keys.keyset import PublicKeys, create_keys
from executor.model.committee import Epoch
from executor.model.function import Function
from executor.model.ids import FunctionId
from executor.model.profile import PROFILE
from executor.model.report import Scheme
from executor.node.config_file import config_text
from executor.node.uploads import sign_upload
from executor.testing.exchanges import RELAYS
from executor.testing.network import NetworkReader
from executor.testing.processes import Child, Children, check_free, free_ports
from executor.testing.relays import CHAIN_HASH

ChainKind: TypeAlias = Literal["embedded", "anvil", "anvil-osaka"]
START_TIMEOUT_S = 60.0
STOP_TIMEOUT_S = 3.0  # a network stops as a whole: its nodes wait in vain for each other to take messages
UPLOAD_LIFE_S = 600


@dataclass(frozen=True, slots=True)
class DevnetSettings:
    """What a devnet is made of. `ports` are the nodes' HTTP ports, free ones where none are given.

    The first epoch is of the first `members` nodes, by default of all. With `processes` all nodes without a fault
    share so many (crowd.py), and cannot be restarted one by one. With `committee_draws` they make each epoch's draw
    key.
    """

    chain: ChainKind = "embedded"
    chain_port: int = 0
    more_rpc_urls: tuple[str, ...] = ()  # endpoints that the nodes use besides the chain's own
    more_chains: tuple[tuple[int, tuple[str, ...]], ...] = ()  # chains that functions read, and their endpoints
    nodes: int = 4
    members: int | None = None
    processes: int = 0
    ports: tuple[int, ...] = ()
    round_length_s: int = 2
    collect_delay_s: float = 0.4
    block_time_s: float = 0.0
    poll_interval_s: float = 0.1
    workers: int = 1
    compiled: Path | None = None  # a folder of compiled code that networks share; of the network itself by default
    verifiers: tuple[Scheme, ...] = (Scheme.ECDSA, Scheme.BLS)
    schemes: tuple[Scheme, ...] = (Scheme.ECDSA, Scheme.BLS)  # member i attests with schemes[i % len]
    committee_draws: bool = False
    faults: Mapping[int, str] = field(default_factory=dict)  # of nodes that begin with one (faults.py)
    seed: int = 1

    def __post_init__(self) -> None:
        if self.ports and len(self.ports) != self.nodes:
            raise InvalidConfig(f"{len(self.ports)} ports for {self.nodes} nodes")


@dataclass(slots=True)
class NodeProcess:
    """One member: its folder, keys and processes."""

    index: int
    directory: Path
    port: int
    metrics_port: int
    keys: PublicKeys
    socket: Path
    signer: Child | None = None
    node: Child | None = None
    fault: str = ""
    starts: int = field(default=0)

    @property
    def url(self) -> str:
        """Base URL."""
        return f"http://127.0.0.1:{self.port}"


class Devnet:
    """The running network; build one with `async with Devnet(directory, settings) as devnet`."""

    def __init__(
        self, directory: Path, settings: DevnetSettings | None = None, tell: Callable[[str], None] = lambda _: None
    ) -> None:
        self.directory = directory
        self.settings = settings or DevnetSettings()
        self._tell = tell
        self._children = Children(directory / "logs")
        # Unix sockets have names of about 100 bytes at most; a network may live in a deeper folder.
        self._sockets = Path(tempfile.mkdtemp(prefix="executor-"))
        self.chain: Devchain = _chain(self.settings)
        self.nodes: list[NodeProcess] = []

    async def __aenter__(self) -> Self:
        try:
            await self._start()
        except BaseException:
            await self.close()
            raise
        return self

    async def __aexit__(self, *_: object) -> None:
        await self.close()

    async def close(self) -> None:
        """Stop every process and close every connection."""
        for closing in ("network", "client"):
            if (resource := getattr(self, closing, None)) is not None:
                await resource.__aexit__(None, None, None)
        await asyncio.to_thread(self._children.stop)
        await asyncio.to_thread(self.chain.close)
        shutil.rmtree(self._sockets, ignore_errors=True)

    async def _start(self) -> None:
        settings = self.settings
        check_free(*settings.ports, *([settings.chain_port] if settings.chain_port else []))
        exchanges = self._children.start("exchanges", "-m", "executor.testing.exchanges", "--seed", str(settings.seed))
        secret = secrets.token_hex(16)
        password = self.directory / "keystore-password"
        password.touch(mode=0o600)
        password.write_text(secret + "\n")
        await self._create_members(secret)
        signers = [asyncio.to_thread(self._start_signer, node, password) for node in self.nodes]
        starting = asyncio.gather(asyncio.to_thread(self.chain.start), *signers, return_exceptions=True)
        try:
            started = await asyncio.shield(starting)
        except asyncio.CancelledError:
            await starting  # threads cannot be cancelled: what they start is stopped after them, not before
            raise
        for failure in started:
            if isinstance(failure, BaseException):
                raise failure
        self._tell("a chain and the signers")
        self.deployment = await self._deploy()
        self.deployment.write(self.directory / "deployment.json")
        self.overrides: dict[str, str] = json.loads(await asyncio.to_thread(exchanges.read_line, START_TIMEOUT_S))
        self.client = ChainClient([self.chain.url], self.chain.chain_id, self.deployment.router)
        await self.client.connect()
        self.epoch: Epoch = await load_epoch(self.client, self.deployment.epoch)
        self.consumer = PriceConsumer(self.client, self.deployment.consumer, self.deployment.subscription)
        self._sender = TransactionSender(self.client, dev_account(dev_accounts()[1]))
        self._tell("the contracts")
        for node in self.nodes:
            self._write_config(node)
        self.network = NetworkReader([node.url for node in self.nodes])
        alone = [node for node in self.nodes if not settings.processes or node.index in settings.faults]
        for node in alone:
            self._launch(node, settings.faults.get(node.index, ""))
        if settings.processes:
            await self._launch_crowds(settings.processes)
        await asyncio.gather(*(self._ready(node) for node in alone))

    # Faults and restarts.

    async def restart(self, index: int, fault: str = "") -> None:
        """Start a node again, after a stop or a kill; `fault` names one of executor/testing/faults.py."""
        node = self.nodes[index]
        if node.node is not None and node.node.running:
            await asyncio.to_thread(node.node.stop)
        self._launch(node, fault)
        await self._ready(node)

    def kill(self, index: int) -> None:
        """SIGKILL a node's process; its signer lives on."""
        node = self.nodes[index].node
        assert node is not None
        node.kill()

    def restart_signer(self, index: int) -> None:
        """Start a node's signer again after it was killed."""
        self._start_signer(self.nodes[index], self.directory / "keystore-password")

    # Use.

    async def register(self, function: Function, nodes: Sequence[int] | None = None) -> FunctionId:
        """Make a function known: its facts on chain, without which nobody can request it, its bytes on these nodes.

        One node is enough, and the others fetch them from it; on all of them (the default) nothing waits.
        """
        identity = await register_function(self.client, self._sender, function)
        return await self.network.upload(function, nodes, authorisation=self.upload_header(identity))

    def upload_header(self, function: FunctionId, account: int = 0) -> str:
        """Authorises an upload by one of the chain's accounts; the first owns the consumer's subscription."""
        uploader = dev_accounts()[account]
        return sign_upload(
            uploader.private_key,
            uploader.address,
            chain_id=self.deployment.chain_id,
            router=self.deployment.router,
            function=function,
            expires=int(time.time()) + UPLOAD_LIFE_S,
            subscription=self.deployment.subscription,
        )

    async def subscription(self) -> Subscription:
        """The account that pays for the price consumer's requests."""
        return await load_subscription(self.client, self.deployment.subscription)

    async def request(self, function_id: FunctionId, input: bytes = b"") -> SeenRequest:
        """Have the price consumer ask for this function."""
        return await self.consumer.request(self._sender, function_id, input)

    async def _create_members(self, secret: str) -> None:
        settings = self.settings
        free = free_ports(2 * settings.nodes)
        ports, metrics_ports = settings.ports or free[: settings.nodes], free[settings.nodes :]

        def create(index: int) -> NodeProcess:
            directory = self.directory / f"node-{index}"
            directory.mkdir(mode=0o700)
            keys = create_keys(directory / "keys", secret, fast=True)
            return NodeProcess(
                index, directory, ports[index], metrics_ports[index], keys, self._sockets / f"signer-{index}"
            )

        self.nodes = list(await asyncio.gather(*(asyncio.to_thread(create, index) for index in range(settings.nodes))))

    def _start_signer(self, node: NodeProcess, password: Path) -> None:
        node.signer = self._children.start(
            f"signer-{node.index}",
            *("-m", "executor.keys.process"),
            *("--directory", str(node.directory / "keys")),
            *("--socket", str(node.socket)),
            *("--password-file", str(password)),
        )
        node.signer.read_line(START_TIMEOUT_S)

    async def _deploy(self) -> Deployment:
        clients = [SignerClient(node.socket) for node in self.nodes]
        try:
            return await deploy_devnet(
                self.chain.url,
                self.chain.chain_id,
                dev_account(dev_accounts()[0]),
                [
                    Registration(
                        operator=Account(node.keys.transmitter, client),
                        signer=node.keys.signer,
                        bls_key=node.keys.bls_key,
                        encryption_key=node.keys.encryption_key,
                        endpoint=node.url,
                        prove_possession=client.prove_possession,
                    )
                    for node, client in zip(self.nodes, clients, strict=True)
                ],
                profile_id=profile_id(PROFILE),
                round_length_s=self.settings.round_length_s,
                verifiers=self.settings.verifiers,
                first=self.settings.members,
            )
        finally:
            for client in clients:
                await client.close()

    def _write_config(self, node: NodeProcess) -> None:
        settings = self.settings
        scheme = settings.schemes[node.index % len(settings.schemes)]
        values = {
            "operator": str(node.keys.transmitter),
            "stop_timeout_s": STOP_TIMEOUT_S,
            "chain": {
                "id": self.deployment.chain_id,
                "router": str(self.deployment.router),
                "rpc_urls": [self.chain.url, *settings.more_rpc_urls],
                "start_block": self.deployment.block_number,
                "confirmations": 0,  # blocks come with transactions only
                "poll_interval_s": settings.poll_interval_s,
                "ahead_s": 1e9,  # a development chain's time is set at will
            },
            "signer": {"socket": str(node.socket)},
            # One compilation serves all: they are one user's.
            "workers": {"compiled": str(settings.compiled or "../compiled"), "count": settings.workers},
            "http": {"port": node.port, "member_networks": ["127.0.0.0/8"]},
            "rounds": {"collect_delay_s": settings.collect_delay_s, "scheme": str(scheme)},
            "metrics": {"port": node.metrics_port},
            "random": {
                "drand_relays": [f"http://{name}" for name in sorted(self.overrides) if name in RELAYS],
                "drand_chains": [CHAIN_HASH.hex()],
                **({"beacon": str(self.deployment.beacon)} if settings.committee_draws else {}),
            },
            "chains": [{"id": chain, "rpc_urls": list(urls)} for chain, urls in settings.more_chains],
            "resolve": dict(sorted(self.overrides.items())),
        }
        (node.directory / "node.toml").write_text(config_text(values))

    def _launch(self, node: NodeProcess, fault: str) -> None:
        module = ("-m", "executor.testing.faults", "--fault", fault) if fault else ("-m", "executor.compose")
        config = ("--config", str(node.directory / "node.toml"))
        node.node = self._children.start(f"node-{node.index}", *module, *config)
        node.fault = fault
        node.starts += 1

    async def _launch_crowds(self, processes: int) -> None:
        honest = [node for node in self.nodes if node.index not in self.settings.faults]
        for place in range(processes):
            nodes = honest[place::processes]
            configs = [("--config", str(node.directory / "node.toml")) for node in nodes]
            crowd = self._children.start(f"nodes-{place}", "-m", "executor.testing.crowd", *chain(*configs))
            for node in nodes:
                node.node = crowd
                await asyncio.to_thread(crowd.read_line, START_TIMEOUT_S)

    async def _ready(self, node: NodeProcess) -> None:
        assert node.node is not None
        await asyncio.to_thread(node.node.read_line, START_TIMEOUT_S)


def _chain(settings: DevnetSettings) -> Devchain:
    match settings.chain:
        case "embedded":
            return EmbeddedChain(port=settings.chain_port, block_time_s=settings.block_time_s)
        case "anvil":
            return Anvil(hardfork="prague", port=settings.chain_port, block_time_s=settings.block_time_s)
        case "anvil-osaka":
            return Anvil(hardfork="osaka", port=settings.chain_port, block_time_s=settings.block_time_s)
