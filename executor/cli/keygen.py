"""executor keygen"""

from __future__ import annotations

import os
import sys
from pathlib import Path
from typing import Annotated

import typer

from executor.cli._show import as_json, fact
from executor.errors import InvalidConfig
from executor.keys.files import check_password_file
from executor.keys.keyset import create_keys
from executor.model.codec import to_plain

VARIABLE = "EXECUTOR_PASSWORD"


def command(
    directory: Annotated[Path, typer.Argument(help="Where the key files go; made if missing.")],
    password_file: Annotated[
        Path | None, typer.Option(help=f"File with the password; else ${VARIABLE}, else a prompt.")
    ] = None,
    json_output: Annotated[bool, typer.Option("--json", help="Print the public keys as JSON.")] = False,
) -> None:
    """Make the keys of a node."""
    public = to_plain(create_keys(directory, read_password(password_file, confirm=True)))
    if json_output:
        as_json(public)
        return
    for name, value in public.items():
        fact(name.replace("_", " "), value)
    fact("written", directory)


def read_password(file: Path | None, *, confirm: bool = False) -> str:
    """The password from a file's first line, the environment, or a prompt; raises InvalidConfig when there is none."""
    if file is not None:
        try:
            check_password_file(file)
            lines = file.read_text().splitlines()
        except OSError as error:
            raise InvalidConfig(f"cannot read the password file {file}: {error.strerror}") from error
        except UnicodeDecodeError as error:
            raise InvalidConfig(f"cannot read the password file {file}: it is no text: {error}") from error
        password = lines[0] if lines else ""
    elif VARIABLE in os.environ:
        password = os.environ[VARIABLE]
    elif not sys.stdin.isatty():
        raise InvalidConfig(
            f"no terminal to ask for a password: use --password-file or the environment variable {VARIABLE}"
        )
    else:
        password = typer.prompt("Password", hide_input=True, confirmation_prompt=confirm)
    if not password:
        raise InvalidConfig("the password is empty")
    return password
