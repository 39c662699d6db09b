"""What is in deploy/: units, users, containers and alerts agree with each other, with the program and with the docs."""

from __future__ import annotations

import json
import re
import runpy
import shutil
import subprocess
import sys
import tomllib
from pathlib import Path

import pytest
import typer
import yaml
from jsonschema import Draft7Validator
from typer.testing import CliRunner

from executor.cli._verbs import app
from executor.cli.node import INSTALLED
from executor.node.config import MetricsConfig
from tests.unit_files import faults

ROOT = Path(__file__).resolve().parents[1]
DEPLOY = ROOT / "deploy"
UNITS = sorted((DEPLOY / "systemd").glob("*.service"))
HARDENED = {
    "NoNewPrivileges": "yes",
    "ProtectSystem": "strict",
    "ProtectHome": "yes",
    "PrivateTmp": "yes",
    "PrivateDevices": "yes",
    "CapabilityBoundingSet": "",
    "RestrictNamespaces": "yes",
    "LimitCORE": "0",
    "UMask": "0077",
    "StateDirectoryMode": "0700",
}


def directives(unit: Path) -> dict[str, list[str]]:
    found: dict[str, list[str]] = {}
    for line in unit.read_text().splitlines():
        if "=" in line and not line.startswith("#"):
            name, _, value = line.partition("=")
            found.setdefault(name, []).append(value)
    return found


def test_units_are_hardened_and_run_as_users_of_their_own() -> None:
    users = {}
    for unit in UNITS:
        found = directives(unit)
        assert {name: found[name][-1] for name in HARDENED} == HARDENED, unit.name
        users[unit.stem] = found["User"][0]
        assert found["Restart"] == ["on-failure"]
    assert users == {"executor-node": "executor-node", "executor-signer": "executor-signer"}
    signer = directives(DEPLOY / "systemd" / "executor-signer.service")
    assert signer["PrivateNetwork"] == ["yes"]
    assert signer["RestrictAddressFamilies"] == ["AF_UNIX"]
    node = directives(DEPLOY / "systemd" / "executor-node.service")
    assert node["InaccessiblePaths"] == ["-/var/lib/executor-signer"]
    assert "MemoryDenyWriteExecute" not in node, "wasmtime compiles guests to machine code"


def test_users_and_folders_that_units_name_are_made() -> None:
    made = (DEPLOY / "systemd" / "executor.sysusers").read_text()
    folders = (DEPLOY / "systemd" / "executor.tmpfiles").read_text()
    for unit in UNITS:
        for name in directives(unit)["User"] + directives(unit)["SupplementaryGroups"]:
            assert re.search(rf"^[ug] {name} ", made, re.M), name
    assert "d /run/executor-signer 0710 executor-signer executor-socket" in folders


def analyzed(unit: Path, folder: Path) -> list[str]:
    """systemd's own check of one unit; the program stands in for the one under /opt."""
    analyze = shutil.which("systemd-analyze")
    assert analyze is not None
    copy = folder / unit.name
    copy.write_text(unit.read_text().replace("/opt/executor/bin/executor", sys.executable))
    for other in UNITS:
        if not (folder / other.name).exists():  # they name each other
            (folder / other.name).write_text(other.read_text().replace("/opt/executor/bin/executor", sys.executable))
    done = subprocess.run(
        [analyze, "verify", "--man=no", copy], capture_output=True, text=True, timeout=60, check=False
    )
    return [line for line in done.stderr.splitlines() if copy.name in line]


def by_our_rules(unit: Path, _folder: Path) -> list[str]:
    return faults(unit.read_text())


JUDGES = {"our rules": by_our_rules}  # the tests' names say who judged: systemd itself where it is installed, too
if shutil.which("systemd-analyze"):
    JUDGES["systemd-analyze"] = analyzed


@pytest.mark.parametrize("judge", JUDGES)
@pytest.mark.parametrize("unit", UNITS, ids=lambda unit: unit.stem)
def test_a_unit_has_no_fault(unit: Path, judge: str, tmp_path: Path) -> None:
    assert JUDGES[judge](unit, tmp_path) == []


