"""What engines refuse beyond the specification is refused by us first, so that none differs from another."""

from __future__ import annotations

import pytest

from executor.errors import InvalidModule
from executor.model.function import Function
from executor.model.profile import PROFILE
from executor.vm.binary import MAX_ARITY, MAX_NAME_BYTES, read_outline
from executor.vm.checks import check_module
from tests.vm.guests import module

LIMIT = PROFILE.ceilings.table_elements


def custom(content: bytes) -> bytes:
    """A custom section of less than 128 bytes."""
    return bytes([0, len(content)]) + content


@pytest.mark.parametrize("kind", ["param", "result"])
def test_types_have_a_thousand_parameters_and_results_at_most(kind: str) -> None:
    """The limit itself passes."""
    read_outline(module(before=f"(type (func ({kind} {'i32 ' * MAX_ARITY})))"))
    with pytest.raises(InvalidModule, match="a type of 1001 parameters or results, the limit is 1000"):
        read_outline(module(before=f"(type (func ({kind} {'i32 ' * (MAX_ARITY + 1)})))"))


def test_names_have_a_hundred_thousand_bytes_at_most() -> None:
    """The limit itself passes."""
    read_outline(module(before=f'(func (export "{"x" * MAX_NAME_BYTES}"))'))
    with pytest.raises(InvalidModule, match="a name of 100001 bytes"):
        read_outline(module(before=f'(func (export "{"x" * (MAX_NAME_BYTES + 1)}"))'))


@pytest.mark.parametrize("content", [b"", b"\x04abc", b"\x02\xff\xfe"])
def test_a_custom_section_has_a_name(content: bytes) -> None:
    """Its contents are anything, its name is not."""
    read_outline(module() + custom(b"\x01x\xff\xff"))
    with pytest.raises(InvalidModule):
        read_outline(module() + custom(content))


@pytest.mark.parametrize("segments", [1, 2])
def test_segments_have_as_many_elements_as_tables(segments: int) -> None:
    """Of all segments together: a compiler needs two kilobytes for each."""
    entries = LIMIT // segments
    some = f"(elem func {'$leaf ' * entries})" * segments
    check_module(Function(module(before=f"(func $leaf) {some}")), PROFILE.ceilings)
    more = some + "(elem func $leaf)"
    with pytest.raises(InvalidModule, match=f"element segments of {LIMIT + 1} entries, the limit is {LIMIT}"):
        check_module(Function(module(before=f"(func $leaf) {more}")), PROFILE.ceilings)
