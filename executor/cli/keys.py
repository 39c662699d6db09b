"""executor keys"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, TypeVar

import typer

from executor.cli._groups import verb_group
from executor.cli._show import as_json, fact
from executor.cli.keygen import read_password
from executor.errors import InvalidConfig
from executor.model.codec import to_plain

if TYPE_CHECKING:
    from executor.keys.client import SignerClient
    from executor.keys.record import SignerRecord

T = TypeVar("T")

group = verb_group()
record = verb_group("What a key has signed, as a file.")
group.add_typer(record, name="record")

Socket = Annotated[Path, typer.Option(help="The running signer's Unix socket.")]
Directory = Annotated[Path, typer.Argument(help="Where the keys are.")]
PasswordFile = Annotated[
    Path | None, typer.Option(help="File with the password; else $EXECUTOR_PASSWORD, or a prompt.")
]
Json = Annotated[bool, typer.Option("--json", help="Print JSON.")]


@group.command("list")
def list_keys(socket: Socket, json_output: Json = False) -> None:
    """Show every key set of a running signer: public keys, promises recorded, epochs barred."""
    keys = _ask(socket, lambda signer: signer.list_keys())
    if json_output:
        as_json(to_plain(keys))
        return
    fact("signer", "locked" if keys.locked else "unlocked")
    for listed in keys.sets:
        fact("set", listed.name or "(the directory itself)")
        for name, value in to_plain(listed.public).items():
            fact(f"  {name.replace('_', ' ')}", value)
        fact("  promises", listed.record_counter)
        for barred in listed.barred:
            fact("  barred", f"every epoch up to {barred.number} of committee {barred.committee}")


@group.command()
def lock(socket: Socket, json_output: Json = False) -> None:
    """Have a running signer forget its secrets: it signs nothing until it is unlocked."""
    _ask(socket, lambda signer: signer.lock())
    as_json({"locked": True}) if json_output else fact("signer", "locked")


@group.command()
def unlock(socket: Socket, password_file: PasswordFile = None, json_output: Json = False) -> None:
    """Have a running signer decrypt its keys again."""
    password = read_password(password_file)
    _ask(socket, lambda signer: signer.unlock(password))
    as_json({"locked": False}) if json_output else fact("signer", "unlocked")


@group.command()
def rotate(
    directory: Directory,
    password_file: PasswordFile = None,
    keep_transmitter: Annotated[
        bool, typer.Option("--keep-transmitter", help="Keep the account that pays for gas.")
    ] = False,
    json_output: Json = False,
) -> None:
    """Make a new key set beside the old, which serves on until the next epoch."""
    from executor.keys.rotation import rotate_keys

    password = read_password(password_file)
    rotated = rotate_keys(directory, password, keep_transmitter=keep_transmitter)
    shown = {"set": rotated.directory.name, **to_plain(rotated.public)}
    if json_output:
        as_json(shown)
        return
    for name, value in shown.items():
        fact(name.replace("_", " "), value)
    steps = [
        "restart the signer: it then holds both sets, and the node goes on with the old one",
        "register the new keys: executor operator register --config node.toml --endpoint URL",
        "when the committee's owner has begun the next epoch, restart the node: it finds the set the epoch knows",
        "move the old set's folder away once no epoch that it served can be asked about any more",
    ]
    for number, step in enumerate(steps, 1):
        fact(f"step {number}", step)


@group.command("change-password")
def change_password(
    directory: Directory,
    password_file: PasswordFile = None,
    new_password_file: Annotated[Path | None, typer.Option(help="File with the new password; else a prompt.")] = None,
    json_output: Json = False,
) -> None:
    """Encrypt every key anew; repeated after an interruption, it finishes what was begun."""
    from executor.keys.rotation import change_password as change

    old = read_password(password_file)
    if new_password_file is not None:
        new = read_password(new_password_file)
    else:
        new = typer.prompt("New password", hide_input=True, confirmation_prompt=True)
    change(directory, old, new)
    as_json({"changed": str(directory)}) if json_output else fact("changed", directory)


@record.command("export")
def export_record(
    directory: Directory,
    file: Annotated[Path, typer.Argument(help="The file to write; never overwritten.")],
    final: Annotated[
        bool, typer.Option("--final", help="To move: this record signs nothing afterwards, the importing one goes on.")
    ] = False,
    key_set: Annotated[str, typer.Option("--set", help="The key set's name (executor keys list).")] = "",
    json_output: Json = False,
) -> None:
    """Write what a key has signed; the signer must be stopped."""
    from executor.keys.interchange import export_record as export
    from executor.keys.interchange import write_interchange

    opened = _open_record(directory, key_set)
    try:
        exported = export(opened, final=final)
        write_interchange(file, exported)
    finally:
        opened.close()
    if json_output:
        as_json({"promises": exported.metadata.record_counter, "written": str(file), "final": final})
        return
    fact("promises", exported.metadata.record_counter)
    fact("written", file)
    if final:
        fact("handed over", "this key signs nothing here any more")


@record.command("import")
def import_record(
    directory: Directory,
    file: Annotated[Path, typer.Argument(help="What `export` wrote.")],
    key_set: Annotated[str, typer.Option("--set", help="The key set's name (executor keys list).")] = "",
    json_output: Json = False,
) -> None:
    """Merge what a key has signed into its record, which is made where it is missing; the signer must be stopped."""
    from executor.keys.interchange import import_record as take
    from executor.keys.interchange import read_interchange

    read = read_interchange(file)
    opened = _open_record(directory, key_set, create=True)
    try:
        new = take(opened, read)
    finally:
        opened.close()
    if json_output:
        as_json({"new_promises": new, "barred": not read.metadata.final})
        return
    fact("new promises", new)
    if not read.metadata.final:
        fact("barred", "this is a backup: the key signs nothing for any epoch that has begun when a node first asks")


def _open_record(directory: Path, key_set: str, *, create: bool = False) -> SignerRecord:
    from executor.keys.keyset import RECORD_FILE, find_sets, load_public_keys
    from executor.keys.record import SignerRecord

    sets = find_sets(directory)
    if key_set not in sets:
        raise InvalidConfig(f"--set {key_set!r}: {directory} holds {', '.join(map(repr, sets))}")
    path = sets[key_set] / RECORD_FILE
    signer = load_public_keys(sets[key_set]).signer
    return (SignerRecord.create if create and not path.exists() else SignerRecord.open)(path, signer)


def _ask(socket: Path, ask: Callable[[SignerClient], Awaitable[T]]) -> T:
    from executor.keys.client import SignerClient

    async def exchange() -> T:
        client = SignerClient(socket)
        try:
            return await ask(client)
        finally:
            await client.close()

    return asyncio.run(exchange())
