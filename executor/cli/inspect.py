"""executor inspect"""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Annotated

import typer

from executor.cli._show import as_json, fact, one_line, readable
from executor.crypto.digests import function_id, manifest_hash, module_id, profile_id, request_id, transcript_hash
from executor.errors import InvalidConfig
from executor.model.codec import Json
from executor.model.function import Function
from executor.model.observation import Kind, Observation
from executor.model.profile import PROFILE
from executor.model.receipt import Receipt
from executor.model.transcript import Entry
from executor.projects import function_of as project_function
from executor.projects import load_project
from executor.receipts import read_receipt
from executor.receipts.build import terms_of
from executor.vm.binary import read_outline


def command(
    path: Annotated[Path, typer.Argument(help="A function's directory, a .wasm module, or a receipt.json.")],
    json_output: Annotated[bool, typer.Option("--json", help="Print the facts as JSON.")] = False,
) -> None:
    """Show what a module, function or receipt is."""
    facts = _facts(path)
    if json_output:
        as_json(facts)
    else:
        print_facts(facts)


def print_facts(facts: Mapping[str, Json]) -> None:
    """A line a fact, and one for each slot of a receipt."""
    for name, value in facts.items():
        if name == "observations" and isinstance(value, list):
            for slot, entry in enumerate(value):
                fact(f"slot {slot}", _side_by_side(entry))
            continue
        if isinstance(value, dict):
            value = ", ".join(f"{key} {item}" for key, item in value.items())
        elif isinstance(value, list):
            value = ", ".join(map(str, value))
        fact(name.replace("_", " "), value)


def _facts(path: Path) -> dict[str, Json]:
    if path.is_dir() or path.suffix == ".toml":
        project = load_project(path)
        section = project.manifest.function
        return {"name": section.name, "language": section.language, **_function_facts(project_function(project))}
    if path.suffix == ".wasm":
        return _module_facts(_read_module(path))
    return receipt_facts(read_receipt(path))


def _read_module(path: Path) -> bytes:
    try:
        with path.open("rb") as file:
            return file.read(PROFILE.ceilings.module_bytes + 1)
    except OSError as error:
        raise InvalidConfig(f"{path}: {error.strerror}") from error


def _module_facts(module: bytes) -> dict[str, Json]:
    outline = read_outline(module)
    return {
        "module_id": str(module_id(module)),
        "module_bytes": len(module),
        "imports": [f"{entry.module}.{entry.name}" for entry in outline.imports],
        "exports": [entry.name for entry in outline.exports],
        "functions": len(outline.functions),
        "memory_pages": outline.memories[0].minimum if outline.memories else 0,
    }


def _function_facts(function: Function) -> dict[str, Json]:
    return {
        "function_id": str(function_id(function)),
        "manifest_hash": str(manifest_hash(function.terms)),
        "source_bytes": len(function.source),
        "limits": function.terms.limits.model_dump(),
        "capabilities": function.terms.capabilities.model_dump(exclude_none=True),
        **_module_facts(function.module),
    }


def receipt_facts(receipt: Receipt) -> dict[str, Json]:
    epoch, request, attestation = receipt.epoch, receipt.request, receipt.attestation
    own = [report for report in attestation.reports if report.request_id == request_id(request)]
    key = receipt.draw_key
    return {
        "request_id": str(request_id(request)),
        "function_id": str(request.function_id),
        "module_id": str(receipt.function.module_id),
        "limits": terms_of(receipt).limits.model_dump(),
        "profile": f"{receipt.profile.name} {profile_id(receipt.profile)}",
        "chain": request.chain_id,
        "router": str(request.router),
        "epoch": f"{epoch.number}: {epoch.n} members, quorum {epoch.quorum}",
        "input": f"0x{request.input.hex()}",
        "observations": [_observations(entry) for entry in receipt.transcript],
        **({} if key is None else {"draw_key": f"0x{key.public_key.hex()}, signed under {key.scheme}"}),
        "transcript_hash": str(transcript_hash(receipt.transcript)),
        "status": own[0].status.name if own else "not attested here",
        "fuel_used": own[0].fuel_used if own else 0,
        "payload": f"0x{receipt.payload.hex()}",
        "attestation": f"{attestation.scheme}, {len(attestation.reports)} reports",
    }


def _observations(entry: Entry) -> dict[str, Json]:
    """What was agreed, and of what: each member's own word that the receipt holds."""
    seen: dict[str, Json] = {str(each.member): _word(each.observation) for each in entry.observations}
    return {"spec": readable(entry.spec), "agreed": _word(entry), "members": seen}


def _word(said: Entry | Observation) -> str:
    return readable(said.value) if said.kind is Kind.VALUE else f"{said.kind.name.lower()} {readable(said.value)}"


def _side_by_side(entry: Json) -> str:
    assert isinstance(entry, dict)
    assert isinstance(entry["members"], dict)
    lines = [f"agreed {entry['agreed']}", *(f"member {member} {word}" for member, word in entry["members"].items())]
    return "\n".join(one_line(line) for line in lines)
