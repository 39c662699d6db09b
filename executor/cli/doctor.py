"""executor doctor"""

from __future__ import annotations

import asyncio
from pathlib import Path
from typing import Annotated

import typer

from executor.cli._exits import FAILED
from executor.cli._show import as_json, waiting

COLOURS = {"ok": "green", "warning": "yellow", "problem": "red"}


def command(
    config: Annotated[Path, typer.Option(help="The node's TOML file.")] = Path("node.toml"),
    json_output: Annotated[bool, typer.Option("--json", help="Print the findings as JSON.")] = False,
    strict: Annotated[bool, typer.Option(help="Let warnings count as problems.")] = False,
) -> None:
    """Check a node's configuration, keys, chain, peers and machine; changes nothing."""
    from executor.node.config import read_config
    from executor.node.doctor.examination import config_finding, examine

    with waiting("examining"):
        findings = [config_finding(config), *asyncio.run(examine(read_config(config)))]
    counts = {level: sum(finding.level == level for finding in findings) for level in COLOURS}
    failed = counts["problem"] + (counts["warning"] if strict else 0)
    if json_output:
        plain = [
            {"area": each.area, "level": each.level, "fact": each.fact, "advice": each.advice} for each in findings
        ]
        as_json({"passed": not failed, **counts, "findings": plain})
    else:
        for each in findings:
            mark = typer.style(f"{each.level:<8}", fg=COLOURS[each.level], bold=each.level == "problem")
            typer.echo(f"{mark} {each.area:<12} {each.fact}{f'; {each.advice}' if each.advice else ''}")
        typer.echo(", ".join(f"{level}: {count}" for level, count in counts.items()))
    if failed:
        raise typer.Exit(FAILED)
