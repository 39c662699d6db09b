"""Every row of the digest, report and attestation vectors against the digests and the Merkle tree."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any

import jsonschema
import pytest
from eth_abi.abi import encode
from eth_utils.crypto import keccak

from executor.crypto import digests
from executor.crypto.merkle import merkle_root
from executor.model.codec import decode_json, from_plain
from executor.model.committee import EpochIdentity
from executor.model.function import Function
from executor.model.ids import Address, Digest, EpochDigest, FunctionId, RequestId, Root, TranscriptHash
from executor.model.manifest import Terms
from executor.model.observation import Kind, Observation
from executor.model.profile import PROFILE, Profile
from executor.model.report import Report, Status
from executor.model.transcript import Entry

ROOT = Path(__file__).parents[2]
VECTORS = ROOT / "fixtures" / "vectors"
DIGESTS = json.loads((VECTORS / "digests.json").read_text())
REPORTS = json.loads((VECTORS / "reports.json").read_text())
ATTESTATION = json.loads((VECTORS / "attestation.json").read_text())
VALUES = DIGESTS["values"]
# docs/wire.md §1: | `name` | type field, type field, ... | meaning |
SECTION = (ROOT / "docs" / "wire.md").read_text().split("## 1. Tags")[1].split("\n## ")[0]
TABLE = dict(re.findall(r"^\| `([a-z]+)` \| (.*?) \|", SECTION, re.MULTILINE))


def unhex(text: str) -> bytes:
    return bytes.fromhex(text.removeprefix("0x"))


def number(row: dict[str, Any]) -> str:
    return str(row["tcId"])


@pytest.mark.parametrize("name", ["digests", "reports", "attestation"])
def test_vectors_fit_their_schema(name: str) -> None:
    """Each file is what its schema says, and names it."""
    content = json.loads((VECTORS / f"{name}.json").read_text())
    assert content["schema"] == f"{name}.schema.json"
    jsonschema.validate(content, json.loads((VECTORS / content["schema"]).read_text()))


def test_ids_are_distinct() -> None:
    """A tcId names one test of its file."""
    for groups in ([*DIGESTS["tests"].values(), *VALUES.values()], [REPORTS["leaves"], REPORTS["batches"]]):
        numbers = [row["tcId"] for rows in groups for row in rows]
        assert sorted(numbers) == list(range(1, len(numbers) + 1))


def test_every_row_of_the_table_has_vectors() -> None:
    """docs/wire.md §1 and the file name the same digests."""
    assert set(TABLE) == set(DIGESTS["tests"])


@pytest.mark.parametrize(
    ("name", "row"),
    [pytest.param(name, row, id=f"{name}-{row['tcId']}") for name, rows in DIGESTS["tests"].items() for row in rows],
)
def test_rows_are_encoded_as_the_table_says(name: str, row: dict[str, Any]) -> None:
    """Our tag, then the types of docs/wire.md §1: with the smallest, the largest and other values of each field."""
    fields = {key: text for key, text in row.items() if key not in ("tcId", "comment", "flags", "result")}
    types = [field.split()[0] for field in re.sub(r"\([^)]*\)", "", TABLE[name]).split(", ")]
    hashed = ["keccak(" in field for field in TABLE[name].split(", ") if re.match(r"(bytes|uint|address)", field)]
    values = [plain(kind, text, is_hash) for kind, text, is_hash in zip(types, fields.values(), hashed, strict=True)]
    body = encode(["bytes32", *types], [getattr(digests, f"TAG_{name.upper()}"), *values])
    assert unhex(row["result"]) == keccak(body)


def plain(kind: str, value: Any, is_hash: bool) -> Any:
    """A field's value as eth_abi takes it."""
    if kind.endswith("[]"):
        return [unhex(item) for item in value]
    if kind.startswith("uint"):
        return int(value)
    return keccak(unhex(value)) if is_hash else unhex(value)


@pytest.mark.parametrize("row", VALUES["manifest"], ids=number)
def test_manifest_hashes(row: dict[str, Any]) -> None:
    """Terms hash as their canonical JSON."""
    assert unhex(row["result"]) == digests.manifest_hash(terms_of(row["json"]))


