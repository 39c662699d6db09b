"""A member that votes twice is found in two receipts and loses its stake; nobody else does."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

from executor.chain.bindings import committee as binding
from executor.chain.calls import view
from executor.crypto import secp256k1
from executor.crypto.digests import attestation_digest, keccak256, report_leaf
from executor.crypto.merkle import merkle_root
from executor.model.report import Report, Vote
from executor.node.evidence import Equivocation
from executor.node.evidence_search import Search
from executor.node.evidence_submission import submit_evidence
from executor.receipts import read_receipt, write_receipt

from .support import SIGNER_KEYS, Scene, answer

RECORDED = Path(__file__).resolve().parents[2] / "fixtures" / "receipts" / "throws.json"
LIAR = 2


def receipts(scene: Scene, folder: Path, outcomes: list[tuple[Report, bytes]]) -> list[Path]:
    """One receipt an outcome, each with the liar's vote and another member's, in batches of different size."""
    blank = read_receipt(RECORDED)
    paths = []
    for honest, (report, payload) in enumerate(outcomes):
        batch = (report,) if honest == 0 else (report, replace(report, request_id=keccak256(b"another")))
        digest = attestation_digest(scene.epoch.identity, merkle_root([report_leaf(each) for each in batch]))
        votes = tuple(Vote(each, secp256k1.sign(SIGNER_KEYS[each], digest)) for each in (honest, LIAR))
        attestation = replace(blank.attestation, reports=batch)
        told = replace(blank, epoch=scene.epoch, attestation=attestation, votes=votes, payload=payload)
        paths.append(folder / f"0x{honest}.json")
        write_receipt(paths[-1], told)
    return paths


async def slashed(scene: Scene) -> list[bool]:
    found = []
    for member in scene.epoch.members:
        raw = await view(scene.client, "Committee", scene.client.committee, "stakeOf", member.operator)
        found.append(binding.StakeInfo.from_abi(raw).slashed)
    return found


async def test_two_receipts_slash_the_member_that_signed_both(scene: Scene, tmp_path: Path) -> None:
    seen = await scene.request()
    search = Search()
    search.read_files(receipts(scene, tmp_path, [answer(seen, 3_000), answer(seen, 3_001)]))
    (found,) = search.found.values()
    assert (found.member, found.signer) == (LIAR, scene.epoch.members[LIAR].signer)

    wrong = await submit_evidence(scene.client, scene.requester, list(wrong_ones(found)))
    assert ["another key" in wrong[0]["error"], "has no member 99" in wrong[1]["error"]] == [True, True]
    assert "this is evidence of chain 1," in wrong[2]["error"]
    assert "NoEquivocation" in wrong[3]["error"]
    assert await slashed(scene) == [False] * 4

    (done,) = await submit_evidence(scene.client, scene.requester, [found])
    assert done["operator"] == str(scene.epoch.members[LIAR].operator)
    assert done["transaction"].startswith("0x")
    assert await slashed(scene) == [member == LIAR for member in range(4)]
    (again,) = await submit_evidence(scene.client, scene.requester, [found])
    assert again["already_slashed"] is True


def wrong_ones(found: Equivocation) -> list[Equivocation]:
    """Against another member, against none, of another chain, and no evidence at all."""
    return [
        replace(found, member=0),
        replace(found, member=99),
        replace(found, epoch=replace(found.epoch, chain_id=1)),
        replace(found, second=found.first),
    ]