@pytest.mark.parametrize("judge", JUDGES)
@pytest.mark.parametrize(
    ("right", "wrong"),
    [
        ("NoNewPrivileges=yes", "NoNewPriviledges=yes"),
        ("PrivateTmp=yes", "PrivateTmp=perhaps"),
        ("UMask=0077", "UMask=u=rwx"),
        ("Restart=on-failure", "Restart=on-failures"),
        ("MemoryMax=12G", "MemoryMax=12 gigabytes"),
        ("[Install]", "[Installed]"),
        ("ExecStart=/opt", "ExecStart=opt"),
    ],
)
def test_a_mistake_in_a_unit_is_seen(right: str, wrong: str, judge: str, tmp_path: Path) -> None:
    text = (DEPLOY / "systemd" / "executor-node.service").read_text()
    assert right in text
    (tmp_path / "units").mkdir()
    unit = tmp_path / "executor-node.service"
    unit.write_text(text.replace(right, wrong))
    assert JUDGES[judge](unit, tmp_path / "units") != []


def test_the_commands_of_units_and_containers_are_the_programs_own() -> None:
    """Every option is one that the program takes."""
    start = directives(DEPLOY / "systemd" / "executor-signer.service")["ExecStart"][0]
    services = yaml.safe_load((DEPLOY / "compose.yaml").read_text())["services"]
    verb = typer.main.get_command(app).get_command(None, "signer")
    known = {option for parameter in verb.params for option in parameter.opts}
    command = services["signer"]["command"]
    used = set(re.findall(r"(--[a-z-]+)", start)) | {each.partition("=")[0] for each in command[1:]}
    assert used <= known
    assert {"--directory", "--socket", "--password-file", "--group", "--allow-uid"} == used
    assert (command[0], "bin/executor signer " in start) == ("signer", True)
    for command in (services["node"]["command"], directives(UNITS[0])["ExecStart"][0].split()[1:]):
        assert command[:3] == ["node", "run", "--config"]
    assert CliRunner().invoke(app, ["node", "run", "--help"]).exit_code == 0


def test_containers_share_the_socket_and_nothing_else() -> None:
    compose = yaml.safe_load((DEPLOY / "compose.yaml").read_text())
    signer, node = compose["services"]["signer"], compose["services"]["node"]
    mounts = [{each.split(":")[0] for each in service["volumes"]} for service in (signer, node)]
    assert mounts[0] & mounts[1] == {"socket"}
    assert signer["network_mode"] == "none"
    assert "ports" not in signer
    assert signer["user"] != node["user"]
    assert "secrets" not in node
    for service in (signer, node):
        assert service["read_only"]
        assert service["cap_drop"] == ["ALL"]
        assert service["security_opt"] == ["no-new-privileges:true"]
        assert service["mem_limit"]
        assert not service["user"].startswith(("0", "root"))
    containerfile = (DEPLOY / "Containerfile").read_text()
    for service, name in ((signer, "executor-signer"), (node, "executor-node")):
        assert f"--uid {service['user'].split(':')[0]} " in containerfile
        assert name in containerfile
    assert f"--allow-uid={node['user'].split(':')[0]}" in signer["command"]
    published = [each for each in node["ports"] if each.endswith(f":{MetricsConfig().port}")]
    assert all(each.startswith("127.0.0.1:") for each in published)
    assert len(published) == 1


