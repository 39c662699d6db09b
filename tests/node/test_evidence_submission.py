"""`executor evidence --submit`: from a member's second vote through a node's route and its signer to the Committee."""

from __future__ import annotations

import asyncio
import json
import socket
import tempfile
from collections.abc import Iterator, Sequence
from dataclasses import replace
from pathlib import Path

import pytest
from aiohttp import web
from click.testing import Result
from node_bench import Node, make_keys, make_request, until
from test_kept_evidence import vote
from typer.testing import CliRunner

from executor.chain.accounts import dev_accounts
from executor.chain.bindings import committee as binding
from executor.chain.calls import view
from executor.chain.client import ChainClient
from executor.chain.deploy import Registration, deploy_devnet
from executor.chain.embedded import EmbeddedChain
from executor.chain.epochs import load_epoch
from executor.chain.sender import TransactionSender
from executor.chain.signing import dev_account
from executor.cli._verbs import app
from executor.crypto import bls, secp256k1
from executor.crypto.digests import keccak256, possession_digest, profile_id
from executor.keys.keyset import write_keys
from executor.keys.ring import Keyring
from executor.keys.server import SignerServer
from executor.model.committee import Epoch, Possession
from executor.model.ids import Address
from executor.model.profile import PROFILE
from executor.model.report import Scheme
from executor.node.config_file import config_text
from executor.node.ended import EndedRequests
from executor.node.evidence import in_journal
from executor.node.open_requests import OpenRequestRoutes
from executor.protocol.bundles import encode_bundles
from executor.protocol.messages import VoteMessage
from executor.transport.memory import MemoryNetwork

PASSWORD = "correct horse"
ETHER = 10**18


def registration(member: int) -> Registration:
    """Of the keys that node_bench's nodes sign with."""
    keys = make_keys(member)

    async def prove(chain_id: int, committee: Address, operator: Address) -> Possession:
        digest = possession_digest(chain_id, committee, operator, bls.to_evm_g2(keys.public.bls_key))
        return Possession(secp256k1.sign(keys.signer, digest), bls.prove_possession(keys.bls, digest))

    operator, public = dev_account(dev_accounts()[member + 1]), keys.public
    return Registration(operator, public.signer, public.bls_key, public.encryption_key, f"memory://{member}", prove)


@pytest.fixture
def short() -> Iterator[Path]:
    """A folder whose path leaves room for a socket's name."""
    with tempfile.TemporaryDirectory(prefix="evidence-", dir="/tmp") as name:
        yield Path(name)


@pytest.fixture
def listening() -> Iterator[socket.socket]:
    """A port of this test's own."""
    with socket.socket() as bound:
        bound.bind(("127.0.0.1", 0))
        yield bound


async def equivocate(nodes: Sequence[Node]) -> int:
    """The first node is sent a member's second vote; that member."""
    await asyncio.gather(*(node.see(make_request()) for node in nodes))
    await until(lambda: all(node.attested for node in nodes))
    node, honest = nodes[0], nodes[0].attested[0]
    liar = next(each.member for each in honest.votes if each.member)
    lie = replace(honest.report, output_hash=keccak256(b"lie"))
    (bundle,) = encode_bundles([VoteMessage(lie, vote(node.network.epoch, liar, lie))])
    await node.driver.received(liar, bundle.data)
    await until(lambda: node.told("equivocated"))
    return liar


async def slashed(client: ChainClient, epoch: Epoch) -> list[bool]:
    stakes = [await view(client, "Committee", client.committee, "stakeOf", each.operator) for each in epoch.members]
    return [binding.StakeInfo.from_abi(raw).slashed for raw in stakes]


async def typed(*arguments: str) -> Result:
    """The command, in a thread: it asks servers of this one."""
    return await asyncio.to_thread(CliRunner().invoke, app, ["evidence", *arguments])


def told(done: Result) -> Sequence[dict]:
    return json.loads(done.stdout)["evidence"]


async def test_the_command_finds_a_second_vote_at_the_node_and_has_its_signer_slash_the_stake(
    trigger_chain: EmbeddedChain, tmp_path: Path, short: Path, listening: socket.socket
) -> None:
    """Once: a second call says that it was done, and nobody else loses anything."""
    deployed = await deploy_devnet(
        trigger_chain.url,
        trigger_chain.chain_id,
        dev_account(dev_accounts()[0]),
        [registration(member) for member in range(4)],
        profile_id=profile_id(PROFILE),
        round_length_s=1,
        verifiers=(Scheme.ECDSA,),
    )
    client = ChainClient([trigger_chain.url], trigger_chain.chain_id, deployed.router)
    await client.connect()
    epoch = await load_epoch(client, deployed.epoch)
    payer = write_keys(tmp_path / "keys", make_keys(0), PASSWORD, fast=True).transmitter
    await TransactionSender(client, dev_account(dev_accounts()[0])).send(payer, value_wei=ETHER)

    network = MemoryNetwork(epoch)
    nodes = [Node(tmp_path / str(index), network, index) for index in range(epoch.n)]
    for node in nodes:
        await node.start()
    node = nodes[0]
    ring = Keyring.open(tmp_path / "keys")
    ring.unlock(ring.decrypt(PASSWORD))
    signer = SignerServer(ring, short / "s.sock")
    served = web.Application()
    ended = EndedRequests(node.journal, tmp_path, lambda _epoch: 0)
    OpenRequestRoutes(node, node.driver.describe, lambda: in_journal(node.journal), ended).register(served.router)
    runner = web.AppRunner(served)
    await runner.setup()
    config = tmp_path / "node.toml"
    config.write_text(
        config_text(
            {
                "operator": str(epoch.members[0].operator),
                "chain": {"id": client.chain_id, "router": str(client.router), "rpc_urls": [trigger_chain.url]},
                "signer": {"socket": str(short / "s.sock")},
                "http": {"port": listening.getsockname()[1]},
            }
        )
    )
    try:
        liar = await equivocate(nodes)
        await signer.start()
        await web.SockSite(runner, listening).start()
        (found,) = told(await typed("--config", str(config), "--json"))
        assert (found["member"], found["submitted"]) == (liar, None)
        assert await slashed(client, epoch) == [False] * 4

        before = await client.balance(payer)
        done = await typed("--config", str(config), "--submit")
        operator = epoch.members[liar].operator
        assert done.exit_code == 0, done.output
        assert f"operator {operator} is slashed, transaction 0x" in done.stdout
        assert await slashed(client, epoch) == [member == liar for member in range(4)]
        assert await client.balance(payer) > before  # who proves it is rewarded

        again = await typed("--config", str(config), "--submit", "--json")
        assert again.exit_code == 0
        assert told(again)[0]["submitted"]["already_slashed"] is True
        after = await client.balance(payer)
        assert f"operator {operator} was slashed already" in (await typed("--config", str(config), "--submit")).stdout
        assert await client.balance(payer) == after
    finally:
        for each in nodes:
            await each.stop()
        await runner.cleanup()
        await signer.close()
        ring.close()
        await client.close()
