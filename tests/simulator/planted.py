"""Protocol bugs planted one at a time: the simulator must find each. `make planted` counts the scenarios it takes."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from typing import Any

from hypothesis import strategies as st

from executor.crypto.digests import make_report
from executor.model.committee import Epoch
from executor.model.observation import Kind
from executor.model.view import NO_VIEW
from executor.node.depths import Depths
from executor.protocol import (
    agreement,
    attesting,
    batching,
    checks,
    delivering,
    drawing,
    draws,
    leading,
    lifecycle,
    lock,
    member,
    strategies,
    triggering,
)
from executor.protocol.effects import Save, Sign, SignPart
from executor.protocol.releases import Release, Stated, check_release, check_stated
from executor.protocol.statements import DrawStatement
from executor.protocol.strategies import Case
from executor.testing import simulated_engine
from executor.testing.fast_signatures import FastSignatures
from executor.testing.simulator import events, following
from executor.testing.simulator.drawing import COMMITTEE, HOSTILE_LEADERS, crashing, duels, lotteries, scenarios, storms
from executor.testing.simulator.programs import looking_alone
from executor.testing.simulator.scenario import (
    FOREVER,
    TRIGGERS,
    Asked,
    Crash,
    Faulty,
    Reorganisation,
    Scenario,
    Trouble,
)
from executor.testing.simulator.sweep import Sweep

MOST = 2_000  # scenarios after which a planted bug counts as not found

Change = tuple[object, str, Any]


@dataclass(frozen=True)
class Planted:
    """A bug: what it is, what it replaces, which scenarios look for it."""

    name: str
    changes: tuple[Change, ...]
    where: Callable[[], st.SearchStrategy[Scenario]] = scenarios


@st.composite
def relapses(draw: st.DrawFn) -> Scenario:
    """A two-faced leader, and an honest member that is killed about when it prepares."""
    return Scenario(
        requests=(Asked("price", spread=draw(st.sampled_from((3, 7)))),),
        faulty=(
            Faulty(
                2,
                (draw(st.sampled_from(("two-faced-leader", "unsteady-worker"))),),
                draw(st.binary(min_size=24, max_size=24)),
            ),
        ),
        stable_ms=12_000,
        fates=draw(st.binary(min_size=24, max_size=24)),
        crashes=tuple(Crash(member, draw(st.integers(5, 20)), draw(st.sampled_from((20, 100)))) for member in range(4)),
        lost_deliveries=9,
        first_leader=2,
    )


@st.composite
def strangers(draw: st.DrawFn) -> Scenario:
    """One member looks, another leads unheard by anybody and proposes what it likes."""
    stranger = draw(st.sampled_from([member for member in range(4) if member != looking_alone("alone", 4)]))
    return Scenario(
        requests=(Asked("alone"),),
        faulty=(Faulty(stranger, ("hidden-locks",), draw(st.binary(min_size=48, max_size=48))),),
        stable_ms=48_000,
        eclipse=True,
        lost_deliveries=99,
        first_leader=stranger,
    )


@st.composite
def failing(draw: st.DrawFn) -> Scenario:
    """One or two members' looks fail for ever."""
    members = draw(st.sets(st.integers(0, 3), min_size=1, max_size=2))
    troubles = tuple(Trouble(member, 0, FOREVER) for member in sorted(members))
    return Scenario(requests=(Asked("name"),), troubles=troubles, fates=draw(st.binary(max_size=24)))


@st.composite
def crowds(draw: st.DrawFn) -> Scenario:
    """Requests and events of every kind at the same moment: leaders make batches."""
    kinds = draw(st.lists(st.sampled_from(("", *TRIGGERS)), min_size=3, max_size=5))
    asked = tuple(Asked("pure", trigger=kind) for kind in kinds)
    return Scenario(requests=asked, fates=draw(st.binary(max_size=24)))


@st.composite
def forging_relays(draw: st.DrawFn) -> Scenario:
    """Some members' relays forge the first draw."""
    asked, members = Asked("drawn"), draw(st.sets(st.integers(0, 3), min_size=2))
    return Scenario(requests=(asked,), troubles=tuple(Trouble(member, 0, 1) for member in sorted(members)))


