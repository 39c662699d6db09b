"""Receipts from members: the first that passes every check, whoever gave it."""

from __future__ import annotations

import asyncio
import os
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from executor.cli._network import Member, Network
from executor.errors import HostFault, InvalidConfig, InvalidReceipt
from executor.model.ids import RequestId
from executor.model.receipt import MAX_RECEIPT_BYTES, Receipt
from executor.receipts import Check, all_passed, verify_receipt
from executor.receipts.files import parse_receipt, write_receipt

FETCH_S: Final = 60.0  # of all members together: the largest receipts have some MB
ASKED_AT_ONCE: Final = 34  # f + 1 of the largest committee: silent members never keep an honest one from being asked
POLL_S: Final = 0.3


@dataclass(frozen=True, slots=True)
class Fetched:
    """A receipt, who gave it, and what every check said of it."""

    receipt: Receipt
    node: str
    checks: tuple[Check, ...]

    @property
    def passed(self) -> bool:
        """Whether it passed every check."""
        return all_passed(self.checks)


async def fetch_receipt(
    network: Network, request: RequestId, *, delivered: bool = False, wait_s: float = 0.0
) -> Fetched:
    """A receipt of this request that passes every check, offline and on chain; else the last that does not.

    With `delivered` one that knows its delivery is waited for, at most `wait_s`. Raises HostFault where there is none.
    """
    members = await network.members()
    deadline = asyncio.get_running_loop().time() + wait_s
    while True:
        until = deadline if delivered else asyncio.get_running_loop().time() + FETCH_S
        best, reasons = await _look(network, members, request, delivered, until)
        if best is not None and (best.passed or asyncio.get_running_loop().time() >= deadline):
            return best
        if asyncio.get_running_loop().time() >= deadline:
            break
        await asyncio.sleep(POLL_S)
    if delivered:  # what members know of the delivery is a courtesy: the receipt proves itself
        return await fetch_receipt(network, request)
    raise HostFault(f"no node gives a receipt of {request}: {'; '.join(dict.fromkeys(reasons)) or 'no nodes'}")


async def _look(
    network: Network, members: Sequence[Member], request: RequestId, delivered: bool, until: float
) -> tuple[Fetched | None, list[str]]:
    """All members are asked, side by side; what they give is checked one at a time, as it comes."""
    refused: Fetched | None = None
    reasons: list[str] = []
    fetching, checking = asyncio.Semaphore(ASKED_AT_ONCE), asyncio.Lock()

    async def asked(member: Member) -> Fetched | str:
        try:
            async with asyncio.timeout_at(until):
                await fetching.acquire()
        except TimeoutError:
            return "not asked: the others took all the time"
        try:  # held until it is checked: so many receipts are in memory, and no more
            async with asyncio.timeout_at(until):
                data = await _fetch(member, request)
            if isinstance(data, str):
                return data
            receipt = parse_receipt(data)
            if delivered and receipt.delivered is None:
                return "not delivered yet"
            async with checking:
                return await _checked(network, receipt, member.url, request)
        except InvalidReceipt as error:
            return str(error)
        except TimeoutError:
            return "no answer in time"
        finally:
            fetching.release()

    async def named(member: Member) -> tuple[Member, Fetched | str]:
        return member, await asked(member)

    tasks = [asyncio.create_task(named(member)) for member in members]
    try:
        for each in asyncio.as_completed(tasks):
            member, fetched = await each
            if isinstance(fetched, str):
                reasons.append(f"{member.url}: {fetched}")
            elif fetched.passed:
                return fetched, reasons
            else:
                refused = fetched
    finally:
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
    return refused, reasons


async def _checked(network: Network, receipt: Receipt, node: str, request: RequestId) -> Fetched:
    from executor.cli._load import load_kept, tested
    from executor.crypto.digests import request_id
    from executor.model.function import Function
    from executor.model.profile import PROFILE, Profile
    from executor.receipts.on_chain import verify_on_chain
    from executor.vm import Program, load

    def loaded(function: Function, profile: Profile = PROFILE, /) -> Program:
        return load_kept(function) if profile == PROFILE else load(function, profile)

    if request_id(receipt.request) != request:  # not replayed: nobody asked for what that costs
        return Fetched(receipt, node, (Check("asked for", False, "it is of another request"),))
    await asyncio.to_thread(tested)  # D11: a replay on a machine whose settings have no effect says nothing
    checks = [Check("asked for", True, "the receipt is of this request")]
    checks += await asyncio.to_thread(verify_receipt, receipt, load=loaded)
    settings = network.settings
    if settings.rpc_urls:
        if (receipt.epoch.chain_id, receipt.epoch.router) != (network.chain.chain_id, network.chain.router):
            checks.append(Check("chain", False, "it is of another chain or router"))
        else:
            checks += await verify_on_chain(receipt, *settings.rpc_urls)
    return Fetched(receipt, node, tuple(checks))


async def _fetch(member: Member, request: RequestId) -> bytes | str:
    """The bytes, or why there are none."""
    import aiohttp

    from executor.transport.bodies import read_whole

    connector = None if member.networks is None else member.networks.connector()
    try:
        async with (
            aiohttp.ClientSession(
                timeout=aiohttp.ClientTimeout(total=FETCH_S), auto_decompress=False, connector=connector
            ) as session,
            session.get(f"{member.url}/v1/receipts/{request}", allow_redirects=False) as answer,
        ):
            if answer.status == 404:
                return "it has none"
            if answer.status != 200:
                return f"HTTP {answer.status}"
            data = await read_whole(answer.content, MAX_RECEIPT_BYTES)
    except (aiohttp.ClientError, TimeoutError, OSError) as error:
        return " ".join(str(error).split())[:200] or "no answer in time"
    return f"more than {MAX_RECEIPT_BYTES} bytes" if data is None else data


def save(path: Path, receipt: Receipt) -> None:
    """Writes the receipt's file; raises InvalidConfig naming it."""
    try:
        write_receipt(path, receipt, durably=False)
    except OSError as error:
        raise InvalidConfig(f"{path}: {error.strerror}") from error


def check_target(path: Path) -> None:
    """Raises InvalidConfig where `save` could not write, before what the receipt is of is paid for."""
    folder = next((each for each in path.parents if each.exists()), path.parent)
    if path.is_dir() or not folder.is_dir() or not os.access(folder, os.W_OK | os.X_OK):
        raise InvalidConfig(f"{path}: no file can be written there; nothing was sent")
