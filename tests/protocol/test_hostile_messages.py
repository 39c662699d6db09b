"""Whatever members send, in whatever order: a PeerFault or nothing, and the machine goes on (P4)."""

import contextlib
from dataclasses import replace

from drawing_bench import DrawBench, part, price_and_draws, proof, release, stated
from hypothesis import given, settings
from hypothesis import strategies as st
from protocol_bench import EPOCH, FIRST, REQUEST, ROUND, SECOND, Bench, attestation, proposal
from protocol_scenarios import IDENTICAL, MEDIAN, certificate, prepare, signed, two_slots, value, vote

from executor.crypto.digests import make_report, request_id, transcript_hash
from executor.crypto.proofs import build_proof
from executor.errors import PeerFault
from executor.model.observation import Kind, Observation
from executor.model.outcome import Failed, Returned, TrapCode, Trapped
from executor.model.report import Attestation, Scheme
from executor.model.transcript import Entry
from executor.model.view import View
from executor.protocol.delivering import root_of
from executor.protocol.effects import Save
from executor.protocol.messages import (
    AttestationMessage,
    BatchProposal,
    BatchVote,
    CertificateMessage,
    CounterMessage,
    DrawNews,
    DrawStatus,
    Evidence,
    Message,
    PendingObservation,
    PrepareMessage,
    Proposal,
    ReportVote,
    Settled,
    Status,
    VoteMessage,
    decode_message,
    encode_message,
)
from executor.protocol.record import empty_record
from executor.testing.simulated_committee import FUNCTION_ID, make_request

OTHER = make_request(1)
REQUESTS = (REQUEST, request_id(OTHER), request_id(make_request(2)))  # the last is never seen
SPECS = (MEDIAN, IDENTICAL, b"", b"null", b'{"aggregate":{"fields":{"a":"median"}}}', b'{"aggregate":"nope"}', b"\xff")
OBSERVATIONS = (
    value(b"103"),
    value(b"not a number"),
    value(b"9" * 78),
    value(b"-0.0"),
    value(bytes(32_768)),
    value(b'{"a":"1"}'),
    Observation.error("timeout"),
    Observation.error("x" * 64),
)
ENTRIES = (
    FIRST,
    SECOND,
    replace(FIRST, observations=()),
    replace(FIRST, observations=FIRST.observations[::-1]),
    replace(FIRST, observations=FIRST.observations * 2),
    replace(FIRST, value=b"7"),
    *(Entry(spec, Kind.VALUE, b"", FIRST.observations) for spec in SPECS),
    Entry(MEDIAN, Kind.ERROR, b"no-agreement"),
    Entry(MEDIAN, Kind.DEFAULT, b"1"),
)
OUTCOMES = (two_slots((FIRST, SECOND)), Failed(b"e", 1), Trapped(TrapCode.TRAP, 2**53 - 1), Returned(b"", 0))

numbers = st.sampled_from((0, 1, ROUND - 1, ROUND, ROUND, ROUND, ROUND + 1, ROUND + 3, 2**32 - 1))
members = st.integers(0, 4) | st.just(65_535)
requests = st.sampled_from(REQUESTS)
garbage = st.sampled_from((b"", bytes(64), b"\xff" * 64, bytes(48), b"\xff" * 48, bytes(65), bytes(200)))
transcripts = st.lists(st.sampled_from(ENTRIES), max_size=4).map(tuple) | st.sampled_from(
    ((FIRST,), (FIRST, SECOND), (FIRST,) * 33, ())
)
views = st.builds(View, numbers, st.sampled_from((0, 1, 2, 32, 65_535)))


@st.composite
def certificates(draw):
    """Good ones, and ones with something wrong."""
    transcript, members_in = (
        draw(transcripts),
        draw(st.sampled_from(((0, 1, 2), (0, 2, 3), (0, 1, 2, 3), (3,), (2, 1, 0)))),
    )
    made = certificate(EPOCH, draw(requests), transcript, draw(numbers), members_in)
    match draw(st.integers(0, 4)):
        case 0:
            return replace(made, view=draw(views))
        case 1:
            return replace(made, prepares=made.prepares * 2)
        case 2:
            return replace(made, prepares=(replace(made.prepares[0], signature=draw(garbage)),))
        case _:
            return made


@st.composite
def reports(draw):
    """Reports as a function may make them, and others."""
    transcript = draw(transcripts)
    report = make_report(
        draw(requests), FUNCTION_ID, transcript_hash(transcript[:32]), draw(st.sampled_from(OUTCOMES)), draw(views)
    )
    return replace(report, slots=draw(st.sampled_from((0, 1, 2, 65_535)))) if draw(st.booleans()) else report


@st.composite
def votes(draw, *over):
    """By somebody over these reports, or broken."""
    made = vote(EPOCH, draw(st.integers(0, 3)), *over)
    match draw(st.integers(0, 5)):
        case 0:
            return replace(made, ecdsa=draw(garbage))
        case 1:
            return replace(made, bls=draw(garbage))
        case 2:
            return replace(made, member=draw(members))
        case _:
            return made


@st.composite
def pending(draw):
    """An observation made after some transcript, signed or not."""
    so_far, slot = draw(st.sampled_from(((), (FIRST,), (SECOND,)))), draw(st.sampled_from((0, 1, 65_535)))
    made = signed(
        EPOCH,
        draw(requests),
        draw(st.integers(0, 3)),
        so_far,
        slot,
        draw(st.sampled_from(SPECS)),
        draw(st.sampled_from(OBSERVATIONS)),
    )
    if draw(st.integers(0, 3)) == 0:
        made = replace(made, member=draw(members), signature=draw(garbage))
    return PendingObservation(transcript_hash(so_far), slot, made)


