"""The contracts, the epoch, this operator's place and stake in it, and the transmitter's money."""

from __future__ import annotations

import time
from typing import Final as Constant

from executor.chain.bindings import committee as binding
from executor.chain.calls import view
from executor.chain.client import ChainClient
from executor.chain.epochs import current_epoch, load_epoch
from executor.crypto import bls
from executor.crypto.digests import profile_id
from executor.errors import ChainError, InvalidValue
from executor.model.coins import coins, exact
from executor.model.ids import Address
from executor.model.profile import PROFILE
from executor.node.doctor.findings import Finding, Scene, words

AREA = "committee"
MONEY = "transmitter"
DELIVERY_GAS: Constant = 300_000  # above the dearest single delivery of docs/gas.md with a callback of 100,000
FEW_DELIVERIES: Constant = 56  # one transaction of 2^24 gas: all of it must be there, also what callbacks then leave
STUCK: Constant = 8  # transactions under way at a time (executor/aggregator/transmission.py)


async def check_committee(scene: Scene) -> list[Finding]:
    """Leaves the epoch in the scene."""
    chain = scene.chain
    assert chain is not None, "who connects comes first"
    number = await current_epoch(chain)
    if number == 0:
        return [Finding(AREA, "problem", f"committee {chain.committee} has no epoch yet", "wait for its first epoch")]
    scene.epoch = epoch = await load_epoch(chain, number)
    findings = [
        Finding(
            AREA,
            "ok",
            f"router {chain.router}, epoch {number}: {epoch.n} members, quorum {epoch.quorum}, rounds of "
            f"{epoch.round_length_s} s",
        ),
        _profile(scene),
        _membership(scene),
        *await _stake(scene, chain),
        *await _announced(chain),
    ]
    latest = await _latest_record(scene, chain)
    return findings if latest is None else [*findings, latest]


async def check_money(scene: Scene) -> list[Finding]:
    """What the transmitter has against what a delivery costs now."""
    if scene.chain is None or not scene.keys:
        return [Finding(MONEY, "warning", "not looked at", "needs the signer's keys and an endpoint")]
    chain, account, paid = scene.chain, scene.keys[-1].transmitter, scene.config.transmitter  # the newest set pays
    balance = await chain.balance(account)
    fee = 2 * (await chain.head()).base_fee_wei + int(paid.priority_fee_gwei * 1e9)
    if fee > paid.max_fee_gwei * 10**9:
        advice = "raise [transmitter] max_fee_gwei, or wait: others may deliver meanwhile"
        fact = f"gas costs {fee / 1e9:.3g} gwei, at most {paid.max_fee_gwei} gwei are paid"
        return [Finding(MONEY, "warning", fact, advice)]
    deliveries = balance // (DELIVERY_GAS * fee)
    fact = f"{account} has {coins(balance)}, enough for {deliveries} deliveries at {fee / 1e9:.3g} gwei"
    if deliveries < 1:
        findings = [Finding(MONEY, "problem", fact, f"send at least {coins(100 * DELIVERY_GAS * fee)} to it")]
    elif deliveries < FEW_DELIVERIES:
        full = coins(FEW_DELIVERIES * DELIVERY_GAS * fee)
        advice = f"top it up: others deliver in its stead, and earn in its stead; a full batch takes {full} up front"
        findings = [Finding(MONEY, "warning", fact, advice)]
    else:
        findings = [Finding(MONEY, "ok", fact)]
    counts = [
        int(await chain.rpc.call("eth_getTransactionCount", str(account), tag), 16) for tag in ("pending", "latest")
    ]
    if (waiting := counts[0] - counts[1]) > STUCK:
        advice = "fees rose, or another program uses the account: see docs/operations.md, ExecutorTransactionsStuck"
        findings.append(Finding(MONEY, "warning", f"{waiting} transactions wait to be mined", advice))
    return findings


