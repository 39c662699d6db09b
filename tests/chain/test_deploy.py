"""Deployment files, later epochs, and finding anvil."""

from __future__ import annotations

import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import pytest
from eth_abi.abi import encode as abi_encode

from executor.chain import anvil
from executor.chain.accounts import dev_accounts
from executor.chain.client import Block, ChainClient
from executor.chain.contracts import calldata
from executor.chain.deploy import Deployment, start_epoch
from executor.chain.epochs import current_epoch, is_final, load_epoch
from executor.chain.sender import TransactionSender
from executor.chain.signing import dev_account
from executor.crypto import bls
from executor.errors import ChainError, ChainUnavailable, InvalidConfig
from executor.model.ids import ProfileId

from .support import MEMBERS, PROFILE, Scene, registration


async def test_a_deployment_is_read_as_it_was_written(scene: Scene, tmp_path: Path) -> None:
    """One canonical JSON file; anything else is a configuration error naming the file."""
    path = tmp_path / "deployment.json"
    scene.deployment.write(path)
    assert scene.deployment == Deployment.read(path)
    path.write_bytes(path.read_bytes()[:-1])
    with pytest.raises(InvalidConfig, match=r"deployment\.json"):
        Deployment.read(path)
    with pytest.raises(InvalidConfig, match=r"missing\.json"):
        Deployment.read(tmp_path / "missing.json")


async def test_a_later_epoch_is_loaded_beside_the_first(scene: Scene) -> None:
    """Another profile, round length and order of members; the first epoch stays as it was."""
    operators = [account.address for account in reversed(dev_accounts()[1 : MEMBERS + 1])]
    other = ProfileId(bytes(reversed(PROFILE)))
    verifiers = [scene.deployment.verifiers[1].address]
    await start_epoch(scene.requester, scene.deployment.committee, operators, other, 9, verifiers)
    assert await current_epoch(scene.client) == 2
    epoch = await load_epoch(scene.client, 2)
    assert (operators, other, 9) == ([m.operator for m in epoch.members], epoch.profile_id, epoch.round_length_s)
    assert (scene.deployment.verifiers[1],) == epoch.verifiers
    assert scene.epoch == await load_epoch(scene.client, 1)


class BehindClient(ChainClient):
    """Of a chain whose finalized block is this one."""

    finalized = 0

    async def head(self, tag: str = "latest") -> Block:
        found = await (self.block(self.finalized) if tag == "finalized" else super().head(tag))
        assert found is not None
        return found


async def test_an_epoch_is_final_when_its_block_is(scene: Scene) -> None:
    """Not before, and not with other members."""
    before = (await scene.client.head()).number
    operators = [account.address for account in dev_accounts()[1 : MEMBERS + 1]]
    verifiers = [each.address for each in scene.deployment.verifiers]
    await start_epoch(scene.requester, scene.deployment.committee, operators, PROFILE, 4, verifiers)
    async with BehindClient([scene.chain.url], scene.deployment.chain_id, scene.deployment.router) as client:
        client.finalized = before
        epoch = await load_epoch(client, await current_epoch(client))
        assert not await is_final(client, epoch)
        client.finalized = (await scene.client.head()).number
        assert await is_final(client, epoch)
        assert not await is_final(client, replace(epoch, members=epoch.members[:1]))


async def test_an_epoch_that_never_began_is_an_error(scene: Scene) -> None:
    """The contract's own error is named."""
    with pytest.raises(ChainError, match=r"UnknownEpoch\(99\)"):
        await load_epoch(scene.client, 99)


async def test_an_endpoint_that_is_not_text_spoils_no_epoch(scene: Scene) -> None:
    """An operator may register any bytes as its endpoint; the others still load the epoch."""
    operator = TransactionSender(scene.client, dev_account(dev_accounts()[1]))
    member = scene.epoch.members[0]
    keys = registration(0)
    proofs = await keys.prove_possession(scene.client.chain_id, scene.deployment.committee, member.operator)
    points = (bls.to_evm_g2(keys.bls_key), bls.to_evm_g1(proofs.bls))
    arguments = (keys.signer, proofs.signer, keys.encryption_key, *points, "endpoint")
    selector = calldata("Committee", "register", *arguments)[:4]
    types = ["address", "bytes", "bytes32", "bytes", "bytes", "bytes"]
    call = selector + abi_encode(types, [*arguments[:-1], b"\xff\xfe"])
    assert (await operator.send(scene.deployment.committee, call)).succeeded
    verifiers = [each.address for each in scene.deployment.verifiers]
    operators = [each.operator for each in scene.epoch.members]
    await start_epoch(scene.requester, scene.deployment.committee, operators, PROFILE, 4, verifiers)
    epoch = await load_epoch(scene.client, await current_epoch(scene.client))
    assert epoch.members[0].endpoint == ""


def test_a_missing_anvil_says_how_to_install_it(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """Neither npm's nor one on PATH: the error is an instruction."""
    monkeypatch.setattr(anvil, "__file__", str(tmp_path / "a" / "b" / "anvil.py"))
    monkeypatch.setenv("PATH", str(tmp_path))
    with pytest.raises(ChainUnavailable, match="npm ci"):
        anvil.Anvil().start()


@pytest.mark.parametrize("module", ["executor.worker.process", "executor.keys.process"])
def test_processes_beside_the_chain_import_no_web3(module: str) -> None:
    """Workers and signers start without web3, which costs 0.7 s and raises Python's recursion limit."""
    script = f"import sys, {module}; print(sorted({{'web3', 'eth'}} & set(sys.modules)))"
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"


def test_the_adapter_needs_no_development_chain() -> None:
    """Importing the adapter imports no py-evm."""
    script = (
        "import sys, executor.chain.epochs, executor.chain.watcher, executor.chain.transmitter; "
        "print(sorted({'eth', 'eth_tester'} & set(sys.modules)))"
    )
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"
