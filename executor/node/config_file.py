"""The commented configuration file, written from the models of executor/node/config.py so that it cannot drift."""

from __future__ import annotations

import json
import textwrap
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any
from typing import Final as Constant

from pydantic.fields import FieldInfo

from executor.node.config import NodeConfig, Table, check_config, table_of, tables_of

WIDTH: Constant = 100
HEAD: Constant = """\
# A node's configuration. Keys that stand behind a # have their default; an unknown key is refused.
# Times are in seconds, sizes in bytes, paths relative to this file's folder; ~ is the home folder.
# No secret belongs here.
"""
UNITS: Constant = {"_s": "seconds", "_bytes": "bytes"}


def config_text(values: Mapping[str, Any]) -> str:
    """The file for these values (nested like the tables); raises InvalidConfig when they make no configuration."""
    check_config(values, "the answers")
    return "\n".join([HEAD, *_table(NodeConfig, values, "")]) + "\n"


def _table(table: type[Table], values: Mapping[str, Any], prefix: str) -> Iterator[str]:
    inner: list[tuple[str, type[Table]]] = []
    repeated: list[tuple[str, type[Table]]] = []
    late: list[tuple[str, FieldInfo]] = []
    schema = table.model_json_schema()["properties"]
    for name, field in table.model_fields.items():
        if (found := table_of(field.annotation)) is not None:
            inner.append((name, found))
        elif (found := tables_of(field.annotation)) is not None:
            repeated.append((name, found))
        elif field.default == {}:
            late.append((name, field))
        else:
            yield from _key(name, field, values.get(name, field.default), schema[name])
    for name, found in inner:
        yield from ["", *_comment(found.__doc__ or ""), f"[{prefix}{name}]"]
        yield from _table(found, values.get(name, {}), f"{prefix}{name}.")
    for name, found in repeated:
        yield from _repeated(f"{prefix}{name}", found, values.get(name, []))
    for name, field in late:  # a table of free names comes last: what follows it would be in it
        yield from ["", *_comment(field.description or ""), f"[{prefix}{name}]"]
        given = values.get(name, {})
        yield from [f"{json.dumps(key)} = {_toml(given[key])}" for key in given] or [
            '# "api.example.test" = "10.0.0.7:443"'
        ]


def _repeated(name: str, table: type[Table], given: Sequence[Mapping[str, Any]]) -> Iterator[str]:
    yield from ["", *_comment(f"{table.__doc__} Repeat it for each.")]
    for each in given:
        yield f"[[{name}]]"
        yield from _table(table, each, "")
    if not given:
        yield f"# [[{name}]]"
        yield from (f"#     {key} = ..." for key in table.model_fields)


def _key(name: str, field: FieldInfo, value: Any, schema: Mapping[str, Any]) -> Iterator[str]:
    unit = next((unit for end, unit in UNITS.items() if name.endswith(end)), None)
    facts = [*([f"unit: {unit}"] if unit else []), *_bounds(schema)]
    if not field.is_required():
        facts.append("default: none" if field.default is None else f"default: {_toml(field.default)}")
    yield from _comment(f"{field.description} ({'; '.join(facts)})" if facts else field.description or "")
    if value is None:
        yield f"# {name} ="
    else:
        same = not field.is_required() and value == field.default
        yield f"{'# ' if same else ''}{name} = {_toml(value)}"


def _bounds(schema: Mapping[str, Any]) -> list[str]:
    """What its numbers and words may be."""
    told = []
    for part in schema.get("anyOf", [schema]):
        low, high = part.get("minimum", part.get("exclusiveMinimum")), part.get("maximum", part.get("exclusiveMaximum"))
        above = "more than " if "exclusiveMinimum" in part else ""
        if low is not None and high is not None:
            told.append(f"{above}{low} to {'less than ' if 'exclusiveMaximum' in part else ''}{high}")
        elif low is not None:
            told.append(f"{above or 'at least '}{low}")
        words = part.get("enum", [part["const"]] if "const" in part else [])
        told += [" or ".join(json.dumps(each) for each in words)] if words else []
    return [" or ".join(told)] if told else []


def _comment(text: str) -> list[str]:
    return textwrap.wrap(" ".join(text.split()), WIDTH, initial_indent="# ", subsequent_indent="# ")


def _toml(value: Any) -> str:
    """A value as TOML writes it: JSON's strings, numbers, booleans and arrays are TOML's, too."""
    return json.dumps(str(value) if isinstance(value, Path) else value, ensure_ascii=False)
