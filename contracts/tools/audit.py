"""Runs slither over contracts/src and halmos over contracts/test/proofs: `audit.py [slither|halmos]`.

Both come from .audit (requirements/audit.txt) and run as processes. contracts/slither.json says which findings are
accepted, and why: a finding it does not name, and a name that no finding has, ends the run with an error.
"""

import json
import os
import subprocess
import sys
from collections import defaultdict
from typing import Any

import npm

ROOT = npm.HOME.parent
TOOLS = ROOT / ".audit"
BIN = TOOLS / "bin"


def environment(name: str, **changes: str) -> dict[str, str]:
    """Forge and solc from npm for both tools, and build folders apart from forge's own."""
    inherited = npm.environment()
    return {
        **inherited,
        "PATH": os.pathsep.join([str(npm.tool("forge").parent), str(BIN.resolve()), inherited["PATH"]]),
        "FOUNDRY_PROFILE": "dev",
        "FOUNDRY_SOLC": str(npm.HOME / "tools" / "solc"),
        "FOUNDRY_OUT": f"../.audit/{name}",
        "FOUNDRY_CACHE_PATH": f"../.audit/{name}-cache",
        "FOUNDRY_LINT_LINT_ON_BUILD": "false",
        **changes,
    }


def place(finding: dict[str, Any]) -> str:
    """The function, variable or event a finding is about, with its contract: it does not change with line numbers."""
    element = finding["elements"][0]
    parent = element.get("type_specific_fields", {}).get("parent", {})
    while element["type"] in {"node", "variable"} and parent.get("type") == "function":
        element = parent
        parent = element.get("type_specific_fields", {}).get("parent", {})
    fields = element.get("type_specific_fields", {})
    name = fields.get("signature", element["name"]).split("(")[0]
    return f"{parent['name']}.{name}" if parent.get("type") == "contract" else name


def slither() -> list[str]:
    """What is wrong with slither's findings, or with what contracts/slither.json says of them."""
    report = TOOLS / "slither-report.json"
    report.unlink(missing_ok=True)
    command = [str(BIN / "slither"), ".", "--config-file", "slither.config.json", "--json", str(report.resolve())]
    done = subprocess.run(
        command,
        cwd=npm.HOME,
        env=environment("slither", FOUNDRY_TEST="none"),
        capture_output=True,
        text=True,
        check=False,
    )
    if not report.exists():
        return [done.stdout + done.stderr]
    found: dict[str, set[str]] = defaultdict(set)
    for finding in json.loads(report.read_text())["results"].get("detectors", []):
        found[finding["check"]].add(place(finding))
    problems = []
    explained = (ROOT / "docs" / "audit.md").read_text()
    accepted = json.loads((npm.HOME / "slither.json").read_text())
    for check in sorted(found.keys() | accepted.keys()):
        entry = accepted.get(check, {"places": [], "reason": ""})
        if entry["reason"] not in explained:
            problems.append(f"slither: {check}: its reason is not in docs/audit.md")
        if entry["places"] == "all" and found[check]:
            continue
        named = set() if entry["places"] == "all" else set(entry["places"])
        problems += [
            f"slither: {check}: {name}: not explained in slither.json" for name in sorted(found[check] - named)
        ]
        problems += [f"slither: {check}: {name}: found no more" for name in sorted(named - found[check])]
        if not found[check]:
            problems.append(f"slither: {check}: found nowhere")
    return problems


def halmos() -> list[str]:
    """Proofs that fail; a proof that halmos cannot finish fails."""
    command = [
        str(BIN / "halmos"),
        "--match-contract",
        "Proof$",
        "--no-status",
        "--forge-build-out",
        "../.audit/halmos",
    ]
    proofs = {"FOUNDRY_TEST": "test/proofs", "FOUNDRY_SRC": "test/proofs"}
    done = subprocess.run(
        command, cwd=npm.HOME, env=environment("halmos", **proofs), capture_output=True, text=True, check=False
    )
    lines = [line for line in done.stdout.splitlines() if "[PASS]" in line or "[FAIL]" in line or "result:" in line]
    sys.stdout.write("\n".join(lines) + "\n")
    if done.returncode == 0 and lines:
        return []
    return [f"halmos: {done.stdout[-3000:]}{done.stderr[-3000:]}"]


def main(names: list[str]) -> None:
    problems = [
        problem for name, run in (("slither", slither), ("halmos", halmos)) if name in names for problem in run()
    ]
    if problems:
        raise SystemExit("\n".join(problems))
    sys.stdout.write("audit: nothing unexplained\n")


if __name__ == "__main__":
    main(sys.argv[1:] or ["slither", "halmos"])