@st.composite
def drawing_duels(draw: st.DrawFn) -> Scenario:
    """Hostile leaders, nobody else is heard as one, and what is agreed decides over what is drawn."""
    duel = draw(duels())
    asked = Asked(draw(st.sampled_from(COMMITTEE[1:])), 0, draw(st.sampled_from((1, 3, 7))))
    faults = ("states-anything", draw(st.sampled_from(HOSTILE_LEADERS)))
    faulty = tuple(replace(each, faults=faults) for each in duel.faulty)
    return replace(duel, requests=(asked,), faulty=faulty)


@st.composite
def replaced_blocks(draw: st.DrawFn) -> Scenario:
    """Requests that draw from their committee, on a chain that is reorganised."""
    at_ms, blocks = draw(st.integers(0, 8_000)), draw(st.integers(1, 3))
    asked = (Asked(draw(st.sampled_from(COMMITTEE))),)
    return Scenario(requests=asked, stable_ms=8_000, reorganisations=(Reorganisation(at_ms, blocks),))


@contextmanager
def plant(bug: Planted) -> Iterator[None]:
    """The protocol with this bug in it."""
    before = [(home, name, home.__dict__[name]) for home, name, _ in bug.changes]
    for home, name, changed in bug.changes:
        setattr(home, name, changed)
    try:
        yield
    finally:
        for home, name, value in before:
            setattr(home, name, value)


def schedules_until_found(bug: Planted, most: int = MOST, seed: int = 0, batch: int = 50) -> tuple[int, str] | None:
    """After how many scenarios the simulator finds the bug, and by which property."""
    sweep = Sweep(FastSignatures)
    with plant(bug):
        while sweep.schedules < most and not sweep.found:
            sweep.batch(bug.where(), seed + sweep.schedules, batch, shrink=False)
    if not sweep.found or sweep.first_found_at is None:
        return None
    return sweep.first_found_at, sweep.found[0].violations[0].property


def _save_but_no_prepare(desk, life):  # type: ignore[no-untyped-def]
    if life.last_prepare is None or life.last_prepare.signature:
        desk.emit(Save(life.subject.request_id, life.record()))


def _save_but_no_observation(desk, life):  # type: ignore[no-untyped-def]
    if all(own.signature for own in life.own.values()):
        desk.emit(Save(life.subject.request_id, life.record()))


def _first_report_only(count, report, vote, *, checked=True):  # type: ignore[no-untyped-def]
    if not count.reports or report in count.reports.values():
        ADD(count, report, vote, checked=checked)


def _from_anyone(desk, life, sender, message):  # type: ignore[no-untyped-def]
    CERTIFIED(desk, life, desk.leader, message)


def _one_error_less(observations, n, f):  # type: ignore[no-untyped-def]
    errors = sum(observation.kind is Kind.ERROR for observation in observations)
    return Case.ERRORS if len(observations) == errors == f else CASE_OF(observations, n, f)


def _chosen_one_error_less(desk, life, base, spec):  # type: ignore[no-untyped-def]
    known = life.turn.observations.get(lifecycle.transcript_hash(base), {}).values()
    errors = [signed for signed in known if signed.observation.kind is Kind.ERROR][: desk.epoch.f]
    if len(errors) < desk.epoch.f:
        return FORM_ENTRY(desk, life, base, spec)
    seen = [signed.observation for signed in errors]
    kind, value = strategies.agree(spec, seen, desk.epoch.n, desk.epoch.f)
    return leading.Entry(spec, kind, value, tuple(sorted(errors, key=lambda signed: signed.member)))


def _mixed_as_values(spec, observations, n, f):  # type: ignore[no-untyped-def]
    values = [observation for observation in observations if observation.kind is Kind.VALUE]
    if strategies.case_under(spec, observations, n, f) is not Case.MIXED:
        return AGREE(spec, observations, n, f)
    return AGREE(spec, [*values, *values[:1] * (len(observations) - len(values))], n, f)


def _status_without_lock(desk, life):  # type: ignore[no-untyped-def]
    held, life.lock = life.lock, None
    try:
        SEND_STATUS(desk, life)
    finally:
        life.lock = held


