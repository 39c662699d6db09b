"""The signer: its socket, its keys, its record."""

from __future__ import annotations

import stat
from pathlib import Path

from executor.errors import ExecutorError
from executor.keys.client import SignerClient
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
        scene.keys = await client.public_keys()
        counter = await client.record_counter()
    except ExecutorError as error:
        advice = "unlock it, or start it again; its log says why (journalctl -u executor-signer)"
        return [*findings, Finding(AREA, "problem", words(error), advice)]
    finally:
        await client.close()
    return [*findings, Finding(AREA, "ok", f"key {scene.keys.signer}; its record holds {counter} promises")]


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
