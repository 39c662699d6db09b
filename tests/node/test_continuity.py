"""A journal, a signer's record, or both from an old copy: the member signs nothing for the epochs begun."""

import asyncio
import contextlib
import shutil
from dataclasses import replace

import pytest
import pytest_asyncio
from node_bench import FUNCTION, make_epoch, make_keys, make_request, until

from executor.crypto.digests import function_id, make_report, request_id, transcript_hash
from executor.errors import RuleBroken, SignerUnavailable, SigningBarred, StoreError
from executor.keys.calls import LocalSigner
from executor.keys.record import SignerRecord
from executor.keys.signer import Signer
from executor.model.ids import RequestId
from executor.model.observation import Kind, Observation
from executor.model.outcome import Returned
from executor.model.view import NO_VIEW
from executor.node import continuity as continuity_module
from executor.node.continuity import Continuity
from executor.node.signing import ProtocolSigner
from executor.protocol.statements import ObservationStatement, ReportsStatement
from executor.store.journal import Journal
from executor.transport.memory import MemoryNetwork


def vote(epoch, nonce, output=b"42"):
    request = make_request(nonce)
    nothing = transcript_hash(())
    report = make_report(request_id(request), function_id(FUNCTION), nothing, Returned(output, 5), NO_VIEW)
    return ReportsStatement(epoch.identity, (report,))


class Member:
    """One member's signer, journal and continuity; its files can be copied aside and brought back."""

    def __init__(self, folder, network, index):
        folder.mkdir()
        self.folder, self.network, self.index = folder, network, index
        self.epoch = network.epoch
        self.task = None
        SignerRecord.create(folder / "record.sqlite3", make_keys(index).public.signer).close()

    def open(self, epoch=None):
        keys = make_keys(self.index)
        self.epoch = epoch or self.epoch
        self.record = SignerRecord.open(self.folder / "record.sqlite3", keys.public.signer)
        self.journal = Journal(self.folder / "journal.sqlite3")
        self.calls = LocalSigner(Signer(keys, self.record))
        self.signer = ProtocolSigner(self.calls, self.epoch, self.index, self.journal)
        self.promises = self.signer.counting(self.journal)

    async def start(self):
        self.open()
        self.delivered = []

        async def deliver(sender, data):
            self.delivered.append((sender, data))

        self.continuity = Continuity(self.epoch, self.index, self.journal, self.signer)
        self.transport = self.network.join(self.index, self.calls, self.continuity.received)
        self.continuity.attach(self.transport, deliver)
        await self.continuity.begin()
        await self.transport.start()
        self.task = asyncio.create_task(self.continuity.run())

    def close(self):
        self.journal.close()
        self.record.close()

    async def stop(self):
        await self.transport.close()
        self.task.cancel()
        await asyncio.gather(self.task, return_exceptions=True)
        self.close()

    def copy(self, *names):
        for name in names:
            shutil.copytree(self.folder, self.folder.with_suffix(f".{name}"))

    def bring_back(self, copy, name):
        for old in self.folder.glob(f"{name}*"):
            old.unlink()
        for file in self.folder.with_suffix(f".{copy}").glob(f"{name}*"):
            shutil.copy(file, self.folder)


@pytest.fixture
def network():
    return MemoryNetwork(make_epoch(4))


@pytest.fixture
def member(tmp_path, network):
    return Member(tmp_path / "0", network, 0)


@pytest_asyncio.fixture
async def committee(tmp_path, network):
    members = [Member(tmp_path / str(index), network, index) for index in range(4)]
    yield members
    for each in members:
        with contextlib.suppress(Exception):
            await each.stop()


async def life(member, *nonces, epoch=None):
    """Open, begin, journal and vote as a driver does, close."""
    member.open(epoch)
    try:
        await member.signer.begin()
        signed = []
        for nonce in nonces:
            member.promises.save(request_id(make_request(nonce)), "record", b"what the vote binds to")
            signed.append(await member.signer.sign(vote(member.epoch, nonce)))
        return signed
    finally:
        member.close()


async def test_a_restarted_member_goes_on(member):
    """Nothing old: every start is let through, with and without new promises."""
    first = await life(member, 1)
    await life(member)
    assert first == await life(member, 1)
    await life(member, 2)


async def test_a_journal_from_a_copy_does_not_begin(member):
    """Exactly: one vote after the copy, and it is noticed. The true journal begins as before."""
    await life(member, 1)
    member.copy("old")
    await life(member, 2)
    member.copy("true")
    member.bring_back("old", "journal")
    for _ in range(2):
        with pytest.raises(SigningBarred, match="restored from a copy"):
            await life(member)
    member.bring_back("true", "journal")
    await life(member, 2)


