"""What is published works by itself: the wheel, installed into an empty folder, without the checkout around it."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import zipfile
from pathlib import Path

import pytest

import executor

ROOT = Path(__file__).resolve().parents[1]
SDK = ROOT / "guest-sdk" / "javascript"
FUNCTION = """
[function]
name = "echo"
language = "c"
source = "echo.c"
"""


@pytest.fixture(scope="module")
def wheel(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The wheel of this checkout, built offline."""
    out = tmp_path_factory.mktemp("wheel")
    command = [sys.executable, "-m", "hatchling", "build", "-t", "wheel", "-d", out]
    subprocess.run(command, cwd=ROOT, check=True, capture_output=True, timeout=120)
    [built] = out.glob("*.whl")
    return built


@pytest.fixture(scope="module")
def installed(wheel: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The folder the wheel is installed to; its dependencies are this environment's."""
    target = tmp_path_factory.mktemp("installed")
    options = ["--no-deps", "--no-index", "--no-compile", "--disable-pip-version-check", "--target", target]
    command = [sys.executable, "-m", "pip", "install", "--quiet", *options, wheel]
    subprocess.run(command, check=True, capture_output=True, timeout=120)
    return target


def run(installed: Path, directory: Path, *arguments: object) -> str:
    """What Python prints that finds the installed package first."""
    done = subprocess.run(
        [sys.executable, *map(str, arguments)],
        cwd=directory,
        env={"PATH": os.environ["PATH"], "PYTHONPATH": str(installed), "HOME": str(directory)},
        check=False,
        capture_output=True,
        text=True,
        timeout=120,
    )
    assert done.returncode == 0, done.stderr
    return done.stdout


def test_the_wheel_holds_package_examples_sdk_and_licences(wheel: Path) -> None:
    """Everything the code looks for beside itself, a licence for all code in it, and nothing that was built here."""
    names = set(zipfile.ZipFile(wheel).namelist())
    code = {str(path.relative_to(ROOT)) for path in (ROOT / "executor").rglob("*.py")}
    assert code <= names
    assert {f"executor/examples/{path.parent.name}/function.toml" for path in ROOT.glob("examples/*/*.toml")} <= names
    made_of = {str(path.relative_to(ROOT)) for path in ROOT.glob("executor/templates/**/*") if path.is_file()}
    assert {each for each in made_of if "__pycache__" not in each} <= names
    assert {"executor/engines/quickjs.wasm", "executor/engines/LICENCES", "executor/engines/python.wasm"} <= names
    assert {f"executor/sdk/python/executor_guest/{name}" for name in ("__init__.py", "py.typed")} <= names
    assert {"executor/chain/artifacts/Router.json", "executor/chain/artifacts/LICENCES"} <= names
    assert {f"executor/sdk/javascript/{name}" for name in ("index.d.ts", "bundler/package-lock.json")} <= names
    assert {"executor/sdk/c/executor.h", "executor/sdk/c/executor_abi.h"} <= names
    assert {"executor/sdk/compat/function.toml", "executor/sdk/compat/src/function.js"} <= names
    assert {"executor/py.typed", "executor/__init__.pyi"} <= names
    metadata = {name.split("/", 1)[1] for name in names if ".dist-info/" in name}
    engines = {f"licenses/guest-sdk/{language}/engine/LICENCES" for language in ("javascript", "python")}
    assert {"licenses/LICENSE", "entry_points.txt", *engines} <= metadata
    assert not [name for name in names if "/build/" in name or "__pycache__" in name]
    assert {name.split("/", 1)[0] for name in names if ".dist-info/" not in name} == {"executor"}


def test_the_installed_command_builds_an_example(installed: Path, tmp_path: Path) -> None:
    """`executor version` and `executor build`, from the wheel's own files."""
    found = run(installed, tmp_path, "-c", "import executor; print(executor.__file__)")
    assert Path(found.strip()).is_relative_to(installed)
    command = installed / "bin" / "executor"
    assert executor.__version__ in run(installed, tmp_path, command, "version")
    shutil.copytree(installed / "executor" / "examples" / "eth_usd", tmp_path / "eth_usd")
    assert "function id" in run(installed, tmp_path, command, "build", "eth_usd")


def test_the_installed_command_compiles_c(installed: Path, tmp_path: Path) -> None:
    """The header in the wheel makes the module that the checkout's makes."""
    (tmp_path / "function.toml").write_text(FUNCTION)
    shutil.copy(ROOT / "guest-sdk" / "c" / "examples" / "echo.c", tmp_path)
    run(installed, tmp_path, installed / "bin" / "executor", "build", ".")
    assert (tmp_path / "build" / "echo.wasm").read_bytes() == (ROOT / "fixtures/guests/c_echo.wasm").read_bytes()


def test_the_installed_command_types_and_bundles_typescript(installed: Path, tmp_path: Path) -> None:
    """The types are the wheel's; without the bundler it says how to get it, with it in node_modules it builds."""
    (tmp_path / "function.toml").write_text(FUNCTION.replace('"c"', '"javascript"').replace("echo.c", "echo.ts"))
    (tmp_path / "echo.ts").write_text("export default (input: { bytes: Uint8Array }) => input.bytes;\n")
    environment = {"PATH": os.environ["PATH"], "PYTHONPATH": str(installed), "HOME": str(tmp_path)}
    command = [sys.executable, installed / "bin" / "executor", "build", "."]
    done = subprocess.run(
        command, cwd=tmp_path, env=environment, check=False, capture_output=True, text=True, timeout=120
    )
    assert done.returncode == 2
    assert "run `executor build --fetch-bundler`, or `npm install" in done.stderr
    assert (tmp_path / "node_modules/executor/index.d.ts").read_bytes() == (SDK / "index.d.ts").read_bytes()
    (tmp_path / "node_modules" / "@esbuild").symlink_to(SDK / "bundler" / "node_modules" / "@esbuild")
    assert "function id" in run(installed, tmp_path, *command[1:])


@pytest.fixture(scope="module")
def empty_environment(wheel: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """An environment with nothing in it, into which `pip install` puts the wheel and what it depends on."""
    target = tmp_path_factory.mktemp("environment")
    subprocess.run([sys.executable, "-m", "venv", "--without-pip", target], check=True, timeout=120)
    pip = [sys.executable, "-m", "pip", "--python", target / "bin" / "python", "--disable-pip-version-check"]
    subprocess.run([*pip, "install", "--quiet", "--no-compile", wheel], check=True, timeout=280)
    return target


def in_environment(environment: Path, *command: object) -> str:
    """What a command of the environment prints; nothing of ours leaks into it."""
    done = subprocess.run(
        [environment / "bin" / str(command[0]), *map(str, command[1:])],
        cwd=environment,
        env={"PATH": f"{environment / 'bin'}:{os.environ['PATH']}", "HOME": str(environment)},
        check=False,
        capture_output=True,
        text=True,
        timeout=120,
    )
    assert done.returncode == 0, done.stderr
    return done.stdout


def test_an_empty_environment_needs_nothing_but_the_wheel(empty_environment: Path) -> None:
    """The command, the engine and the bare script of the embedding examples, from installed files only."""
    place = Path(in_environment(empty_environment, "python", "-c", "import executor; print(executor.__file__)").strip())
    assert place.is_relative_to(empty_environment)
    assert executor.__version__ in in_environment(empty_environment, "executor", "version")
    assert (place.parent / "engines" / "quickjs.wasm").read_bytes() == executor.engine_for("javascript")
    script = place.parent / "examples" / "embedding" / "bare.py"
    assert in_environment(empty_environment, "python", script, "1", "3", "2").startswith("median 2.00, ")


def test_an_empty_environment_replays_receipts(empty_environment: Path) -> None:
    """By the command and by the library, with no checkout around."""
    receipt = ROOT / "fixtures" / "receipts" / "eth_usd_bls.json"
    assert "checks passed" in in_environment(empty_environment, "executor", "verify", receipt)
    code = f"from executor import Receipt; r = Receipt.read({str(receipt)!r}); print(r.replay() == r.outcome)"
    assert in_environment(empty_environment, "python", "-c", code) == "True\n"


def test_the_demo_finds_its_example(installed: Path, tmp_path: Path) -> None:
    """The function of `executor demo` comes from the installed package."""
    code = "from executor.demos.examples import example; print(len(example('eth_usd').source))"
    source = ROOT / "examples" / "eth_usd" / "src" / "eth_usd.js"
    assert int(run(installed, tmp_path, "-c", code)) == source.stat().st_size
