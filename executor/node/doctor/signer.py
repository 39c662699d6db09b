"""The signer: its socket, its keys, its record."""

from __future__ import annotations

import stat
from pathlib import Path

from executor.errors import ExecutorError
from executor.keys.client import SignerClient
from executor.keys.messages import Listed
from executor.node.doctor.findings import Finding, Scene, words

AREA = "signer"


async def check_signer(scene: Scene) -> list[Finding]:
    """Leaves the public keys in the scene."""
    path = scene.config.signer.socket
    findings = _socket(path)
    if any(finding.level == "problem" for finding in findings):
        return findings
    client = SignerClient(path)
    try:
        held = await client.list_keys()
    except ExecutorError as error:
        advice = "start it again; its log says why (journalctl -u executor-signer)"
        return [*findings, Finding(AREA, "problem", words(error), advice)]
    finally:
        await client.close()
    scene.keys = [listed.public for listed in held.sets]
    if held.locked:
        advice = f"executor keys unlock --socket {path}"
        findings.append(Finding(AREA, "problem", "the signer is locked: it signs nothing", advice))
    for listed in held.sets:
        findings.append(_set(listed))
    return findings


def _set(listed: Listed) -> Finding:
    name = f"set {listed.name!r}: " if listed.name else ""
    fact = f"{name}key {listed.public.signer}; its record holds {listed.record_counter} promises"
    if not listed.barred:
        return Finding(AREA, "ok", fact)
    barred = ", ".join(f"up to {each.number} of committee {each.committee}" for each in listed.barred)
    advice = "a record or journal went back: it signs again in a later epoch; docs/keys.md, Old copies"
    return Finding(AREA, "warning", f"{fact}; barred from epochs {barred}", advice)


def _socket(path: Path) -> list[Finding]:
    try:
        status, folder = path.stat(), path.parent.stat()
    except OSError as error:
        return [
            Finding(AREA, "problem", f"socket {path}: {error.strerror}", "start the signer, or correct [signer] socket")
        ]
    if not stat.S_ISSOCK(status.st_mode):
        return [Finding(AREA, "problem", f"{path} is no socket", "correct [signer] socket")]
    mode, around = stat.S_IMODE(status.st_mode), stat.S_IMODE(folder.st_mode)
    if mode & 0o007 and around & 0o007:
        advice = f"anybody on this machine can ask for signatures: chmod 0660 {path}, and 0750 its folder"
        return [Finding(AREA, "problem", f"socket {path} has mode {mode:04o}", advice)]
    return [Finding(AREA, "ok", f"socket {path}, mode {mode:04o} in a folder of mode {around:04o}")]
