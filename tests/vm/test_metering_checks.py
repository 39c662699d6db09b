"""Where the pass checks the fuel: enough that no guest goes on for nothing, and never without a charge between."""

from __future__ import annotations

import pytest

from executor.model.outcome import TrapCode, Trapped
from executor.model.transcript import Transcript
from executor.vm import execute
from executor.vm.metering import instrument
from executor.vm.metering.snippets import Globals, Snippets
from tests.vm.guests import module, program, request

CHECK = Snippets(Globals.after(0)).out_of_fuel
COUNT = 200
NESTED = "(loop " * COUNT + f"(br {COUNT - 1})" + ")" * COUNT + "unreachable"
TABLE = "(loop " * COUNT + f"(br_table {' '.join(map(str, range(COUNT)))} (local.get $i))" + ")" * COUNT + "unreachable"
ROW = "(loop $round " + "(loop)" * COUNT + "(br $round)) unreachable"
TARGETED_ROW = (
    "(loop $round "
    + "(block " * COUNT
    + f"(br_table {' '.join(map(str, range(COUNT)))} (i32.const 0))"
    + ") (loop)" * COUNT
    + "(br $round)) unreachable"
)


@pytest.mark.parametrize("code", [NESTED, TABLE, ROW, TARGETED_ROW])
def test_loops_that_charge_nothing_share_a_check(code: str) -> None:
    """A round of 200 loops that costs one fuel would else take 200 checks; it still ends by its fuel."""
    assert instrument(module(code)).count(CHECK) <= 3
    guest = program(code, limits={"fuel": 100_000})
    assert execute(guest, request(guest), Transcript(())) == Trapped(TrapCode.OUT_OF_FUEL, 100_000)


@pytest.mark.parametrize(
    ("code", "checks"),
    [
        ("(loop (br 0)) unreachable", 1),
        ("(loop (drop (i32.const 0)) (loop (br 0))) unreachable", 2),  # a charge between
        ("(loop unreachable) (loop (br 0)) unreachable", 2),  # an end between
        ("(if (local.get $i) (then (loop)) (else (loop (br 0)))) (i64.const 0)", 2),  # the next text is no way on
    ],
)
def test_a_loop_is_checked(code: str, checks: int) -> None:
    """A check stays wherever something can happen before the next one."""
    assert instrument(module(code)).count(CHECK) == checks
