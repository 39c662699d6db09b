"""executor signer"""

from __future__ import annotations

import asyncio
from pathlib import Path
from typing import Annotated

import typer

from executor.cli.keygen import read_password


def command(
    directory: Annotated[Path, typer.Option(help="Where the keys are (executor keygen).")],
    socket: Annotated[Path, typer.Option(help="Unix socket to serve, in a directory that others cannot write.")],
    password_file: Annotated[
        Path | None,
        typer.Option(
            help="File with the password, such as $CREDENTIALS_DIRECTORY/NAME; else $EXECUTOR_PASSWORD, else a prompt."
        ),
    ] = None,
    locked: Annotated[bool, typer.Option("--locked", help="Start without the password: executor keys unlock.")] = False,
    group: Annotated[
        str | None, typer.Option(help="A group that reaches the socket: mode 0660, in a directory of mode 0710.")
    ] = None,
    allow_uid: Annotated[
        list[int] | None, typer.Option(help="A user beside this one who is served; may be given several times.")
    ] = None,
) -> None:
    """Hold the keys, and sign what a node asks for, until SIGTERM or Ctrl-C."""
    from executor.keys.access import access_of
    from executor.keys.process import keep_secrets_here, serve
    from executor.logs import configure_logs

    configure_logs()
    keep_secrets_here()
    access = access_of(group, allow_uid or [])
    password = None if locked else read_password(password_file)
    asyncio.run(serve(directory, socket, access, password))
