"""A contract asks for a draw: four nodes fetch the round from relays, one of which lies, and the receipt proves it."""

from __future__ import annotations

import pytest

from executor.crypto.draws import draw_value
from executor.model.draw import parse_draw
from executor.model.function import Function
from executor.model.manifest import parse_manifest
from executor.model.observation import Kind
from executor.receipts import all_passed
from executor.receipts.on_chain import verify_on_chain
from executor.testing.devnet import Devnet
from executor.testing.relays import development_chain, manifest_chain
from tests.drawing_guest import drawing_guest
from tests.end_to_end.journey import checks_of, price_told, travel

pytestmark = pytest.mark.asyncio(loop_scope="session")  # as the network they share

MANIFEST = (
    '[function]\nname = "draw"\nlanguage = "wasm"\nsource = "draw.wasm"\n[limits]\nobservations = 0\n'
    '[capabilities.random]\nsource = "drand"\ndelay_s = 2\n'
) + manifest_chain(development_chain())


async def test_a_contract_gets_a_draw(devnet: Devnet) -> None:
    """The callback has the round's value; nothing was observed or certified, and anyone checks the proof offline."""
    function = Function(drawing_guest(returned=64), parse_manifest(MANIFEST).terms)
    journey = await travel(devnet, await devnet.register(function), [0, 1, 2, 3])
    receipt = journey.receipt
    (entry,) = receipt.transcript
    assert (entry.kind, receipt.certificate) == (Kind.DRAW, None)
    draw = parse_draw(entry.spec)
    assert draw.published_at >= receipt.request.block_timestamp + 2
    assert receipt.payload == draw_value(receipt.request, 0, entry.value) + bytes(32)
    assert await price_told(devnet, journey) == int.from_bytes(receipt.payload[:32], "big")
    checks = checks_of(receipt)
    assert all_passed(checks), checks
    assert [check.name for check in checks].count("draws") == 1
    on_chain = await verify_on_chain(receipt, devnet.chain.url)
    assert all_passed(on_chain), on_chain
    drawn = {node for node, _ in journey.of("drawn")}
    assert len(drawn) >= devnet.epoch.quorum  # whoever is late has the draw with the attestation
