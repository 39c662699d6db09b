"""Children of a test that act as other users: `python users.py signer …` and `python users.py callers …`.

Whoever gives up root may not be able to read Python's own library any more (a home directory of mode 0700): what the
part needs is imported before.
"""

from __future__ import annotations

import asyncio
import errno
import json
import os
import sys
from collections.abc import Awaitable, Callable
from pathlib import Path

from executor.errors import ExecutorError
from executor.keys import process
from executor.keys.client import SignerClient
from executor.keys.ring import Keyring
from executor.model.committee import EpochIdentity
from executor.model.ids import Address

PASSWORD = "correct horse"
EPOCH = EpochIdentity(31337, Address(b"r" * 20), Address(b"c" * 20), 1)


def become(uid: int, groups: list[int]) -> None:
    """This user for good, in these groups alone; whoever is this user already stays as it is."""
    if uid == os.geteuid():
        return
    os.setgroups(groups)
    os.setresgid(uid, uid, uid)
    os.setresuid(uid, uid, uid)


def signer(uid: str, group: str, rehearsal: str, *arguments: str) -> int:
    """The signer process under a user; `rehearsal` holds other keys, which root opens first."""
    ring = Keyring.open(Path(rehearsal))
    ring.decrypt(PASSWORD)
    ring.close()
    become(int(uid), [int(group)])
    return process.main(arguments)


def callers(socket: str, keys: str, pid: str, *users: str) -> int:
    """Each user (`uid` or `uid:group`) in a process of its own; prints what it was given, a line each."""
    for user in users:
        uid, _, group = user.partition(":")
        if not (child := os.fork()):
            become(int(uid), [int(group)] if group else [])
            print(json.dumps(asyncio.run(tried(Path(socket), Path(keys), pid))), flush=True)
            os._exit(0)
        if os.waitpid(child, 0)[1]:
            return 1
    return 0


async def tried(socket: Path, keys: Path, pid: str) -> dict[str, str]:
    """Asks of the signer, and ways around it: "done", or why not."""
    client = SignerClient(socket)
    asks: dict[str, Callable[[], Awaitable[object]]] = {
        "keys": client.public_keys,
        "sign": lambda: client.sign_message(EPOCH, 0, 1, b"payload"),
        "lock": client.lock,
    }
    said = {"uid": str(os.getuid())}
    for name, ask in asks.items():
        try:
            await ask()
            said[name] = "done"
        except ExecutorError as error:
            said[name] = f"{type(error).__name__}: {error}"
    await client.close()
    around: dict[str, Callable[[], object]] = {
        "read a key": (keys / "signer.json").read_bytes,
        "read the record": (keys / "record.sqlite3").read_bytes,
        "list the keys": lambda: list(keys.iterdir()),
        "read the signer's memory": Path(f"/proc/{pid}/mem").read_bytes,
        "read its environment": Path(f"/proc/{pid}/environ").read_bytes,
        "kill it": lambda: os.kill(int(pid), 0),
        "take the socket's place": lambda: socket.with_name("other.sock").touch(),
        "remove the socket": socket.unlink,
    }
    for name, attempt in around.items():
        try:
            attempt()
            said[name] = "done"
        except OSError as error:
            said[name] = errno.errorcode[error.errno or 0]
    return said


if __name__ == "__main__":
    sys.exit({"signer": signer, "callers": callers}[sys.argv[1]](*sys.argv[2:]))