def test_the_folders_of_an_installed_node_are_those_of_units_and_containers() -> None:
    """`executor node init --installed`: elsewhere the units could not write, and the containers would forget."""
    unit = directives(DEPLOY / "systemd" / "executor-node.service")
    assert INSTALLED["data"] == f"/var/lib/{unit['StateDirectory'][0]}"
    assert INSTALLED["workers"] == {"compiled": f"/var/cache/{unit['CacheDirectory'][0]}"}
    socket = INSTALLED["signer"]["socket"]
    assert f"--socket {socket} " in directives(DEPLOY / "systemd" / "executor-signer.service")["ExecStart"][0]
    services = yaml.safe_load((DEPLOY / "compose.yaml").read_text())["services"]
    assert f"--socket={socket}" in services["signer"]["command"]
    mounted = {each.split(":")[1] for each in services["node"]["volumes"]}
    assert {INSTALLED["data"], INSTALLED["workers"]["compiled"], str(Path(socket).parent)} <= mounted


def test_the_compose_file_is_one_by_the_compose_specification() -> None:
    """Its published schema, of commit 170098ba of compose-spec/compose-spec (Apache-2.0), refuses unknown keys."""
    schema = json.loads((ROOT / "tests" / "compose-spec.json").read_text())
    compose = yaml.safe_load((DEPLOY / "compose.yaml").read_text())
    validator = Draft7Validator(schema)
    assert [error.message for error in validator.iter_errors(compose)] == []
    compose["services"]["node"]["memlimit"] = "12g"
    assert ["memlimit" in error.message for error in validator.iter_errors(compose)] == [True]


def test_the_image_is_built_of_what_the_wheel_holds_by_pinned_bases_for_a_numbered_user() -> None:
    """.dockerignore lets through what pyproject.toml puts into the wheel: no key, no checkout reaches the builder."""
    allowed = {line[1:] for line in (ROOT / ".dockerignore").read_text().splitlines() if line.startswith("!")}
    wheel = tomllib.loads((ROOT / "pyproject.toml").read_text())["tool"]["hatch"]["build"]["targets"]["wheel"]
    assert allowed == {
        *wheel["only-include"],
        *wheel["force-include"],
        "pyproject.toml",
        "README.md",
        "LICENSE",
        "requirements/demo.txt",
    }
    lines = (DEPLOY / "Containerfile").read_text().splitlines()
    bases = [line.split()[1] for line in lines if line.startswith("FROM ")]
    assert bases
    assert all(re.search(r":\d+\.\d+-", base) for base in bases)
    users = [line.split()[1] for line in lines if line.startswith("USER ")]
    compose = yaml.safe_load((DEPLOY / "compose.yaml").read_text())
    assert users == [compose["services"]["node"]["user"]]


def alerts() -> list[dict]:
    return yaml.safe_load((DEPLOY / "prometheus" / "alerts.yml").read_text())["groups"][0]["rules"]


@pytest.mark.parametrize("alert", alerts(), ids=lambda alert: alert["alert"])
def test_each_alert_has_its_runbook(alert: dict) -> None:
    assert alert["labels"]["severity"] in ("page", "warn")
    assert alert["annotations"]["runbook"] == f"docs/operations.md#{alert['alert'].lower()}"
    runbook = (ROOT / "docs" / "operations.md").read_text()
    assert f"\n### {alert['alert']}\n" in runbook


def test_every_metric_that_the_docs_name_exists() -> None:
    """`executor_rpc_*` stands for all of them."""
    source = (ROOT / "executor" / "node" / "metrics").glob("*.py")
    text = "".join(path.read_text() for path in source)
    named = set(re.findall(r"`executor_([a-z_]+)[`*]", (ROOT / "docs" / "operations.md").read_text()))
    assert len(named) > 25
    assert {name for name in named if re.sub(r"_total$", "", name) not in text} == set()


def test_the_dashboard_is_what_its_script_writes() -> None:
    """`python deploy/grafana/build.py` writes it; each panel has a title of its own, and places do not overlap."""
    written = runpy.run_path(str(DEPLOY / "grafana" / "build.py"))
    assert written["text"]() == (DEPLOY / "grafana" / "executor.json").read_text()
    panels = written["dashboard"]()["panels"]
    assert len({panel["title"] for panel in panels}) == len(panels) > 15
    assert len({(panel["gridPos"]["x"], panel["gridPos"]["y"]) for panel in panels}) == len(panels)
