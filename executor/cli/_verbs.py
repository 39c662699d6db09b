"""The verbs and the group that imports each of them on use: `executor --help` loads none."""

from __future__ import annotations

import gc
import os
from importlib import import_module
from types import MappingProxyType
from typing import Annotated, Any

import typer
from typer.core import TyperCommand, TyperGroup

VERBS = MappingProxyType(
    {
        "new": "Make a new function: a folder with manifest, source, replies and a test.",
        "build": "Check a function, compile it where it needs that, and print its ids.",
        "verify-build": "Build a function again, and compare it with its id.",
        "run": "Run a function here, with real or given observations.",
        "simulate": "Run one request through a committee in memory, each member answered a little differently.",
        "check": "Hunt for inputs and replies on which nodes would not agree, or the function traps.",
        "deploy": "Bring a function's bytes to the members' stores and its facts on chain.",
        "quote": "Say what a request costs, likely and at most, before it is made.",
        "request": "Ask for a function's result on chain, wait for it, and check its receipt.",
        "receipt": "Fetch a request's receipt from the members, check all of it, and show it.",
        "logs": "Show what each node did for a request, and what the function wrote.",
        "inspect": "Show what a module, function or receipt is.",
        "verify": "Check a receipt: every signature, every hash, and the run itself.",
        "upload": "Have a committee's nodes keep a function's bytes.",
        "secrets": "Give a function secrets, renew, list and delete them; seal a private input.",
        "subscription": "Make the account that pays for requests, pay in and out, let contracts spend from it.",
        "chainlink": "Move from Chainlink Functions: a function that runs its sources, a router for its clients.",
        "trigger": "Register what starts a function, list, pause, remove, and fire triggers.",
        "keygen": "Make the keys of a node.",
        "keys": "List, lock, unlock and rotate keys; export and import what they signed.",
        "signer": "Hold a node's keys, and sign for it.",
        "operator": "Register with the committee, pay in stake, leave it, withdraw.",
        "node": "Configure a node, and run it.",
        "doctor": "Check a node's keys, chain, peers and machine, and say what to fix.",
        "requests": "List open requests, or show what every member knows of one.",
        "evidence": "Find evidence that a member signed two outcomes, and prove it on chain.",
        "devnet": "A chain and a committee on this machine, up until Ctrl-C.",
        "demo": "The whole journey of a request, or another use case, shown as it happens.",
        "version": "Show this release: package, profile, engines.",
    }
)


class Verbs(TyperGroup):
    """A group whose commands are files."""

    _names_only = False

    def shell_complete(self, ctx: Any, incomplete: str) -> Any:
        """Names of verbs for the shell; none is imported for them."""
        self._names_only = True
        try:
            return super().shell_complete(ctx, incomplete)
        finally:
            self._names_only = False

    def list_commands(self, ctx: Any) -> list[str]:  # noqa: ARG002 (typer's signature)
        """The verbs in the order of the table."""
        return list(VERBS)

    def resolve_command(self, ctx: Any, args: list[str]) -> Any:
        """The verb that is meant; one that is close to another's name is refused naming that."""
        from executor.cli._groups import refuse_mistyped

        refuse_mistyped(ctx, args, VERBS)
        return super().resolve_command(ctx, args)

    def get_command(self, ctx: Any, cmd_name: str) -> Any:  # noqa: ARG002 (typer's signature)
        """The command of a verb, imported now."""
        if cmd_name not in VERBS:
            return None
        if self._names_only:
            return TyperCommand(cmd_name, help=VERBS[cmd_name])
        from executor.cli._groups import expand_home

        module = import_module(f"executor.cli.{cmd_name.replace('-', '_')}")
        gc.enable()
        if (group := getattr(module, "group", None)) is not None:  # a verb with verbs of its own
            group.info.name, group.info.help = cmd_name, VERBS[cmd_name]
            return expand_home(typer.main.get_command(group))
        single = typer.Typer(add_completion=False, rich_markup_mode=None, pretty_exceptions_enable=False)
        single.command(name=cmd_name, help=VERBS[cmd_name])(module.command)
        return expand_home(typer.main.get_command(single))

    def format_commands(self, ctx: Any, formatter: Any) -> None:  # noqa: ARG002 (typer's signature)
        """The help's list of verbs, from the table alone."""
        with formatter.section("Verbs"):
            formatter.write_dl(list(VERBS.items()))


app = typer.Typer(
    cls=Verbs,
    add_completion=True,  # --install-completion and --show-completion
    no_args_is_help=True,
    rich_markup_mode=None,
    pretty_exceptions_enable=False,
    context_settings={"help_option_names": ["-h", "--help"]},
)


@app.callback(invoke_without_command=True)
def root(
    context: typer.Context,
    version: Annotated[bool, typer.Option("--version", "-V", help="Show this release's number.")] = False,
) -> None:
    """Serverless functions for smart contracts that nobody has to trust."""
    if os.environ.get("NO_COLOR"):  # https://no-color.org
        context.color = False
    if version:
        from importlib.metadata import version as release

        typer.echo(f"executor {release('executor')}")
        raise typer.Exit
