"""Plants faults in a scratch copy of contracts/, one at a time; a test must fail: `mutants.py [--resume] [word…]`.

contracts/mutants.json lists them: file below src, exact text, what it becomes, the fault in a sentence, and which test
files are asked first; if those pass, all are. Words select faults by file. A full sweep writes docs/mutations.md;
--resume does not try again what a sweep that was stopped has caught (.audit/mutants.json).
"""

import json
import os
import re
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import Any

import npm

ROOT = npm.HOME.parent
FOUND = ROOT / ".audit" / "mutants.json"
DOCUMENT = ROOT / "docs" / "mutations.md"
HEAD = """# Mutations

Faults planted by hand in a scratch copy of the contracts, one at a time, and the test that caught each. Written by
`make mutants` (contracts/tools/mutants.py; contracts/mutants.json has the exact texts), in forge's `dev` profile.

| contract | fault | caught by |
| --- | --- | --- |
"""


def copy(folder: Path) -> Path:
    """A scratch copy of what forge needs; node_modules is a link."""
    home = folder / "contracts"
    for part in ("src", "test", "tools"):
        shutil.copytree(npm.HOME / part, home / part)
    shutil.copy(npm.HOME / "foundry.toml", home)
    shutil.copytree(ROOT / "fixtures" / "vectors", folder / "fixtures" / "vectors")
    (home / "node_modules").symlink_to(npm.MODULES.resolve())
    return home


def forge(home: Path, *arguments: str) -> str:
    """What forge printed; the fast profile, few runs of invariants, no gas snapshots."""
    environment = {
        **npm.environment(),
        "FOUNDRY_PROFILE": "dev",
        "FOUNDRY_SOLC": str(home / "tools" / "solc"),
        "FOUNDRY_INVARIANT_RUNS": "6",
        "FORGE_SNAPSHOT_EMIT": "false",
    }
    command = [str(npm.tool("forge")), "test", *arguments]
    done = subprocess.run(command, cwd=home, env=environment, capture_output=True, text=True, check=False)
    return done.stdout + done.stderr


def catcher(output: str) -> str | None:
    """The first test that failed; None when all passed."""
    suite = ""
    for line in output.splitlines():
        if ran := re.match(r"Ran \d+ tests? for (\S+):", line):
            suite = ran[1].removeprefix("test/")
        if (failed := re.search(r"^\[FAIL.*?\] (\w+)\(", line)) or (
            failed := re.search(r"^ (invariant_\w+)\(.*runs: ", line)
        ):
            return f"{suite}: `{failed[1]}`"
    if "[FAIL" in output:
        return f"{suite}: `setUp`"
    if re.search(r"\b0 failed", output) and not re.search(r"[1-9]\d* failed", output):
        return None
    raise SystemExit(f"forge neither passed nor failed a test:\n{output[-3000:]}")


def first(mutant: dict[str, Any]) -> list[str]:
    """Arguments that select the tests asked first."""
    globs = [f"{name}.sol" if name.endswith("/*") else f"{name}.t.sol" for name in mutant["tests"]]
    pattern = globs[0] if len(globs) == 1 else "{" + ",".join(globs) + "}"
    return ["--match-path", f"test/{pattern}"]


def attempt(home: Path, mutant: dict[str, Any], tests: list[str]) -> str | None:
    """Plants one fault, runs tests, takes the fault out; what caught it."""
    path = home / "src" / mutant["file"]
    text = path.read_text()
    path.write_text(text.replace(mutant["old"], mutant["new"]))
    try:
        return catcher(forge(home, "--fail-fast", *tests))
    finally:
        path.write_text(text)


def key(mutant: dict[str, Any]) -> str:
    """The fault's name."""
    return f"{mutant['file']}: {mutant['fault']}"


def check(mutants: list[dict[str, Any]]) -> None:
    """Ends the run for a fault whose place is gone or not the only one."""
    for mutant in mutants:
        count = (npm.HOME / "src" / mutant["file"]).read_text().count(mutant["old"])
        if count != 1:
            raise SystemExit(f"mutants: {mutant['file']}: found {count} times: {mutant['old']}")


def known() -> dict[str, str]:
    """What was caught before, by `key`."""
    return json.loads(FOUND.read_text()) if FOUND.exists() else {}


def sweep(home: Path, mutants: list[dict[str, Any]], every: bool) -> list[dict[str, Any]]:
    """Tries the faults not yet caught, against all tests or those asked first, and returns those that survive."""
    survivors = []
    for number, mutant in enumerate(mutants, 1):
        caught = known().get(key(mutant)) or attempt(home, mutant, [] if every else first(mutant))
        if caught is None:
            survivors.append(mutant)
        else:
            FOUND.parent.mkdir(exist_ok=True)
            FOUND.write_text(json.dumps({**known(), key(mutant): caught}, indent=1))
        sys.stdout.write(f"{number}/{len(mutants)} {key(mutant)}: {caught or 'survived'}\n")
        sys.stdout.flush()
    return survivors


def main(arguments: list[str]) -> None:
    mutants = json.loads((npm.HOME / "mutants.json").read_text())
    check(mutants)
    words = [word for word in arguments if word != "--resume"]
    if "--resume" not in arguments:
        FOUND.unlink(missing_ok=True)
    chosen = [mutant for mutant in mutants if not words or any(word in mutant["file"] for word in words)]
    with tempfile.TemporaryDirectory() as folder:
        home = copy(Path(folder))
        survivors = sweep(home, sweep(home, chosen, every=False), every=True)
    if survivors:
        raise SystemExit(f"{len(survivors)} survived all tests")
    if len(chosen) == len(mutants):
        found = known()
        rows = "".join(f"| {each['file']} | {each['fault']} | {found[key(each)]} |\n" for each in mutants)
        DOCUMENT.write_text(HEAD + rows)


if __name__ == "__main__":
    os.environ.pop("FOUNDRY_OUT", None)
    main(sys.argv[1:])
