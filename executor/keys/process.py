"""The signer process: `python -m executor.keys.process --directory KEYS --socket PATH`.

The password comes from --password-file, --password-env, or else the first line of standard input; never from the
command line, where other users read it. Prints one line when it listens; SIGTERM and SIGINT stop it.
"""

from __future__ import annotations

import argparse
import asyncio
import os
import signal
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Final as Constant

from executor.errors import ExecutorError, KeyStoreError
from executor.keys.access import Access, access_of
from executor.keys.files import check_password_file
from executor.keys.keyset import MAX_FILE_BYTES
from executor.keys.memory import keep_memory_here
from executor.keys.ring import Keyring
from executor.keys.server import SignerServer
from executor.logs import configure_logs, identify

# Python's default. py_ecc, which eth_keyfile imports, raises it to 100,000: deeply nested JSON on the socket would then
# overflow the C stack and kill the process instead of being refused.
RECURSION_LIMIT: Constant = 1000


def main(arguments: Sequence[str] | None = None) -> int:
    """Run until stopped; 0 after a clean stop, 1 with one line on standard error otherwise."""
    options = _parser().parse_args(arguments)
    configure_logs()
    keep_secrets_here()
    try:
        access = access_of(options.group, options.allow_uid)
        password = None if options.locked else _password(options)
        asyncio.run(serve(options.directory, options.socket, access, password))
    except ExecutorError as error:
        sys.stderr.write(f"signer: {error}\n")
        return 1
    return 0


async def serve(directory: Path, socket_path: Path, access: Access, password: str | None) -> None:
    """Serve the keys in a directory until SIGTERM or SIGINT; locked, where there is no password."""
    stopped = asyncio.Event()
    for name in (signal.SIGTERM, signal.SIGINT):
        asyncio.get_running_loop().add_signal_handler(name, stopped.set)
    ring = Keyring.open(directory)
    identify(signer=str(ring.list().sets[0].public.signer))
    try:
        if password is not None:
            ring.unlock(ring.decrypt(password))
        server = SignerServer(ring, socket_path, access)
        await server.start()
        signers = ", ".join(str(listed.public.signer) for listed in ring.list().sets)
        sys.stdout.write(f"signer {signers} listens on {socket_path}{' (locked)' if ring.locked else ''}\n")
        sys.stdout.flush()
        await stopped.wait()
        await server.close()
    finally:
        ring.close()


def keep_secrets_here() -> None:
    """No core file, no other process of this user reading our memory, nothing made that others may read."""
    os.umask(0o077)
    keep_memory_here()
    sys.setrecursionlimit(RECURSION_LIMIT)


def _password(options: argparse.Namespace) -> str:
    if options.password_file is not None:
        try:
            check_password_file(options.password_file)
            with options.password_file.open(encoding="utf-8") as file:
                text = file.read(MAX_FILE_BYTES)
        except (OSError, UnicodeDecodeError) as error:
            raise KeyStoreError(f"cannot read the password file: {error}") from error
    elif options.password_env is not None:
        text = os.environ.pop(options.password_env, "")
    else:
        text = sys.stdin.readline(MAX_FILE_BYTES)
    password = text.splitlines()[0] if text else ""
    if not password:
        raise KeyStoreError("no password given")
    return password


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m executor.keys.process", description="The signer process.")
    parser.add_argument("--directory", type=Path, required=True, help="where `executor keygen` wrote the keys")
    parser.add_argument("--socket", type=Path, required=True, help="Unix socket to serve, in a directory of mode 0700")
    parser.add_argument("--group", help="a group that reaches the socket: mode 0660, directory 0710")
    parser.add_argument("--allow-uid", type=int, action="append", default=[], help="another user who is served")
    source = parser.add_mutually_exclusive_group()
    source.add_argument("--password-file", type=Path, help="file whose first line is the password")
    source.add_argument("--locked", action="store_true", help="start without a password, to be unlocked later")
    source.add_argument("--password-env", metavar="NAME", help="environment variable that holds the password")
    return parser


if __name__ == "__main__":
    sys.exit(main())