@st.composite
def attestations(draw):
    """The true one with something else in it, or of several reports."""
    match draw(st.integers(0, 3)):
        case 0:
            return replace(attestation(), evidence=(Evidence(b"", draw(st.none() | certificates())),))
        case 1:
            good = attestation()
            return replace(good, votes=(*good.votes, draw(votes(good.attestation.reports[0]))))
        case 2:
            over = tuple(draw(st.lists(reports(), max_size=4)))
            made = [vote(EPOCH, member, *over) for member in (0, 1, 3)] if over else []
            proof = build_proof(Scheme.ECDSA, EPOCH, made) if over else draw(garbage)
            attested = Attestation(draw(st.sampled_from(Scheme)), over, proof)
            shown = Evidence(
                draw(st.sampled_from((OUTCOMES[0].output, b"", b"\x01"))), draw(st.none() | certificates())
            )
            return AttestationMessage(attested, (shown,) * draw(st.integers(0, 4)), tuple(made))
        case _:
            return attestation()


settled = st.sampled_from(((), (FIRST,), (FIRST, SECOND))).map(transcript_hash)
quorums = st.sampled_from(((0, 1, 2), (0, 2, 3), (0, 1, 2, 3), (3,), (2, 1, 0), (), (0, 0, 1)))
proofs = st.lists(st.sampled_from((proof(0), proof(1), part(1), bytes(48), b"", bytes(49))), max_size=4).map(tuple)
releases = st.builds(release, quorums, settled, views | st.just(View(0, 0)) | st.just(View(ROUND, 1)), request=requests)


@st.composite
def draw_messages(draw):
    """Statements, releases, proofs and parts, good and bad."""
    request, shown = draw(requests), draw(st.none() | releases)
    if draw(st.booleans()):
        return DrawNews(request, shown, draw(proofs) * draw(st.sampled_from((1, 1, 9))), draw(st.booleans()))
    hashed, view = draw(settled), draw(views | st.just(View(0, 0)))
    signature = draw(garbage) if draw(st.booleans()) else stated(draw(st.integers(0, 3)), hashed, view)
    own = draw(st.none() | st.just(Settled(hashed, view, signature)))
    given = draw(garbage | st.builds(part, st.integers(0, 3), st.integers(0, 1)))
    return DrawStatus(request, draw(numbers), own, shown, draw(proofs), given)


@st.composite
def messages(draw):
    """One of any kind."""
    request = draw(requests)
    match draw(st.integers(0, 10)):
        case 0 | 1:
            report = draw(reports())
            heard = draw(st.lists(pending(), max_size=5))
            return Status(
                request,
                draw(numbers),
                draw(st.none() | certificates()),
                tuple(heard),
                tuple(ReportVote(report, draw(votes(report))) for _ in range(draw(st.integers(0, 2)))),
            )
        case 2:
            transcript = draw(transcripts)
            view = View(draw(numbers), len(transcript)) if draw(st.booleans()) else draw(views)
            return Proposal(request, view, transcript, draw(st.none() | certificates()))
        case 3:
            made = prepare(EPOCH, request, draw(st.integers(0, 3)), draw(transcripts)[:32], draw(views))
            return PrepareMessage(request, replace(made, member=draw(members)) if draw(st.booleans()) else made)
        case 4:
            return CertificateMessage(request, draw(certificates()))
        case 5:
            report = draw(reports())
            return VoteMessage(report, draw(votes(report)))
        case 6:
            over = tuple(draw(st.lists(reports(), max_size=4)))
            if over and draw(st.booleans()):
                return BatchVote(root_of(over), draw(votes(*over)))
            return BatchProposal(over * draw(st.sampled_from((1, 1, 100))))
        case 7:
            return CounterMessage(draw(members), draw(st.integers(0, 2**53 - 1)), draw(garbage), draw(garbage))
        case 8 | 9:
            return draw(draw_messages())
        case _:
            return draw(attestations())


steps = st.lists(
    st.tuples(st.integers(0, 4), messages())
    | st.sampled_from(("next round", "run", "see the other", "deliver", "come back"))
    | st.just((0, proposal()))
    | st.just((0, CertificateMessage(REQUEST, certificate(EPOCH, REQUEST, (FIRST,), ROUND)))),
    min_size=1,
    max_size=12,
)


def act(bench, step, owed):
    """One step; `owed` are effects not carried out yet."""
    member = bench.member
    match step:
        case "next round":
            bench.next_round()
        case "see the other":
            owed += member.seen(OTHER, bench.now)
        case "deliver":
            owed += member.delivered(REQUEST, bench.now)
        case "come back":
            saved = [effect.record for effect in (*bench.log, *owed) if isinstance(effect, Save)]
            owed += member.restore(REQUEST, (saved or [empty_record(REQUEST, FUNCTION_ID)])[-1], bench.now)
        case "run":
            effects, owed[:] = list(owed), []
            bench.run(effects)
        case sender, message:
            owed += member.received(sender, decode_message(encode_message(message)), bench.now)


@settings(max_examples=150)
@given(st.integers(0, 2), steps, st.booleans())
def test_only_peer_faults_come_out(index, script, draws):
    """Good and bad parts in any combination, before, while and after a request is worked on, to leaders and others."""
    bench = DrawBench(index, price_and_draws) if draws else Bench(index)
    owed = []
    for step in script:
        with contextlib.suppress(PeerFault):
            act(bench, step, owed)
    bench.run(owed)
    for _ in range(3):
        bench.next_round()
    assert bench.member.deadline() > bench.now


@settings(max_examples=60)
@given(messages())
def test_every_message_has_one_encoding(message: Message):
    """What was made by hand here is what the wire can carry."""
    assert decode_message(encode_message(message)) == message
