"""The Beacon at which draw keys are registered, and the epoch's key there."""

from __future__ import annotations

from executor.chain.beacon import BeaconKeys
from executor.errors import InvalidConfig
from executor.model.ids import Address
from executor.node.doctor.findings import Finding, Scene

AREA = "beacon"


async def check_beacon(scene: Scene) -> list[Finding]:
    """Nothing where none is named."""
    named = scene.config.random.beacon
    if named is None:
        return []
    if scene.chain is None:
        return [Finding(AREA, "warning", "not looked at", "needs an endpoint")]
    beacon = BeaconKeys(scene.chain, Address.from_hex(named))
    try:
        await beacon.check()
    except InvalidConfig as error:
        return [Finding(AREA, "problem", str(error), "correct [random] beacon, or take it out")]
    if scene.epoch is None:
        return [Finding(AREA, "ok", f"{beacon.address}")]
    number = scene.epoch.number
    if await beacon.key_of(scene.epoch.identity) is None:
        advice = "its members make one when a quorum of them runs with this beacon: see `draw_keys` of /v1/health"
        return [Finding(AREA, "warning", f"{beacon.address} has no draw key of epoch {number} yet", advice)]
    return [Finding(AREA, "ok", f"{beacon.address} has the draw key of epoch {number}")]
