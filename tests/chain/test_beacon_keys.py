"""An epoch's draw key at the Beacon of a deployment, as nodes bring and find it."""

from __future__ import annotations

import asyncio
from dataclasses import replace

import pytest

from executor.chain.beacon import BeaconKeys
from executor.cli.devnet import make_blocks
from executor.crypto import bls, secp256k1
from executor.crypto.digests import keccak256
from executor.crypto.draw_keys import signed_digest
from executor.crypto.proofs import build_proof
from executor.errors import ChainError, InvalidConfig, TransactionFailed
from executor.model.draw_key import CertifiedDrawKey, DrawKey
from executor.model.ids import Address, Digest
from executor.model.report import Vote

from .support import BLS_KEYS, SIGNER_KEYS, Scene

MADE = Digest(keccak256(b"how the key was made"))


def certified(scene: Scene) -> CertifiedDrawKey:
    """A key that members 0, 1 and 3 signed for the epoch's first verifier."""
    epoch, key = scene.epoch, bls.public_key(bls.secret_from_seed(b"the group's secret of 32 bytes!!"))
    scheme, digest = epoch.verifiers[0].scheme, signed_digest(scene.epoch, key, MADE)
    votes = [Vote(i, secp256k1.sign(SIGNER_KEYS[i], digest), bls.sign(BLS_KEYS[i], digest)) for i in (0, 1, 3)]
    return CertifiedDrawKey(DrawKey(key, MADE, (key,) * 4), scheme, build_proof(scheme, epoch, votes))


async def test_a_quorums_key_is_registered_once_and_found(scene: Scene) -> None:
    """At the head and, once that is final, as of the final block; a second time the contract says that it is there."""
    keys = BeaconKeys(scene.client, scene.deployment.beacon, scene.requester)
    await keys.check()
    identity, signed = scene.epoch.identity, certified(scene)
    assert await keys.key_of(identity) is None
    with pytest.raises(TransactionFailed, match="registerDrawKey"):
        await keys.register(scene.epoch, replace(signed, key=replace(signed.key, hash=Digest(bytes(32)))))
    receipt = await keys.register(scene.epoch, signed)
    assert receipt.succeeded
    assert [await keys.key_of(identity, finalized=final) for final in (False, True)] == [signed.key.public_key] * 2
    assert await keys.key_of(replace(identity, number=9)) is None
    with pytest.raises(TransactionFailed, match="DrawKeyTaken"):
        await keys.register(scene.epoch, signed)


async def test_what_is_no_beacon_is_named(scene: Scene) -> None:
    """Before a node serves anything; and who has no account registers nothing."""
    with pytest.raises(InvalidConfig, match="no contract at the beacon's address"):
        await BeaconKeys(scene.client, Address(bytes(19) + b"\x99")).check()
    with pytest.raises(InvalidConfig, match="is no Beacon"):
        await BeaconKeys(scene.client, scene.deployment.router).check()
    with pytest.raises(ChainError, match="no account pays"):
        await BeaconKeys(scene.client, scene.deployment.beacon).register(scene.epoch, certified(scene))


async def test_a_devnet_on_anvil_makes_blocks_by_itself(scene: Scene) -> None:
    """Else nothing that waits for finality would go on there."""
    head = (await scene.client.head()).number
    making = asyncio.create_task(make_blocks(scene.client, 0.01))
    async with asyncio.timeout(30):
        while (await scene.client.head()).number < head + 2:  # noqa: ASYNC110 # another process says
            await asyncio.sleep(0.01)
    making.cancel()
