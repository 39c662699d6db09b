"""One member driven by hand, and the messages that tests hand it."""

from protocol_scenarios import IDENTICAL, MEDIAN, certificate, entry, signed, two_slots, value, vote

from executor.crypto import secp256k1
from executor.crypto.digests import make_report, request_id, transcript_hash
from executor.crypto.proofs import build_proof
from executor.model.report import Attestation, Scheme
from executor.model.view import View
from executor.protocol.effects import Execute, Send, Sign
from executor.protocol.member import Member
from executor.protocol.messages import AttestationMessage, Evidence, PendingObservation, Proposal, Status
from executor.protocol.statements import Signatures, statement_digest
from executor.testing.simulated_committee import FUNCTION_ID, START_S, make_epoch, make_request, private_key

EPOCH = make_epoch()
RAW = make_request()
REQUEST = request_id(RAW)
ROUND = EPOCH.round_at(START_S)  # member 0 leads it
FIRST = entry(EPOCH, REQUEST, (), {member: value(b"10%d" % member) for member in (0, 2, 3)})
SECOND = entry(EPOCH, REQUEST, (FIRST,), {member: value(b"n") for member in (0, 2, 3)}, IDENTICAL)
EMPTY = transcript_hash(())


class Bench:
    """Member `index` at the start of round ROUND, driven by hand; execution answers at once."""

    def __init__(self, index=1, *, seen=True, execute=two_slots):
        self.execute = execute
        self.member, self.index, self.now, self.log = Member(EPOCH, index), index, START_S + 0.5, []
        if seen:
            self.seen()

    def run(self, effects):
        """Carry out Execute and Sign at once; keep and return all effects in order."""
        done = self._carry_out(effects)
        self.log += done
        return done

    def _carry_out(self, effects):
        done = []
        for effect in effects:
            done.append(effect)
            match effect:
                case Execute(request, transcript):
                    hashed = transcript_hash(transcript)
                    done += self._carry_out(self.member.executed(request, hashed, self.execute(transcript), self.now))
                case Sign(statement):
                    signature = Signatures(secp256k1.sign(private_key(self.index), statement_digest(statement)))
                    done += self._carry_out(self.member.signed(statement, signature, self.now))
        return done

    def seen(self):
        return self.run(self.member.seen(RAW, self.now))

    def receive(self, sender, message):
        return self.run(self.member.received(sender, message, self.now))

    def next_round(self):
        self.now = self.member.deadline()
        return self.run(self.member.tick(self.now))


def attestation(outcome=None, members=(0, 2, 3)):
    outcome = outcome or two_slots((FIRST, SECOND))
    lock = certificate(EPOCH, REQUEST, (FIRST, SECOND), ROUND)
    report = make_report(REQUEST, FUNCTION_ID, transcript_hash((FIRST, SECOND)), outcome, lock.view)
    votes = tuple(vote(EPOCH, member, report) for member in members)
    proof = build_proof(Scheme.ECDSA, EPOCH, votes) if len(votes) >= EPOCH.quorum else b""
    attested = Attestation(Scheme.ECDSA, (report,), proof)
    return AttestationMessage(attested, (Evidence(outcome.output, lock),), votes)


def proposal(transcript=(FIRST,), round=ROUND, shown=None):
    return Proposal(REQUEST, View(round, len(transcript)), tuple(transcript), shown)


def status(member, seen=None, *, round=ROUND, lock=None, votes=()):
    observations = ()
    if seen is not None:
        observations = (PendingObservation(EMPTY, 0, signed(EPOCH, REQUEST, member, (), 0, MEDIAN, seen)),)
    return Status(REQUEST, round, lock, observations, votes)


def sent(effects, kind=None):
    return [effect for effect in effects if isinstance(effect, Send) and (kind is None or effect.message.type == kind)]


def kinds(effects):
    return [type(effect).__name__ for effect in effects]
