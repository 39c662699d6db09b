"""P4: what is refused changed nothing, also where a part of it was good."""

import pytest
from protocol_bench import EPOCH, FIRST, REQUEST, ROUND, SECOND, Bench, proposal
from protocol_scenarios import certificate

from executor.errors import RuleBroken


def test_a_refused_proposal_leaves_no_certificate_behind():
    """The certificate it shows verifies; the proposal has two new entries at once."""
    bench = Bench()
    before = repr(bench.member._lives)
    with pytest.raises(RuleBroken, match="2 new entries"):
        bench.receive(0, proposal((FIRST, SECOND, SECOND), shown=certificate(EPOCH, REQUEST, (FIRST,), ROUND - 1)))
    assert repr(bench.member._lives) == before
