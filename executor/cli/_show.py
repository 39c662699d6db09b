"""Printing for people: colours on a terminal only, one fact a line; and for programs: JSON."""

from __future__ import annotations

import json
from collections.abc import Mapping

import typer

from executor.model.codec import Json


def fact(label: str, value: object) -> None:
    """One labelled fact."""
    typer.echo(f"{typer.style(f'{label:<14}', dim=True)} {value}")


def verdict(passed: bool, name: str, detail: str) -> None:
    """One check, passed or not."""
    mark = typer.style("✓", fg="green") if passed else typer.style("✗", fg="red", bold=True)
    typer.echo(f"{mark} {name:<14} {detail}")


def as_json(value: Mapping[str, Json]) -> None:
    """A value for programs, indented."""
    typer.echo(json.dumps(value, indent=2, ensure_ascii=False))


def one_line(text: str, characters: int = 2_000) -> str:
    """A stranger's text on one line of a terminal: what is not printable is escaped, what is too long cut."""
    shown = "".join(letter if letter.isprintable() else f"\\x{ord(letter):02x}" for letter in text[:characters])
    return f"{shown}…" if len(text) > characters else shown


def readable(data: bytes) -> str:
    """Hex, or the text itself where the bytes are printable."""
    try:
        text = data.decode("utf-8")
    except UnicodeDecodeError:
        return f"0x{data.hex()}"
    return repr(text) if text and text.isprintable() else f"0x{data.hex()}"