def _profile(scene: Scene) -> Finding:
    assert scene.epoch is not None
    ours, theirs = profile_id(PROFILE), scene.epoch.profile_id
    if ours == theirs:
        return Finding(AREA, "ok", f"profile {ours} is this release's")
    advice = "install the release with the epoch's profile (`executor version` names a release's)"
    return Finding(AREA, "problem", f"the epoch runs profile {theirs}, this release has {ours}", advice)


def _membership(scene: Scene) -> Finding:
    own, operator = scene.own, scene.config.operator
    if own is None:
        advice = "correct `operator`; else the node waits for an epoch that has it, and says that it is not ready"
        return Finding(AREA, "problem", f"operator {operator} is no member of this epoch", advice)
    if not scene.keys:
        fact = f"member {own.index}; registered keys not compared"
        return Finding(AREA, "warning", fact, "see the signer's findings")
    advice = "start the signer with the keys of this epoch; new keys count from the next epoch on"
    keys = next((each for each in scene.keys if each.signer == own.signer), None)
    if keys is None:
        fact = f"member {own.index} is registered with signer {own.signer}, which this signer does not hold"
        return Finding(AREA, "problem", fact, advice)
    pairs = (("BLS", own.bls_key, keys.bls_key), ("encryption", own.encryption_key, keys.encryption_key))
    if different := [name for name, registered, here in pairs if registered != here]:
        fact = f"member {own.index} is registered with other keys: {', '.join(different)}"
        return Finding(AREA, "problem", fact, advice)
    return Finding(AREA, "ok", f"member {own.index}; the signer holds its registered keys")


async def _stake(scene: Scene, chain: ChainClient) -> list[Finding]:
    operator = Address.from_hex(scene.config.operator)
    stake = binding.StakeInfo.from_abi(await view(chain, "Committee", chain.committee, "stakeOf", operator))
    least = int(await view(chain, "Committee", chain.committee, "minStake"))
    if stake.slashed:
        return [Finding(AREA, "problem", "this operator was slashed", "see docs/operations.md, ExecutorEvidence")]
    if stake.exit_at:
        return [
            Finding(
                AREA,
                "warning",
                "this operator asked to leave",
                "no later epoch has it; `executor operator stay` undoes that",
            )
        ]
    if stake.amount < least:
        fact = f"stake {coins(stake.amount)}, a member needs {coins(least)}"
        advice = f"executor operator stake {exact(least - stake.amount)}: else the next epoch leaves this operator out"
        return [Finding(AREA, "warning", fact, advice)]
    return [Finding(AREA, "ok", f"stake {coins(stake.amount)}, a member needs {coins(least)}")]


async def _announced(chain: ChainClient) -> list[Finding]:
    hash, ready_at = await view(chain, "Committee", chain.committee, "proposal")
    if not any(hash):
        return []
    in_s = int(ready_at) - time.time()
    when = "may begin now" if in_s <= 0 else f"may begin in {in_s / 3600:.1f} h"
    advice = "compare its profile with `executor version` (event EpochProposed); docs/operations.md, Upgrade"
    return [Finding(AREA, "warning", f"a new epoch is announced and {when}", advice)]


async def _latest_record(scene: Scene, chain: ChainClient) -> Finding | None:
    """Keys registered since, which count from the next epoch on."""
    operator, own = Address.from_hex(scene.config.operator), scene.own
    if own is None:
        return None
    try:
        latest = binding.Member.from_abi(await view(chain, "Committee", chain.committee, "member", operator))
        same = (Address.from_hex(latest.signer), bls.from_evm_g2(latest.public_key)) == (own.signer, own.bls_key)
    except (ChainError, InvalidValue) as error:
        return Finding(AREA, "warning", f"the operator's latest record: {words(error)}", "executor operator register")
    if same and latest.endpoint == own.endpoint:
        return None
    advice = "keep the present keys loaded until the present epoch's requests are closed"
    return Finding(AREA, "warning", "other keys or another endpoint are registered for later epochs", advice)
