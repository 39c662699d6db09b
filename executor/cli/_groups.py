"""What every verb and group of verbs is made with: help that cuts no sentence, and `~` for the home folder."""

from __future__ import annotations

from collections.abc import Callable, Collection
from difflib import get_close_matches
from functools import wraps
from pathlib import Path
from typing import Any

import typer
from typer.core import TyperGroup

from executor.errors import InvalidConfig


def refuse_mistyped(ctx: Any, args: list[str], names: Collection[str]) -> None:
    """Ends the command where a verb is meant that is close to another's name, naming that."""
    if args and args[0] not in names and (near := get_close_matches(args[0], names, n=1)):
        ctx.fail(f"No such command {args[0]!r}. Did you mean {near[0]!r}?")


class Group(TyperGroup):
    """A group whose help shows each verb's first paragraph whole; typer cuts it at 45 characters."""

    def resolve_command(self, ctx: Any, args: list[str]) -> Any:
        """The verb that is meant."""
        refuse_mistyped(ctx, args, self.list_commands(ctx))
        return super().resolve_command(ctx, args)

    def format_commands(self, ctx: Any, formatter: Any) -> None:
        """The help's list of verbs."""
        verbs = [(name, self.get_command(ctx, name)) for name in self.list_commands(ctx)]
        with formatter.section("Verbs"):
            formatter.write_dl([(name, " ".join((verb.help or "").split())) for name, verb in verbs if verb])


def verb_group(help: str | None = None) -> typer.Typer:
    """A verb that has verbs of its own."""
    return typer.Typer(
        cls=Group,
        help=help,
        no_args_is_help=True,
        add_completion=False,
        rich_markup_mode=None,
        pretty_exceptions_enable=False,
    )


def expand_home(command: Any) -> Any:
    """The command, with `~` in every path it is given replaced: shells leave `--option=~/file` as it is."""
    if (call := command.callback) is not None:
        command.callback = _expanding(call)
    for inner in getattr(command, "commands", {}).values():
        expand_home(inner)
    return command


def _expanding(call: Callable[..., Any]) -> Callable[..., Any]:
    @wraps(call)
    def called(**values: Any) -> Any:
        return call(**{name: _at_home(value) for name, value in values.items()})

    return called


def _at_home(value: Any) -> Any:
    match value:
        case Path():
            try:
                return value.expanduser()
            except RuntimeError as error:
                raise InvalidConfig(f"{value}: this machine knows no such home folder: write the whole path") from error
        case list():
            return [_at_home(each) for each in value]
        case _:
            return value