def _restored_unbound(subject, record):  # type: ignore[no-untyped-def]
    return RESTORE(subject, replace(record, prepared=(), highest=NO_VIEW, last_prepare=None))


def _restored_without_lock(subject, record):  # type: ignore[no-untyped-def]
    return RESTORE(subject, replace(record, lock=None, prepared=(), report=None))


def _report_without_view(request, function, hashed, outcome, view):  # type: ignore[no-untyped-def]
    return make_report(request, function, hashed, outcome, NO_VIEW)


def _choose_any(batcher, lives, most):  # type: ignore[no-untyped-def]
    before = {key: life.pushed for key, life in lives.items()}
    for life in lives.values():
        life.pushed = False
    try:
        return CHOOSE(batcher, lives, most)
    finally:
        for key, pushed in before.items():
            lives[key].pushed = pushed


def _without_expiry(config, expires, home):  # type: ignore[no-untyped-def]
    return triggering.log_end(config, home)


def _part_at_once(desk, life):  # type: ignore[no-untyped-def]
    CONTRIBUTE(desk, life)
    if life.drawing.release is None and desk.draw_key is not None and not life.drawing.part:
        invented = Release(life.so_far, life.locked.view, ())
        ask = SignPart(life.subject.function_id, drawing.draw_of(desk, life, len(life.drawing.proofs)), invented)
        drawing._ask(desk, life.drawing, "early", len(life.drawing.proofs), ask)


def _release_one_less(subject, release):  # type: ignore[no-untyped-def]
    members = [stated.member for stated in release.statements]
    if members != sorted(set(members)) or len(members) < subject.epoch.quorum - 1:
        check_release(subject, release)
    for stated in release.statements:
        check_stated(subject, release.transcript_hash, release.view, stated)


def _released_one_less(desk, state):  # type: ignore[no-untyped-def]
    for one in state.statements.values():
        same = {
            member: each
            for member, each in state.statements.items()
            if (each.transcript_hash, each.view) == (one.transcript_hash, one.view)
        }
        if len(same) >= desk.epoch.quorum - 1:
            stated = tuple(Stated(member, same[member].signature) for member in sorted(same))
            return Release(one.transcript_hash, one.view, stated)
    return None


def _prepare_and_state(desk, life, prepare):  # type: ignore[no-untyped-def]
    SIGN_PREPARE(desk, life, prepare)
    about = (life.subject.request_id, life.subject.function_id, prepare.transcript_hash, prepare.view)
    desk.emit(Sign(DrawStatement(desk.epoch.identity, *about)))


def _believed(desk, life, sender, release, proofs):  # type: ignore[no-untyped-def]
    if release is not None and life.drawing.release is None:
        check_release(life.subject, release)
    return max(life.drawing.proofs, proofs, key=len)


CONTRIBUTE, SIGN_PREPARE = drawing._contribute, agreement._sign_prepare
CHOOSE = batching._choose
ADD, CERTIFIED, CASE_OF, AGREE = attesting.Count.add, agreement.certified, strategies.case_of, strategies.agree
SEND_STATUS, RESTORE, FORM_ENTRY = agreement.send_status, lifecycle.restore_life, leading._form_entry
QUORUM = property(lambda epoch: epoch.n - epoch.f - 1)


