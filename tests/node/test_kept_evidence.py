"""Evidence in the journal: found by the driver, kept once a member, readable after everything else is gone."""

import asyncio
from dataclasses import replace

import pytest
from node_bench import make_keys, make_request, until

from executor.crypto import secp256k1
from executor.crypto.digests import keccak256
from executor.errors import InvalidEncoding
from executor.model.report import Vote
from executor.node import evidence
from executor.protocol.bundles import encode_bundles
from executor.protocol.messages import VoteMessage
from executor.protocol.statements import ReportsStatement, statement_digest
from executor.store.journal import Journal


def vote(epoch, member, report):
    digest = statement_digest(ReportsStatement(epoch.identity, (report,)))
    return Vote(member, secp256k1.sign(make_keys(member).signer, digest))


async def test_a_second_vote_is_kept_as_evidence(committee):
    """A late vote for another outcome, sent twice: one item, told once, still there when the request is forgotten."""
    nodes = await committee(4)
    key, *_ = await asyncio.gather(*(node.see(make_request()) for node in nodes))
    await until(lambda: all(node.attested for node in nodes))
    node, epoch = nodes[0], nodes[0].network.epoch
    honest = node.attested[0]
    liar = honest.votes[-1].member
    lie = replace(honest.report, output_hash=keccak256(b"lie"))
    for _ in range(2):
        (bundle,) = encode_bundles([VoteMessage(lie, vote(epoch, liar, lie))])
        await node.driver.received(liar, bundle.data)
    await until(lambda: node.told("equivocated"))
    await node.stop()

    journal = Journal(node.folder / "journal.sqlite3")
    for kind in ("request", "record"):
        journal.delete(key, kind)
    (found,) = evidence.in_journal(journal)
    assert (found.member, found.request_id, found.epoch) == (liar, key, epoch.identity)
    assert found.signer == epoch.members[liar].signer
    assert found.is_proven()
    assert evidence.decode_evidence(evidence.encode_evidence(found)) == found
    assert [event["member"] for event in node.told("equivocated")] == [liar]

    other = replace(found, member=(liar + 1) % 4)
    assert [evidence.keep(journal, item) for item in (found, other, other)] == [False, True, False]
    assert evidence.of_request(journal, key) == [found, other]
    journal.close()
    with pytest.raises(InvalidEncoding, match="no evidence against member"):
        evidence.decode_evidence(evidence.encode_evidence(replace(found, second=found.first)))
    await node.start()
