"""The grammar's table of instructions and the machine's, which were written apart, say the same."""

from __future__ import annotations

from executor.testing.fuzz.coverage import instructions
from executor.testing.fuzz.encoding import signed, unsigned
from executor.testing.fuzz.guest import guest
from executor.testing.fuzz.opcodes import MAKING_NANS, OPERATIONS, Operation
from executor.vm.metering.instructions import INSTRUCTIONS, MISCELLANEOUS, VECTOR, Instruction

NUMBERS = {unsigned(number): number for number in range(256)}


def ours(item: Operation) -> Instruction:
    """The machine's row of an operation of the grammar."""
    if len(item.code) == 1:
        return INSTRUCTIONS[item.code[0]]
    return {0xFC: MISCELLANEOUS, 0xFD: VECTOR}[item.code[0]][NUMBERS[item.code[1:]]]


def test_every_operation_is_an_instruction_that_moves_the_stack_as_the_machine_says() -> None:
    for item in OPERATIONS:
        assert ours(item).delta == len(item.results) - len(item.operands), ours(item).name


def test_every_vector_instruction_is_in_the_grammar() -> None:
    codes = {item.code for item in OPERATIONS} | {b"\xfd\x0c"}  # v128.const is a constant

    assert {b"\xfd" + unsigned(number) for number in VECTOR} == {code for code in codes if code[0] == 0xFD}


def test_both_tables_name_the_same_instructions_that_make_nans() -> None:
    makers = {item.code for items in MAKING_NANS.values() for item in items}

    assert {item.code for item in OPERATIONS if ours(item).nan} == makers


def test_operands_and_results_are_of_the_types_in_the_name() -> None:
    letters = {"i32": "i", "i64": "I", "f32": "f", "f64": "F"}
    for item in OPERATIONS:
        kind, _, operation = ours(item).name.partition(".")
        if kind in letters and operation.startswith(("add", "mul", "min", "sqrt", "and", "clz")):
            assert set(item.operands + item.results) == {letters[kind]}


def test_the_guest_of_no_decisions_returns_at_once() -> None:
    assert "1" not in {opcode for opcode in instructions(guest(b"")) if opcode in ("03", "10", "11")}


def test_integers_are_encoded_as_the_specification_has_it() -> None:
    assert unsigned(624_485) == bytes.fromhex("e58e26")
    assert signed(-123_456) == bytes.fromhex("c0bb78")