async def test_a_journal_from_a_copy_does_not_grow_true_while_its_node_runs_on(member):
    """The node follows the chain, and asks its signer again with every block: what it saves meanwhile is no promise."""
    await life(member, 1)
    member.copy("old")
    await life(member, 2)
    member.bring_back("old", "journal")
    for _ in range(2):
        member.open()
        for block in range(20):
            member.journal.save(RequestId(bytes(32)), "cursor", b"%d" % block)
            member.journal.save(request_id(make_request(100 + block)), "request", b"seen")
            with pytest.raises(SigningBarred, match="restored from a copy"):
                await member.signer.begin()
        member.close()


async def test_another_keys_promises_do_not_make_a_journal_from_a_copy_true(member):
    """One journal serves the keys before and after a rotation."""
    await life(member, 1)
    member.copy("old")
    await life(member, 2)
    member.bring_back("old", "journal")
    member.open()
    other = ProtocolSigner(member.calls, member.epoch, 1, member.journal).counting(member.journal)
    for nonce in range(20):
        other.save(request_id(make_request(nonce)), "record", b"what another key's vote binds to")
    with pytest.raises(SigningBarred, match="restored from a copy"):
        await member.signer.begin()
    member.close()


async def test_a_journal_from_a_copy_before_an_observation_does_not_begin(member):
    """What the record does not hold moves the sequence, too: an observation is final."""
    await life(member, 1)
    member.copy("old")
    member.open()
    await member.signer.begin()
    member.promises.save(request_id(make_request(7)), "record", b"seen")
    seen = Observation(Kind.VALUE, b"1")
    request = request_id(make_request(7))
    identity = member.epoch.identity
    await member.signer.sign(
        ObservationStatement(identity, request, function_id(FUNCTION), transcript_hash(()), 0, b"{}", seen)
    )
    assert member.record.counter == 1
    member.close()
    member.bring_back("old", "journal")
    with pytest.raises(SigningBarred, match="restored from a copy"):
        await life(member)


async def test_a_new_journal_does_not_begin_where_something_was_signed(member):
    await life(member, 1)
    for file in member.folder.glob("journal*"):
        file.unlink()
    for _ in range(2):
        with pytest.raises(SigningBarred, match="another journal"):
            await life(member)


async def test_an_old_journal_begins_the_next_epoch_and_is_barred_from_those_before(member):
    await life(member, 1)
    member.copy("old")
    await life(member, 2)
    member.bring_back("old", "journal")
    first, second = member.epoch, replace(member.epoch, number=2)
    await life(member, 3, epoch=second)
    with pytest.raises(SigningBarred, match="barred from every epoch up to 1"):
        await life(member, 3, epoch=first)
    await life(member, 3, epoch=second)


async def test_a_record_from_a_copy_is_barred_for_good(member):
    """Exactly: one promise after the copy, and it is noticed; whatever the journal says later, it signs nothing."""
    await life(member, 1)
    member.copy("old")
    await life(member, 2)
    member.copy("true")
    member.bring_back("old", "record")
    with pytest.raises(SigningBarred, match="rolled back"):
        await life(member)
    for file in member.folder.glob("journal*"):
        file.unlink()
    with pytest.raises(SigningBarred, match="barred from every epoch up to 1"):
        await life(member)
    member.bring_back("true", "record")
    member.bring_back("true", "journal")
    await life(member, 2)  # brought back as they were last, both were never restored
    member.bring_back("old", "record")
    with pytest.raises(SigningBarred, match="rolled back"):
        await life(member)
    await life(member, 1, epoch=replace(member.epoch, number=2))


async def test_a_record_rolled_back_under_a_running_node_signs_nothing(member):
    """The next ask shows what the node knows, before anything is signed."""
    await life(member, 1)
    member.copy("old")
    member.open()
    await member.signer.begin()
    await member.signer.sign(vote(member.epoch, 2))
    member.record.close()
    member.bring_back("old", "record")
    keys = make_keys(0)
    member.record = SignerRecord.open(member.folder / "record.sqlite3", keys.public.signer)
    member.calls._signer = Signer(keys, member.record)
    with pytest.raises(StoreError, match="rolled back"):
        await member.signer.sign(vote(member.epoch, 2, b"another"))
    member.close()


async def brought_back(committee):
    """Member 0, its journal and record as they were a vote before; the others keep that it stated two."""
    for each in committee:
        await each.start()
    restored, keeper = committee[0], committee[1]
    await restored.continuity.sign(vote(restored.epoch, 1))
    await restored.stop()
    restored.copy("old")
    await restored.start()
    await restored.continuity.sign(vote(restored.epoch, 2))
    await restored.continuity._state_again(restored.continuity._counters)
    await until(lambda: keeper.continuity._counters._kept[0].counter == 2)
    await restored.stop()
    restored.bring_back("old", "journal")
    restored.bring_back("old", "record")
    return restored


