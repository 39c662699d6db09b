"""The gate on functions that read chains: what honest nodes read alike is no difference, heights are one."""

from __future__ import annotations

import json

import pytest

from executor.testing import program_of
from executor.testing.checking import Kind, Plan, Report, check
from executor.testing.checking.chains import twisted
from executor.testing.checking.contents import Drift, Edge
from executor.testing.checking.scene import Scene, alike
from executor.testing.outages import Outage
from executor.testing.replies import Reply, world
from executor.testing.variations import Variation
from tests.evm_guest import evm_guest

TOKEN = "0x" + "aa" * 20
CALL = f"evm.call://5/{TOKEN}/0x01"
FINAL = "evm.block://5/finalized"
REPLIES = world({CALL: "0x" + "00" * 31 + "05", FINAL: 1_000})
READS = ("evm.call", f'{{"data":"0x01","to":"{TOKEN}"}}')


def checked(operation: str, request: str, *chains: int) -> Report:
    """The report about a guest that reads once."""
    plan = Plan(inputs=(b"",), replies=REPLIES, examples=60, seconds=600)
    return check(program_of(evm_guest(operation, request, *chains)), plan)


def test_a_read_at_one_block_passes() -> None:
    """Nodes that work read the same, others err."""
    assert checked(*READS, 5).passed, checked(*READS, 5).text()


def test_the_last_final_block_is_seen_to_differ() -> None:
    """Heights are agreed by median, not by identical."""
    report = checked("evm.block", '{"block":"finalized"}', 5)
    assert report.findings, report.text()
    assert all("final" in str(finding.changes) for finding in report.findings)


@pytest.mark.parametrize("chains", [(), (7,)])
def test_a_chain_that_the_manifest_does_not_grant_is_found(chains: tuple[int, ...]) -> None:
    """With the section to write."""
    report = checked("evm.call", f'{{"chain":5,"data":"0x01","to":"{TOKEN}"}}', *chains)
    assert [finding.kind for finding in report.findings] == [Kind.NOT_GRANTED]
    assert "[capabilities.evm] with chains" in report.findings[0].advice


def test_twists_do_what_chains_do() -> None:
    """Heights move, state stands; outages are codes; words go to their edges."""
    call, final = REPLIES[CALL], Reply.of({"number": 1_000, "timestamp": 5})
    assert twisted(CALL, call, Variation(ulps=3, seconds=60)) == call
    assert twisted(CALL, call, Drift(2)) == call
    assert json.loads(twisted(FINAL, final, Drift(-2)).body) == {"number": 998, "timestamp": 5}
    assert twisted(FINAL, REPLIES[FINAL], Variation(seconds=13)).body == b"1002"
    assert twisted(FINAL, final, Variation(ulps=1)) == final
    codes = {twisted(CALL, call, outage).error for outage in Outage}
    assert codes == {"evm-timeout", "evm-refused", "evm-disagreement", "evm-reverted", "evm-unavailable"}
    assert twisted(CALL, call, Edge(0, 2**53)).body == f"0x{2**53:064x}".encode()
    assert twisted(CALL, call, Edge(0, -1)).body == b"0x" + b"f" * 64
    assert twisted(CALL, call, Edge(1, 0)) == call
    scene = alike(b"", ((CALL, Outage.TIMEOUT),))
    assert [each[CALL].error for each in scene.worlds(REPLIES, frozenset())] == ["evm-timeout"] * 4
    assert Scene(b"").worlds(REPLIES, frozenset())[0][CALL] == call