@pytest.mark.parametrize("row", VALUES["function"], ids=number)
def test_function_ids(row: dict[str, Any]) -> None:
    """Module, source and terms make the id, from the bytes or from the module's id."""
    function = Function(unhex(row["module"]), terms_of(row["terms"]), unhex(row["source"]))
    module = digests.module_id(function.module)
    assert unhex(row["moduleId"]) == module
    assert unhex(row["result"]) == digests.function_id(function)
    assert unhex(row["result"]) == digests.function_id_of(module, function.source, function.terms)


@pytest.mark.parametrize("row", VALUES["profile"], ids=number)
def test_profile_ids(row: dict[str, Any]) -> None:
    """A profile hashes as its canonical JSON."""
    profile = from_plain(Profile, decode_json(unhex(row["json"]), limit=65_536))
    assert unhex(row["result"]) == digests.profile_id(profile)


@pytest.mark.parametrize("row", VALUES["transcript"], ids=number)
def test_transcript_and_entry_hashes(row: dict[str, Any]) -> None:
    """Entries hash with their slot, a transcript over its entries."""
    entries = [Entry(unhex(e["spec"]), Kind(int(e["kind"])), unhex(e["value"])) for e in row["entries"]]
    assert [unhex(e["hash"]) for e in row["entries"]] == [digests.entry_hash(*each) for each in enumerate(entries)]
    assert unhex(row["result"]) == digests.transcript_hash(tuple(entries))


@pytest.mark.parametrize("row", VALUES["observation"], ids=number)
def test_observation_digests(row: dict[str, Any]) -> None:
    """What a member signs about what it saw."""
    digest = digests.observation_digest(
        EpochDigest(unhex(row["epochDigest"])),
        RequestId(unhex(row["requestId"])),
        FunctionId(unhex(row["functionId"])),
        TranscriptHash(unhex(row["transcriptHash"])),
        int(row["slot"]),
        unhex(row["spec"]),
        Observation(Kind(int(row["kind"])), unhex(row["value"])),
    )
    assert unhex(row["result"]) == digest


@pytest.mark.parametrize("row", REPORTS["batches"], ids=number)
def test_roots_of_packed_reports(row: dict[str, Any]) -> None:
    """The leaves of the reports in a delivery's bytes (docs/wire.md §6), and their root."""
    packed, leaves = unhex(row["packed"]), []
    while packed:
        length = int.from_bytes(packed[111:115], "big")
        report = Report(
            RequestId(packed[:32]),
            FunctionId(packed[32:64]),
            TranscriptHash(packed[64:96]),
            Status(packed[96]),
            int.from_bytes(packed[97:101], "big"),
            int.from_bytes(packed[101:103], "big"),
            int.from_bytes(packed[103:111], "big"),
            digests.keccak256(packed[115 : 115 + length]),
        )
        leaves.append(digests.report_leaf(report))
        packed = packed[115 + length :]
    assert [unhex(leaf) for leaf in row["leaves"]] == leaves
    assert unhex(row["root"]) == merkle_root([Digest(leaf) for leaf in leaves])


def test_the_attestation_digest() -> None:
    """What votes sign over a root."""
    places = Address.from_hex(ATTESTATION["router"]), Address.from_hex(ATTESTATION["committee"])
    identity = EpochIdentity(int(ATTESTATION["chainId"]), *places, int(ATTESTATION["epoch"]))
    assert unhex(ATTESTATION["digest"]) == digests.attestation_digest(identity, Root.from_hex(ATTESTATION["root"]))


def terms_of(text: str) -> Terms:
    return from_plain(Terms, decode_json(unhex(text), limit=65_536))


def test_a_spec_larger_than_any_function_may_have_is_hashed_and_not_kept() -> None:
    """Peers name specs: what is kept of them is 256 times 4 kB at most."""
    before = digests._spec_hash.cache_info().currsize
    longest, longer = b"s" * digests.KEPT_SPEC_BYTES, b"s" * (digests.KEPT_SPEC_BYTES + 1)
    assert len({digests.spec_hash(each) for each in (longest, longer, longest, longer)}) == 2
    assert digests._spec_hash.cache_info().currsize == before + 1
    assert digests._spec_hash.cache_info().maxsize == 256
    assert PROFILE.ceilings.spec_bytes == digests.KEPT_SPEC_BYTES