async def test_both_from_a_copy_are_noticed_by_what_one_peer_kept(committee):
    """The member stops before it signs, for good: again without its peers, and only for the epochs begun."""
    restored = await brought_back(committee)
    for liar in committee[2:]:  # at most f say nothing of it; here both that are left
        liar.continuity._counters._kept.clear()
    await restored.start()
    waiting = asyncio.create_task(restored.continuity.sign(vote(restored.epoch, 2, b"another")))
    with pytest.raises(StoreError, match="stated 2 to a peer"):
        await restored.task
    assert not waiting.done()
    waiting.cancel()
    await restored.transport.close()
    restored.close()
    with pytest.raises(SigningBarred, match="restored together"):
        await life(restored)
    for file in restored.folder.glob("journal*"):
        file.unlink()
    with pytest.raises(SigningBarred, match="barred"):
        await life(restored)
    await life(restored, 1, epoch=replace(restored.epoch, number=2))


async def test_nothing_is_signed_before_enough_members_answered(committee):
    """q - 1 of n = 4 are two; what else arrives meanwhile is dropped, the protocol sends it again."""
    starting, *others = committee
    await starting.start()
    await others[0].start()
    signing = asyncio.create_task(starting.continuity.sign(vote(starting.epoch, 1)))
    await until(lambda: starting.continuity._counters._answered == {1})
    await starting.continuity.received(1, b"for the driver")
    assert (signing.done(), starting.delivered) == (False, [])
    await others[1].start()
    await until(signing.done)
    await starting.continuity.received(1, b"for the driver")
    assert starting.delivered == [(1, b"for the driver")]


async def test_no_lie_stops_a_member(committee):
    """Made-up counters, another member's signature, another epoch's: each is the liar's fault and changes nothing."""
    for each in committee:
        await each.start()
    honest, liar = committee[0], committee[3]
    await honest.continuity.sign(vote(honest.epoch, 1))
    own = honest.continuity._counters.own
    stated = await liar.calls.state_counter(honest.epoch.identity)
    elsewhere = await honest.calls.state_counter(replace(honest.epoch, number=2).identity)
    lies = [
        replace(own, counter=own.counter + 7),
        replace(own, counter=stated.record_counter + 7, signature=stated.signature),
        replace(own, counter=elsewhere.record_counter, signature=elsewhere.signature),
        replace(own, signature=b""),
        replace(own, member=2),
        replace(own, member=9),
        replace(own, nonce=b"short"),
    ]
    for lie in lies:
        with pytest.raises(RuleBroken):
            honest.continuity._counters.received(3, lie, 1)
    assert not honest.task.done()
    await honest.continuity.sign(vote(honest.epoch, 2))


async def test_nothing_is_signed_while_the_signer_still_judges_what_a_peer_showed(committee):
    """The keeper's answer and those that make the quorum come together; the signer is slow."""
    restored = await brought_back(committee)
    for other in committee[2:]:
        other.continuity._counters._kept.clear()
    judging, may = asyncio.Event(), asyncio.Event()
    show = ProtocolSigner.show

    async def slow(*shown):
        judging.set()
        await may.wait()
        await show(*shown)

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(ProtocolSigner, "show", slow)
        await restored.start()
        await asyncio.wait_for(judging.wait(), 8)
        await until(lambda: restored.continuity._counters.cleared)
        restored.continuity._clear()
        assert not restored.continuity.cleared
        may.set()
        with pytest.raises(StoreError, match="stated 2 to a peer"):
            await restored.task


async def test_a_signer_that_restarts_is_waited_for_by_what_runs_beside_the_driver(committee, monkeypatch):
    """Questions, statements and what a peer shows are tried again; none of them ends the node."""
    monkeypatch.setattr(continuity_module, "ASK_AGAIN_S", 0.01)
    starting, *others = committee
    await starting.start()
    ask, down = starting.calls.ask, True

    async def ask_or_fail(question):
        if down:
            raise SignerUnavailable("it restarts")
        return await ask(question)

    starting.calls.ask = ask_or_fail
    own = starting.continuity._counters.own
    starting.continuity._shown.put_nowait(own)
    starting.continuity._unjudged += 1
    await asyncio.sleep(0.1)
    assert not starting.task.done()
    down = False
    for each in others:
        await each.start()
    await until(lambda: starting.continuity.cleared)
    await starting.continuity.sign(vote(starting.epoch, 1))
    down = True
    await starting.continuity._state_again(starting.continuity._counters)
    down = False
    await starting.continuity._state_again(starting.continuity._counters)
    await until(lambda: all(each.continuity._counters._kept[0].counter == 1 for each in others))
    assert not starting.task.done()


async def test_a_flood_of_statements_costs_eight_saves_a_round(committee):
    """Each is true and higher than the last; a save a message would be the flooder's disk on our account."""
    honest, flooder = committee[0], committee[1]
    for each in committee:
        await each.start()
    counters = honest.continuity._counters
    kept = 0
    for nonce in range(20):
        await flooder.calls.sign(vote(flooder.epoch, nonce), flooder.signer.mark(), bls=False)
        stated = await flooder.calls.state_counter(flooder.epoch.identity)
        message = replace(counters.own, member=1, counter=stated.record_counter, signature=stated.signature)
        kept += counters.received(1, message, 5 + nonce // 10).keep is not None
    assert kept == 16
