"""One local run for verbs that want to know what a function uses."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from executor.capabilities.private import GivenPrivateData
from executor.cli._chains import LocalChains, chains_of
from executor.cli._config import Settings
from executor.cli._draws import drawing, timestamp_for
from executor.cli._load import load_kept, tested
from executor.cli._local import LocalRun, run_locally
from executor.cli.run import read_input
from executor.model.function import Function
from executor.model.request import Request
from executor.projects import function_of, load_project
from executor.testing.checking.plan import read_plan
from executor.testing.replies import RepliedCapabilities, made_up_secrets
from executor.testing.replies_file import read_replies
from executor.vm import Capabilities, Program

if TYPE_CHECKING:
    from executor.capabilities import HttpSettings


@dataclass(frozen=True, slots=True)
class Once:
    """A run, and of what."""

    function: Function
    program: Program
    run: LocalRun


def run_once(path: Path, input_text: str, replies: Path | None, settings: Settings) -> Once:
    """Run a project's function with a file's replies, check.toml's, or really, on the settings' chain; secrets made up.

    Raises InvalidConfig, InvalidManifest, HostFault.
    """
    project = load_project(path)
    function = function_of(project)
    replied = read_plan(project.directory).replies if replies is None else read_replies(replies)
    tested()
    program, private = load_kept(function), GivenPrivateData(made_up_secrets(function.terms))
    local = Request.local(
        program.function_id,
        read_input(input_text),
        block_timestamp=timestamp_for(function.terms),
        chain_id=function.terms.home_chain,
    )

    def http() -> HttpSettings:
        from executor.capabilities import HttpSettings

        return HttpSettings(overrides=dict(settings.resolve))

    with LocalChains(chains_of(settings, function.terms) if replied is None else []) as chains:
        request = chains.placed(local, None)

        def capabilities(slot: int) -> Capabilities:
            if replied is not None:
                return RepliedCapabilities(function.terms, replied, private, request=request)
            from executor.capabilities import BlockingCapabilities, EvmSettings, granted_capabilities

            evm = EvmSettings(chains.readers)
            live = granted_capabilities(function.terms, http(), evm=evm, private=private, request=request, slot=slot)
            return BlockingCapabilities(live, chains.run)

        run = run_locally(program, request, capabilities, {}, drawing(None, http, replied))
    return Once(function, program, run)
