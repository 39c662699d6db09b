"""Signer, node and strangers as users of their own, by the kernel's word and not by ours.

It takes root to be several users. Where the suite does not run as root the same is asked by the one user there is, who
must be served; the parameter in the test's name says which of the two ran.
"""

from __future__ import annotations

import grp
import json
import os
import re
import stat
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest
from users import PASSWORD

from executor.keys.keyset import KeySet, write_keys

USERS = Path(__file__).with_name("users.py")
SIGNER, NODE, MEMBER, STRANGER = 54_001, 54_002, 54_003, 54_004  # nobody's: the kernel asks for no names
GROUP = next(each for each in grp.getgrall() if each.gr_gid not in (0, os.getegid()))  # signers name one that exists
AROUND = (
    *("read a key", "read the record", "list the keys", "read the signer's memory", "read its environment"),
    *("take the socket's place", "remove the socket"),
)
ROOT = os.geteuid() == 0


@pytest.fixture
def place(keys: KeySet) -> Iterator[Path]:
    """Keys, the same a second time, and a folder for the socket, below one that everybody may pass."""
    with tempfile.TemporaryDirectory(prefix="users-", dir="/tmp") as name:  # short enough for a socket path
        folder = Path(name)
        folder.chmod(0o711)
        for each in ("keys", "rehearsal"):
            write_keys(folder / each, keys, PASSWORD, fast=True)
        (folder / "run").mkdir(mode=0o700)
        yield folder


def own(path: Path, uid: int, gid: int) -> None:
    """As `install -o` and tmpfiles do."""
    for each in (path, *path.rglob("*")):
        os.chown(each, uid, gid)


def start(place: Path, *command: str) -> subprocess.Popen[str]:
    """A signer that listens."""
    arguments = ["--directory", str(place / "keys"), "--socket", str(place / "run" / "s.sock")]
    with (place / "log").open("wb") as log:
        process = subprocess.Popen(
            [sys.executable, str(USERS), "signer", *command, *arguments],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=log,
            text=True,
        )
    assert process.stdin is not None
    assert process.stdout is not None
    process.stdin.write(f"{PASSWORD}\n")
    process.stdin.flush()
    assert "listens on" in process.stdout.readline()
    return process


def ask(place: Path, pid: int, *users: str) -> dict[int, dict[str, str]]:
    """What each of them was given."""
    targets = [str(place / "run" / "s.sock"), str(place / "keys"), str(pid)]
    done = subprocess.run(
        [sys.executable, str(USERS), "callers", *targets, *users],
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert (done.returncode, done.stderr) == (0, "")
    return {int(said["uid"]): said for said in map(json.loads, done.stdout.splitlines())}


@pytest.mark.parametrize("users", ["signer, node, member, stranger" if ROOT else "one: the suite is not root's"])
def test_the_nodes_user_is_served_and_no_other_reaches_the_signer_or_its_keys(place: Path, users: str) -> None:
    """As the units have it: three in one group, of whom one is on the signer's list; and somebody outside of it."""
    uid, gid = (SIGNER, GROUP.gr_gid) if ROOT else (os.geteuid(), os.getegid())
    group = grp.getgrgid(gid).gr_name
    own(place / "keys", uid, gid)
    own(place / "run", uid, gid)
    (place / "run").chmod(0o710)
    process = start(place, str(uid), str(gid), str(place / "rehearsal"), "--group", group, "--allow-uid", str(NODE))
    try:
        status = Path(f"/proc/{process.pid}/status").read_text()
        assert f"\nUid:\t{uid}\t{uid}\t{uid}\t{uid}\n" in status
        socket = (place / "run" / "s.sock").stat()
        assert (stat.S_IMODE(socket.st_mode), socket.st_uid, socket.st_gid) == (0o660, uid, gid)
        if users.startswith("signer, node"):
            check_others(ask(place, process.pid, f"{NODE}:{gid}", f"{MEMBER}:{gid}", str(STRANGER)))
            refused = re.findall(r"refused a connection of user (\d+)", (place / "log").read_text())
            assert set(refused) == {str(MEMBER)}
        itself = ask(place, process.pid, str(uid))[uid]  # whose keys they are; and what is tried above does work
        assert [itself[name] for name in ("keys", "sign", "lock", "read a key", "kill it")] == ["done"] * 5
        assert itself["read the signer's memory"] == "EACCES"
        assert itself["remove the socket"] == "done"
        process.terminate()
        assert process.wait(10) == 0
    finally:
        process.kill()
        process.communicate()


def check_others(said: dict[int, dict[str, str]]) -> None:
    """One signs, none administers, and none has a way around."""
    assert set(said) == {NODE, MEMBER, STRANGER}
    assert [said[NODE][name] for name in ("keys", "sign")] == ["done", "done"]
    assert said[NODE]["lock"].startswith("InvalidValue: ")
    for name in ("keys", "sign", "lock"):
        assert said[MEMBER][name].startswith("SignerUnavailable: ")  # hung up on
        assert "Permission denied" not in said[MEMBER][name]
        assert "Permission denied" in said[STRANGER][name]
    for each in said.values():
        assert {name: each[name] for name in AROUND} == dict.fromkeys(AROUND, "EACCES")
        assert each["kill it"] == "EPERM"
