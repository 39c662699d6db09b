"""The other members as this machine reaches them, and everybody's clocks."""

from __future__ import annotations

import asyncio
import email.utils
import json
import time
from dataclasses import dataclass
from typing import Any
from typing import Final as Constant

import aiohttp

from executor.capabilities.member_networks import MemberNetworks
from executor.chain.member_url import NOWHERE
from executor.model.committee import Epoch, Member
from executor.node.doctor.findings import Finding, Scene, words

AREA = "peers"
CLOCK = "clock"
ASK_S: Constant = 4.0
AT_ONCE: Constant = 16  # connections: a committee of 100 is asked in seven waves at most
MAX_BODY_BYTES: Constant = 64 * 1024  # of a health answer, which is some 400 bytes


@dataclass(frozen=True, slots=True)
class Heard:
    """A member's answer: its health, and how far its clock is before ours."""

    health: dict[str, Any]
    offset_s: float | None


async def check_peers(scene: Scene) -> list[Finding]:
    """Leaves the members' clock offsets in the scene."""
    epoch, own = scene.epoch, scene.own
    if epoch is None:
        return [Finding(AREA, "warning", "not looked at", "the epoch is not known: see the committee's findings")]
    places = asyncio.Semaphore(AT_ONCE)
    timeout = aiohttp.ClientTimeout(total=ASK_S)
    connector = MemberNetworks(scene.config.http.member_networks).connector()
    async with (
        aiohttp.ClientSession(timeout=timeout, auto_decompress=False) as anywhere,
        aiohttp.ClientSession(timeout=timeout, auto_decompress=False, connector=connector) as session,
    ):

        async def ask(member: Member) -> Finding:
            is_own = own is not None and member.index == own.index
            async with places:
                heard = await hear(anywhere if is_own else session, member.endpoint)
            return _judge(scene, epoch, member, is_own, heard)

        return list(await asyncio.gather(*(ask(member) for member in epoch.members)))


async def hear(session: aiohttp.ClientSession, endpoint: str) -> Heard | str:
    """A member's answer, or why there is none."""
    if endpoint == NOWHERE:
        return "registered no endpoint of use; register http://HOST[:PORT] or https://HOST[:PORT] in its place"
    begun = time.time()
    try:
        async with session.get(f"{endpoint.rstrip('/')}/v1/health", allow_redirects=False) as answer:
            body = await answer.content.read(MAX_BODY_BYTES + 1)
            date, status = answer.headers.get("Date", ""), answer.status
    except (aiohttp.ClientError, TimeoutError, OSError, ValueError) as error:
        return words(error)
    middle = (begun + time.time()) / 2
    try:
        health = json.loads(body) if len(body) <= MAX_BODY_BYTES else None
    except (ValueError, RecursionError):
        health = None
    if status not in (200, 503) or not isinstance(health, dict):
        return f"answers HTTP {status}, and no health"
    return Heard(health, _offset(health.get("time"), date, middle))


def _offset(told: object, date: str, middle: float) -> float | None:
    if isinstance(told, (int, float)) and not isinstance(told, bool) and abs(told) < 1e12:
        return float(told) - middle
    try:
        return email.utils.parsedate_to_datetime(date).timestamp() + 0.5 - middle  # whole seconds, cut
    except (ValueError, TypeError, OverflowError):
        return None


def _judge(scene: Scene, epoch: Epoch, member: Member, is_own: bool, heard: Heard | str) -> Finding:
    name = f"member {member.index} at {words(member.endpoint)}" + (" (this node)" if is_own else "")
    if isinstance(heard, str):
        if is_own:
            advice = "start the node; if it runs, the registered endpoint does not lead to [http] host and port"
            return Finding(AREA, "warning", f"{name}: {heard}", advice)
        advice = "see firewalls and names from here; ask its operator if it is up"
        if "member_networks" in heard:
            advice = "if your committee lives in that network, name it in [http] member_networks"
        return Finding(AREA, "warning", f"{name}: {heard}", advice)
    health = heard.health
    said = (health.get("chain_id"), str(health.get("router")).lower(), health.get("member"))
    if said != (epoch.chain_id, str(epoch.router), member.index):
        advice = "the registered endpoint leads elsewhere: its operator must register the right one"
        return Finding(AREA, "problem" if is_own else "warning", f"{name}: another node or network answers", advice)
    if health.get("epoch") != epoch.number:
        refused = health.get("refused_epochs")
        why = refused.get(str(epoch.number)) if isinstance(refused, dict) else None
        advice = f"it says: {words(why)}" if why else "it has not followed the change of epoch yet"
        return Finding(
            AREA, "warning", f"{name}: serves epoch {words(health.get('epoch'))}, not {epoch.number}", advice
        )
    if is_own and health.get("ready") is False:
        advice = "GET /v1/ready and its log say what keeps it"
        return Finding(AREA, "warning", f"{name}: is not ready", advice)
    if heard.offset_s is None:
        return Finding(AREA, "ok", f"{name}: epoch {epoch.number}")
    if not is_own:
        scene.offsets_s.append(heard.offset_s)
    fact = f"{name}: epoch {epoch.number}, clock {heard.offset_s:+.1f} s"
    if abs(heard.offset_s) > epoch.round_length_s / 2:
        return Finding(AREA, "warning", fact, "one of the two clocks is wrong: see the clock's finding")
    return Finding(AREA, "ok", fact)


async def check_clock(scene: Scene) -> list[Finding]:
    """This machine's clock against the members', by the middle one; rounds go by it."""
    epoch = scene.epoch
    if epoch is None or not scene.offsets_s:
        return [Finding(CLOCK, "warning", "not compared", "no other member told the time")]
    offsets = sorted(scene.offsets_s)
    middle = offsets[(len(offsets) - 1) // 2]
    now_round = int(time.time() // epoch.round_length_s)
    round = f"round {now_round}, member {now_round % epoch.n} leads"
    fact = f"{-middle:+.1f} s against the middle of {len(offsets)} members; {round}"
    advice = "set the clock (chrony, systemd-timesyncd): rounds go by it, and this node's are wasted"
    if abs(middle) > epoch.round_length_s / 2:
        return [Finding(CLOCK, "problem", fact, advice)]
    if abs(middle) > epoch.round_length_s / 4:
        return [Finding(CLOCK, "warning", fact, advice)]
    return [Finding(CLOCK, "ok", fact)]
