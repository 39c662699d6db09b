"""Ids and addresses on the command line: what is mistyped is named with its option."""

from __future__ import annotations

from typing import TypeVar

from executor.errors import InvalidConfig, InvalidValue
from executor.model.ids import FixedBytes

Id = TypeVar("Id", bound=FixedBytes)


def parse_id(kind: type[Id], text: str, where: str) -> Id:
    """The id in hex; raises InvalidConfig naming the option or argument `where` it stands."""
    try:
        return kind.from_hex(text)
    except InvalidValue as error:
        raise InvalidConfig(f"{where} {text}: {error}") from error