BUGS: tuple[Planted, ...] = (
    Planted(
        "a certificate is accepted whatever was prepared above it",
        ((lock, "may_accept", lambda promises, certified: certified.view >= promises.lock.view),),
        duels,
    ),
    Planted(
        "a Prepare needs no lock",
        ((lock, "may_prepare", lambda promises, asked, _: asked.view > promises.highest),),
        duels,
    ),
    Planted(
        "two Prepares a view",
        (
            (
                lock,
                "may_prepare",
                lambda promises, asked, shown: (
                    lock.extends(asked.path, promises.lock.path) and asked.view >= promises.highest
                ),
            ),
        ),
    ),
    Planted("a lower certificate is accepted", ((lock, "may_accept", lambda promises, certified: True),), duels),
    Planted("the report does not name its view", ((agreement, "make_report", _report_without_view),), duels),
    Planted("a Prepare is signed before it is saved", ((agreement, "save", _save_but_no_prepare),), relapses),
    Planted("an observation is signed before it is saved", ((agreement, "save", _save_but_no_observation),), crashing),
    Planted("what was prepared is forgotten at a restart", ((member, "restore_life", _restored_unbound),), relapses),
    Planted("the lock is forgotten at a restart", ((member, "restore_life", _restored_without_lock),), relapses),
    Planted(
        "the signer's record is not consulted",
        ((simulated_engine.Engine, "may_sign", lambda engine, node, statement: True),),
        relapses,
    ),
    Planted("a quorum is one member less", ((Epoch, "quorum", QUORUM),)),
    Planted("only the first report seen is counted", ((attesting.Count, "add", _first_report_only),), duels),
    Planted("certificates are taken from anyone", ((agreement, "certified", _from_anyone),)),
    Planted(
        "f errors are enough",
        (
            (strategies, "case_of", _one_error_less),
            (leading, "_form_entry", _chosen_one_error_less),
        ),
        failing,
    ),
    Planted("a mixed set agrees on a value", tuple((home, "agree", _mixed_as_values) for home in (checks, leading))),
    Planted(
        "anyone's observation counts under single",
        ((checks, "looks_at", lambda spec, request, member, n: True),),
        strangers,
    ),
    Planted(
        "locks are not told to the next leader",
        ((agreement, "send_status", _status_without_lock),),
        duels,
    ),
    Planted("an attestation is believed", ((delivering, "check_attestation", lambda desk, sender, message: {}),)),
    Planted(
        "a draw's proof is not verified", ((draws, "verified", lambda suite, draw, proof, key: True),), forging_relays
    ),
    Planted("pushes are attested together with requests", ((batching, "_choose", _choose_any),), crowds),
    Planted("what ended is begun again", ((triggering.End, "is_past", lambda end, time_s, block: False),), storms),
    Planted("a POST outlives what its signer said", ((events, "http_end", _without_expiry),), storms),
    Planted("requests are begun at any depth", ((Depths, "is_deep", lambda depths, block, asked: True),), storms),
    Planted("a part is given before a release", ((drawing, "_contribute", _part_at_once),), lotteries),
    Planted("a release is not verified", ((drawing, "check_release", lambda subject, release: None),), lotteries),
    Planted(
        "nor does the signer verify it",
        tuple((home, "check_release", lambda subject, release: None) for home in (drawing, simulated_engine)),
        lotteries,
    ),
    Planted(
        "a release is of one member less",
        (
            (drawing, "_released", _released_one_less),
            (drawing, "check_release", _release_one_less),
            (simulated_engine, "check_release", _release_one_less),
        ),
        lotteries,
    ),
    Planted(
        "what is prepared is stated to be settled", ((agreement, "_sign_prepare", _prepare_and_state),), drawing_duels
    ),
    Planted("a proof that comes is believed", ((drawing, "_checked", _believed),), lotteries),
    Planted(
        "requests that draw are begun at any depth",
        ((following, "depth_of", lambda program, asked: asked),),
        replaced_blocks,
    ),
    Planted(
        "a member's vote counts for everybody",
        ((leading, "check_report_vote", lambda desk, life, sender, item: True),),
    ),
)


def main(arguments: Sequence[str] | None = None) -> int:
    """Look for every planted bug and say how many scenarios that took."""
    parser = argparse.ArgumentParser(description=main.__doc__)
    parser.add_argument("names", nargs="*", help="parts of bugs' names; all by default")
    parser.add_argument("--most", type=int, default=MOST)
    parser.add_argument("--seed", type=int, default=0)
    options = parser.parse_args(arguments)
    missed = 0
    for bug in BUGS:
        if options.names and not any(name in bug.name for name in options.names):
            continue
        found = schedules_until_found(bug, options.most, options.seed)
        missed += found is None
        print(
            f"{bug.name:60} " + ("NOT FOUND" if found is None else f"{found[0]:5} schedules, by {found[1]}"), flush=True
        )
    return 1 if missed else 0


if __name__ == "__main__":
    sys.exit(main())
