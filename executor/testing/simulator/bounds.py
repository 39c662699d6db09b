"""What is demanded of liveness and memory, and why that much.

Rounds after stabilisation until a request is delivered, with f members doing their worst:

* a clock that was ahead stands still until time catches up: MAX_AHEAD_MS, and the round that is under way;
* of any f + 1 rounds in a row one has an honest leader. It hears every honest lock (Settings.collect_delay_s), proposes
  the highest, and every honest member prepares, locks and executes: f + 1 rounds bring all to one base;
* from there the slot's observations come in (the slowest of the scenario, asked for again every round after an error),
  or f + 3 rounds pass and a mixed set will do; then at most f + 1 rounds until an honest leader extends the base;
* a draw is published some seconds after the start, and asked for again when a round begins: DRAW_ROUNDS,
  and one for each forged proof;
* a committee's own draws are all made in the round of an honest leader, once locks are at one view: f + 1;
* the last certificate's votes are counted in that round, or by the next honest leader: f + 1 rounds;
* an attestation that a faulty leader gave to one honest member is delivered by that member when it leads, after its
  patience of three rounds: n + 3, and the chain's own time.
"""

from __future__ import annotations

from typing import Final

from executor.testing.simulator.home import BLOCK_S, FINAL_BLOCKS
from executor.testing.simulator.programs import PROGRAMS, depth_of
from executor.testing.simulator.scenario import MAX_AHEAD_MS, Scenario

ROUND_S: Final = 4
DRAW_ROUNDS: Final = 3
DEPTH_MS: Final = (FINAL_BLOCKS + 1) * BLOCK_S * 1_000  # until the last block of the last branch is final
MAX_RECORD_BYTES: Final = 200_000  # of a simulated request's journal record; values are short here


def rounds_to_finish(scenario: Scenario) -> int:
    """Rounds after `last_change_ms` within which every request is delivered."""
    f = scenario.f
    slots = max(len(PROGRAMS[asked.program].specs) for asked in scenario.requests)
    behind = 1 + (-(-MAX_AHEAD_MS // (ROUND_S * 1_000)) if scenario.clocks else 0)
    late = -(-max((trouble.late_ms for trouble in scenario.troubles), default=0) // (ROUND_S * 1_000))
    fails = max((trouble.fails for trouble in scenario.troubles if trouble.fails < f + 3), default=0)
    one_slot = (f + 1) + max(f + 3, late * (1 + fails) + fails) + (f + 1)
    chain = -(-scenario.chain_ms // (ROUND_S * 1_000))
    drawn = DRAW_ROUNDS + fails if any(PROGRAMS[asked.program].draws for asked in scenario.requests) else 0
    if any(PROGRAMS[asked.program].committee for asked in scenario.requests):
        drawn += f + 1
    return drawn + behind + slots * one_slot + (f + 1) + (f + 1) + scenario.n + 3 + chain


def last_change_ms(scenario: Scenario) -> int:
    """When everything that the scenario does to correct members is over."""
    seen = max(asked.at_ms for asked in scenario.requests)
    seen += max((sighting.later_ms for sighting in scenario.sightings), default=0)
    if any(depth_of(asked.program, asked.confirmations) for asked in scenario.requests):
        seen = max(seen, scenario.stable_ms) + DEPTH_MS
    down = max((crash.down_ms for crash in scenario.crashes), default=0)
    return max(scenario.stable_ms + down, seen)
