"""The key a committee drew with, on the embedded chain: registered at the Beacon that is told, or not."""

from __future__ import annotations

import sys
from collections.abc import AsyncIterator, Iterator
from dataclasses import dataclass, replace
from pathlib import Path

import pytest
from committee_receipts import GROUP_SECRET, MADE, committee_receipt

from executor.chain.calls import transact
from executor.chain.deploy import create
from executor.crypto import bls, secp256k1
from executor.crypto.draw_keys import check_draw_key, signed_digest
from executor.crypto.proofs import build_proof
from executor.model.committee import Epoch
from executor.model.draw_key import ShownDrawKey
from executor.model.ids import Address
from executor.model.receipt import Receipt
from executor.model.report import Vote
from executor.receipts.checks import Check
from executor.receipts.on_chain import verify_on_chain

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from chain.support import BLS_KEYS, SIGNER_KEYS, Scene

from executor.chain.embedded import EmbeddedChain


@dataclass(frozen=True)
class Registered:
    """A receipt, its chain, a Beacon with its epoch's key, and one without."""

    receipt: Receipt
    url: str
    beacon: Address
    empty: Address


@pytest.fixture(scope="module")
def chain() -> Iterator[EmbeddedChain]:
    """One chain for the file."""
    with EmbeddedChain() as running:
        yield running


def shown_in(epoch: Epoch) -> ShownDrawKey:
    """The key that members 0, 1 and 3 of the chain's committee signed, for its first verifier."""
    scheme, key = epoch.verifiers[0].scheme, bls.public_key(GROUP_SECRET)
    digest = signed_digest(epoch, key, MADE)
    votes = [Vote(i, secp256k1.sign(SIGNER_KEYS[i], digest), bls.sign(BLS_KEYS[i], digest)) for i in (0, 1, 3)]
    return ShownDrawKey(key, MADE, scheme, build_proof(scheme, epoch, votes))


@pytest.fixture
async def registered(chain: EmbeddedChain) -> AsyncIterator[Registered]:
    """What the contract takes is what a receipt holds."""
    scene = await Scene.open(chain, None)
    epoch, shown = scene.epoch, shown_in(scene.epoch)
    beacon, empty = [await create(scene.requester, "Beacon") for _ in range(2)]
    key = bls.to_evm_g2(shown.public_key)
    where = (epoch.router, epoch.committee, epoch.number)
    await transact(scene.requester, "Beacon", beacon, "registerDrawKey", *where, key, shown.hash, 0, shown.proof)
    yield Registered(replace(committee_receipt(), epoch=epoch, draw_key=shown), chain.url, beacon, empty)
    await scene.client.close()


async def found(registered: Registered, beacon: Address, receipt: Receipt | None = None) -> Check:
    checks = await verify_on_chain(receipt or registered.receipt, registered.url, beacon=beacon)
    assert [check.name for check in checks].count("beacon") == 1
    return next(check for check in checks if check.name == "beacon")


async def test_the_registered_key_is_the_receipts_and_no_other(registered: Registered) -> None:
    """What a quorum signed passes at its Beacon; nothing passes at another, or with another key."""
    receipt, beacon = registered.receipt, registered.beacon
    assert len(check_draw_key(receipt.epoch, shown_in(receipt.epoch))) == 3
    good = await found(registered, beacon)
    assert (good.passed, good.detail) == (True, f"the draw key of epoch {receipt.epoch.number} at {beacon}")
    another = bls.public_key(bls.secret_from_seed(b"some other group's secret, 32 bytes"))
    for place, edited, words in (
        (registered.empty, receipt, "has no draw key of epoch"),
        (Address(bytes(19) + b"\x99"), receipt, "there is no contract at"),
        (receipt.epoch.router, receipt, "drawKey"),
        (beacon, replace(receipt, draw_key=replace(shown_in(receipt.epoch), public_key=another)), "is another"),
        (beacon, replace(receipt, draw_key=replace(shown_in(receipt.epoch), public_key=bytes(96))), ""),
        (beacon, replace(receipt, draw_key=None), "nothing in it was drawn from its committee"),
        (beacon, replace(receipt, epoch=replace(receipt.epoch, number=9)), "has no draw key of epoch 9"),
    ):
        refused = await found(registered, place, edited)
        assert (refused.passed, words in refused.detail) == (False, True), refused
    assert "beacon" not in [check.name for check in await verify_on_chain(receipt, registered.url)]
