"""The signer process: `python -m executor.keys.process --directory KEYS --socket PATH`.

The password comes from --password-file, --password-env, or else the first line of standard input; never from the
command line, where other users read it. Prints one line when it listens; SIGTERM and SIGINT stop it.
"""

from __future__ import annotations

import argparse
import asyncio
import os
import resource
import signal
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Final as Constant

from executor.errors import ExecutorError, KeyStoreError
from executor.keys.keyset import MAX_FILE_BYTES, RECORD_FILE, load_keys
from executor.keys.record import SignerRecord
from executor.keys.server import SignerServer
from executor.keys.signer import Signer
from executor.logs import configure_logs, identify

# Python's default. py_ecc, which eth_keyfile imports, raises it to 100,000: deeply nested JSON on the socket would then
# overflow the C stack and kill the process instead of being refused.
RECURSION_LIMIT: Constant = 1000


def main(arguments: Sequence[str] | None = None) -> int:
    """Run until stopped; 0 after a clean stop, 1 with one line on standard error otherwise."""
    options = _parser().parse_args(arguments)
    configure_logs()
    os.umask(0o077)
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))  # a core file would hold the keys
    sys.setrecursionlimit(RECURSION_LIMIT)
    try:
        asyncio.run(_run(options.directory, options.socket, _password(options)))
    except ExecutorError as error:
        sys.stderr.write(f"signer: {error}\n")
        return 1
    return 0


async def _run(directory: Path, socket_path: Path, password: str) -> None:
    stopped = asyncio.Event()
    for name in (signal.SIGTERM, signal.SIGINT):
        asyncio.get_running_loop().add_signal_handler(name, stopped.set)
    keys = load_keys(directory, password)
    identify(signer=str(keys.public.signer))
    record = SignerRecord.open(directory / RECORD_FILE, keys.public.signer)
    try:
        server = SignerServer(Signer(keys, record), socket_path)
        await server.start()
        sys.stdout.write(f"signer {keys.public.signer} listens on {socket_path}\n")
        sys.stdout.flush()
        await stopped.wait()
        await server.close()
    finally:
        record.close()


def _password(options: argparse.Namespace) -> str:
    if options.password_file is not None:
        try:
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
    source = parser.add_mutually_exclusive_group()
    source.add_argument("--password-file", type=Path, help="file whose first line is the password")
    source.add_argument("--password-env", metavar="NAME", help="environment variable that holds the password")
    return parser


if __name__ == "__main__":
    sys.exit(main())
