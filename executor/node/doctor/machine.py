"""This machine: disk, ports, the engine, and what holds the workers."""

from __future__ import annotations

import os
import shutil
import socket
import stat
import statistics
import tempfile
import time
from pathlib import Path
from typing import Final as Constant

import aiohttp

from executor.node.doctor.findings import Finding, Level, Scene, in_thread, words
from executor.vm import self_test
from executor.worker import WorkerPool

LITTLE_BYTES: Constant = 1 << 30  # journals and receipts of some weeks; a full disk stops the node
SOME_BYTES: Constant = 5 << 30
SLOW_S: Constant = 0.05  # a request commits about five times
VERY_SLOW_S: Constant = 0.5
SYNCS: Constant = 7
ASK_S: Constant = 1.0  # of this machine itself


async def check_disk(scene: Scene) -> list[Finding]:
    """Space, permissions, and how long a sync takes, on an unnamed file."""
    return await in_thread(lambda: _disk(scene.config.data))


def _disk(data: Path) -> list[Finding]:
    area, place = "disk", data
    while not place.exists() and place != place.parent:
        place = place.parent
    findings = []
    if not place.is_dir():
        return [Finding(area, "problem", f"{place} is no folder", "name a folder in `data`")]
    if place == data:
        status = data.stat()
        mode = stat.S_IMODE(status.st_mode)
        if status.st_uid != os.geteuid() and os.geteuid() != 0:
            findings.append(Finding(area, "problem", f"{data} belongs to user {status.st_uid}", "run as that user"))
        elif mode & 0o077:
            findings.append(Finding(area, "warning", f"{data} has mode {mode:04o}", f"chmod 0700 {data}"))
        else:
            findings.append(Finding(area, "ok", f"{data}, mode {mode:04o}"))
    else:
        findings.append(Finding(area, "ok", f"{data} is not there yet; the node makes it below {place}"))
    if not os.access(place, os.W_OK | os.X_OK):
        return [
            *findings,
            Finding(area, "problem", f"{place} cannot be written", "mount it writable, and to this user"),
        ]
    free = shutil.disk_usage(place).free
    level: Level = "problem" if free < LITTLE_BYTES else "warning" if free < SOME_BYTES else "ok"
    advice = "" if level == "ok" else "make room: with a full disk the node stops"
    findings.append(Finding(area, level, f"{free / (1 << 30):.1f} GiB free", advice))
    return [*findings, _sync(area, place)]


def _sync(area: str, place: Path) -> Finding:
    try:
        descriptor = os.open(place, os.O_TMPFILE | os.O_WRONLY, 0o600)
    except (OSError, AttributeError):  # not every file system or system has unnamed files
        return Finding(area, "ok", "how long a sync takes was not measured: this file system has no unnamed files")
    times = []
    try:
        for _ in range(SYNCS):
            begun = time.perf_counter()
            os.write(descriptor, b"x" * 4_096)
            os.fsync(descriptor)
            times.append(time.perf_counter() - begun)
    finally:
        os.close(descriptor)
    middle = statistics.median(times)
    fact = f"a sync takes {middle * 1_000:.1f} ms"
    advice = "each request waits for about five: use a local SSD"
    if middle > SLOW_S:
        return Finding(area, "problem" if middle > VERY_SLOW_S else "warning", fact, advice)
    return Finding(area, "ok", fact)


async def check_ports(scene: Scene) -> list[Finding]:
    """Whether the node can listen, or does already."""
    config = scene.config
    findings = [await _port("http", config.http.host, config.http.port, "/v1/health")]
    if config.metrics.enabled:
        findings.append(await _port("metrics", config.metrics.host, config.metrics.port, "/metrics"))
    return findings


async def _port(table: str, host: str, port: int, path: str) -> Finding:
    area, where = "ports", f"[{table}] {host}:{port}"
    try:
        family, _, _, _, address = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)[0]
        with socket.socket(family, socket.SOCK_STREAM) as probe:
            probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            probe.bind(address)
    except OSError as error:
        if await _answers(f"http://{'127.0.0.1' if host in ('0.0.0.0', '::') else host}:{port}{path}"):  # noqa: S104
            return Finding(area, "ok", f"{where}: a node answers there already")
        return Finding(
            area, "problem", f"{where}: {words(error.strerror or error)}", f"choose another [{table}] host or port"
        )
    return Finding(area, "ok", f"{where}: free")


async def _answers(url: str) -> bool:
    try:
        async with (
            aiohttp.ClientSession(timeout=aiohttp.ClientTimeout(total=ASK_S)) as session,
            session.get(url, allow_redirects=False) as answer,
        ):
            return answer.status in (200, 503)
    except (aiohttp.ClientError, TimeoutError, OSError):
        return False


async def check_sandbox(scene: Scene) -> list[Finding]:
    """The engine's settings (D11), and what this kernel lets a worker give up."""
    await in_thread(self_test)
    findings = [Finding("sandbox", "ok", "every setting of the engine has its effect")]
    with tempfile.TemporaryDirectory(prefix="executor-doctor-") as cache:
        pool = WorkerPool(size=1, spares=0, cache=Path(cache))
        try:
            await pool.start()
            confinement = pool.confinement
        finally:
            await pool.close()
    if confinement.complete:
        advice = "" if confinement.landlock else "a kernel with Landlock (5.13) would deny files a second time"
        return [
            *findings,
            Finding("sandbox", "ok" if confinement.landlock else "warning", f"workers: {confinement}", advice),
        ]
    required = scene.config.workers.require_confinement
    advice = "use Linux with seccomp, and see docs/isolation.md for containers"
    return [*findings, Finding("sandbox", "problem" if required else "warning", f"workers: {confinement}", advice)]
