"""Printing for people: colours on a terminal only, one fact a line; and for programs: JSON."""

from __future__ import annotations

import json
import sys
import threading
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from typing import Final

import typer

from executor.model.codec import Json

QUIET_S: Final = 0.5  # what takes less needs no word
_WAITING: Final = threading.Lock()


def fact(label: str, value: object) -> None:
    """One labelled fact; a stranger's text moves no cursor and looks like no other fact."""
    typer.echo(f"{typer.style(f'{printable(label):<14}', dim=True)} {_indented(str(value))}")


def verdict(passed: bool, name: str, detail: str) -> None:
    """One check, passed or not."""
    mark = typer.style("✓", fg="green") if passed else typer.style("✗", fg="red", bold=True)
    typer.echo(f"{mark} {name:<14} {_indented(detail)}")


def as_json(value: Mapping[str, Json]) -> None:
    """A value for programs, indented; what a terminal would act on is escaped as JSON does."""
    text = json.dumps(value, indent=2, ensure_ascii=False)
    typer.echo("".join(each if each.isprintable() or each == "\n" else json.dumps(each)[1:-1] for each in text))


def one_line(text: str, characters: int = 2_000) -> str:
    """A stranger's text on one line of a terminal: what is not printable is escaped, what is too long cut."""
    shown = printable(text[:characters])
    return f"{shown}…" if len(text) > characters else shown


def printable(text: str) -> str:
    """A text without control characters, line ends among them, or anything else that a terminal acts on: escaped."""
    return "".join(letter if letter.isprintable() else f"\\x{ord(letter):02x}" for letter in text)


def tell_compilers(text: str) -> None:
    """A compiler's words on stderr, which hold a stranger's source: their lines and tabs stay, the rest is escaped."""
    sys.stderr.write("\n".join("\t".join(map(printable, line.split("\t"))) for line in text.split("\n")))


def _indented(text: str) -> str:
    """Further lines stand below the first, not where a line of ours would."""
    return f"\n{'':15}".join(map(printable, text.split("\n")))


def readable(data: bytes) -> str:
    """Hex, or the text itself where the bytes are printable."""
    try:
        text = data.decode("utf-8")
    except UnicodeDecodeError:
        return f"0x{data.hex()}"
    return repr(text) if text and text.isprintable() else f"0x{data.hex()}"


@contextmanager
def waiting(title: str) -> Iterator[None]:
    """Says on a terminal what takes so long, on stderr, once it takes QUIET_S; says nothing elsewhere.

    What is waited for within another wait is part of that.
    """
    if not sys.stderr.isatty() or not _WAITING.acquire(blocking=False):
        yield
        return
    over, lock, shown = threading.Event(), threading.Lock(), []

    def show() -> None:
        if over.wait(QUIET_S):
            return
        from rich.console import Console  # takes longer to import than most of what is waited for
        from rich.progress import Progress, SpinnerColumn, TextColumn, TimeElapsedColumn

        columns = (SpinnerColumn(), TextColumn("{task.description}", markup=False), TimeElapsedColumn())
        console = Console(stderr=True, highlight=False)
        bar = Progress(*columns, console=console, transient=True, redirect_stdout=False)
        bar.add_task(printable(title), total=None)
        with lock:
            if not over.is_set():
                bar.start()
                shown.append(bar)

    thread = threading.Thread(target=show, daemon=True)
    thread.start()
    try:
        yield
    finally:
        over.set()
        with lock:
            for bar in shown:
                bar.stop()
        _WAITING.release()


@contextmanager
def progress(title: str, steps: int) -> Iterator[Callable[[str], None]]:
    """A bar on a terminal, on stderr, that moves by one for each call with what was done; a line each elsewhere."""
    if not sys.stderr.isatty():
        yield lambda text: typer.echo(printable(text), err=True)
        return
    from rich.console import Console
    from rich.progress import Progress

    console = Console(stderr=True, highlight=False)
    with Progress(console=console, transient=True, redirect_stdout=False) as bar:
        task = bar.add_task(title, total=max(steps, 1))

        def done(text: str) -> None:
            bar.update(task, advance=1, description=printable(text))

        yield done
