"""Members that draw from their committee, driven by hand or simulated; statements, releases and parts made by hand."""

from functools import partial

from protocol_bench import EPOCH, FIRST, RAW, REQUEST, ROUND, Bench
from protocol_scenarios import FAST, MEDIAN, certificate, prices, simulate

from executor.crypto import secp256k1
from executor.crypto.digests import request_id, transcript_hash
from executor.crypto.draws import committee_digest
from executor.model.draw import CommitteeDraw, encode_draw
from executor.model.outcome import Awaiting, Returned
from executor.model.view import NO_VIEW, View
from executor.protocol.effects import Note, Send, Sign, SignPart
from executor.protocol.member import Member
from executor.protocol.messages import CertificateMessage, DrawNews, DrawStatus, Settled
from executor.protocol.releases import Release, Stated
from executor.protocol.statements import DrawStatement, ReportsStatement, statement_digest
from executor.testing.fast_signatures import CURVES
from executor.testing.simulated_committee import FUNCTION_ID, private_key

KEY, SHARES = CURVES.deal_draw_key(EPOCH.n, EPOCH.f + 1)
EMPTY = transcript_hash(())
OBSERVED = transcript_hash((FIRST,))
LOCKED = View(ROUND, 1)


def draw(ordinal=0, request=RAW):
    """A draw of the benches' request."""
    return CommitteeDraw(request.chain_id, request.router, request_id(request), ordinal)


def run_of(draws, specs=(), request=RAW):
    """A function that observes these slots and then draws so often; it returns what it was given."""

    def run(transcript):
        at = len(transcript)
        if at < len(specs):
            return Awaiting(at, specs[at])
        if at < len(specs) + draws:
            return Awaiting(at, encode_draw(draw(at - len(specs), request)))
        return Returned(b"|".join(entry.value for entry in transcript), 9)

    return run


two_draws = run_of(2)
price_and_draws = run_of(2, (MEDIAN,))


def proof(ordinal=0, about=None):
    """The one valid proof of a draw."""
    digest = committee_digest(about or draw(ordinal))
    return CURVES.combine({member: CURVES.sign_part(SHARES[member], digest) for member in (0, 1)})


def part(member, ordinal=0, about=None):
    return CURVES.sign_part(SHARES[member], committee_digest(about or draw(ordinal)))


def stated(member, hashed=EMPTY, view=NO_VIEW, epoch=EPOCH, request=REQUEST, function=FUNCTION_ID):
    """A member's signature of a statement."""
    digest = statement_digest(DrawStatement(epoch.identity, request, function, hashed, view))
    return secp256k1.sign(private_key(member), digest)


def release(members=(0, 2, 3), hashed=EMPTY, view=NO_VIEW, **about):
    return Release(hashed, view, tuple(Stated(each, stated(each, hashed, view, **about)) for each in members))


def told(member, *, hashed=EMPTY, view=NO_VIEW, round=ROUND, proofs=(), part=b"", shown=None, settled=True):
    """What a member tells its leader."""
    own = Settled(hashed, view, stated(member, hashed, view)) if settled and shown is None and not part else None
    return DrawStatus(REQUEST, round, own, shown, proofs, part)


def news(shown=None, proofs=(), *, asks=False):
    return DrawNews(REQUEST, shown, proofs, asks)


class DrawBench(Bench):
    """A member with the epoch's key; its signer makes parts at once, unless it holds no share."""

    def __init__(self, index=1, execute=two_draws, *, key=KEY, shares=True, record=None):
        self.shares = shares
        super().__init__(index, seen=False, execute=execute)
        self.member = Member(EPOCH, index, draw_key=key)
        self.run(self.member.restore(REQUEST, record, self.now) if record else self.member.seen(RAW, self.now))

    def _carry_out(self, effects):
        done = []
        for effect in effects:
            done += super()._carry_out([effect])
            if isinstance(effect, SignPart) and self.shares:
                made = CURVES.sign_part(SHARES[self.index], committee_digest(effect.draw))
                done += self._carry_out(self.member.part_signed(effect.draw, made, self.now))
        return done

    def lock(self, round=ROUND, transcript=(FIRST,)):
        """The current leader's certificate."""
        made = certificate(EPOCH, REQUEST, transcript, round, (0, 2, 3))
        return self.receive(EPOCH.leader(round), CertificateMessage(REQUEST, made))


def asked_parts(effects):
    return [effect.draw.ordinal for effect in effects if isinstance(effect, SignPart)]


def statements(effects):
    found = [effect.statement for effect in effects if isinstance(effect, Sign)]
    return [(each.transcript_hash, each.view) for each in found if isinstance(each, DrawStatement)]


def votes(effects):
    return [each for each in effects if isinstance(each, Sign) and isinstance(each.statement, ReportsStatement)]


def leaving(effects):
    """The messages of draws that leave, with whom they are for."""
    found = [each for each in effects if isinstance(each, Send)]
    return [(each.recipient, each.message) for each in found if isinstance(each.message, DrawStatus | DrawNews)]


def noted(effects):
    return [effect.kind for effect in effects if isinstance(effect, Note)]


simulate_draws = partial(simulate, look=prices, suite=FAST)
