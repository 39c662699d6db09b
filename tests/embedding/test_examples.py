"""The embedding examples run, and are typed as strictly as the package."""

from __future__ import annotations

import json
import os
import socket
import subprocess
import sys
from collections.abc import AsyncIterator, Iterator
from pathlib import Path

import httpx
import pytest

from executor import WorkerPool, function_id

ROOT = Path(__file__).resolve().parents[2]
EXAMPLES = ROOT / "examples" / "embedding"
PRICES = ("10.5", "11", "9.75")


def body(*prices: str) -> bytes:
    """The example function's input."""
    return json.dumps({"items": [{"price": price} for price in prices]}).encode()


def script(*arguments: str) -> subprocess.CompletedProcess[str]:
    """The bare script in a process of its own."""
    command = [sys.executable, str(EXAMPLES / "bare.py"), *arguments]
    return subprocess.run(command, check=False, capture_output=True, text=True, timeout=120)


def test_the_bare_script_runs() -> None:
    """It prints the median; what the function refuses is the script's error."""
    done = script(*PRICES)
    assert (done.returncode, done.stderr) == (0, "")
    assert done.stdout.startswith("median 10.50, ")
    refused = script("ten")
    assert refused.returncode == 1
    assert "the function failed: " in refused.stderr


def test_the_examples_are_typed() -> None:
    """`mypy --strict` finds every public name's type (py.typed, the stub of `executor`)."""
    command = [sys.executable, "-m", "mypy", "--strict", *map(str, sorted(EXAMPLES.glob("*.py")))]
    done = subprocess.run(command, check=False, capture_output=True, text=True, timeout=240, cwd=ROOT)
    assert done.returncode == 0, done.stdout


@pytest.fixture(scope="module")
def service() -> Iterator[str]:
    """The service on a loopback port, as its first line says to start it."""
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        command = [
            sys.executable,
            "-m",
            "uvicorn",
            "service:app",
            "--fd",
            str(taken.fileno()),
            "--log-level",
            "warning",
        ]
        with subprocess.Popen(
            command, cwd=EXAMPLES, pass_fds=[taken.fileno()], env={**os.environ, "PYTHONPATH": str(ROOT)}
        ) as process:
            yield f"http://127.0.0.1:{taken.getsockname()[1]}"
            process.terminate()
            assert process.wait(30) in (0, -15)


@pytest.fixture
async def client(service: str) -> AsyncIterator[httpx.AsyncClient]:
    """A client of it; connecting waits in the socket's queue until the service has started."""
    async with httpx.AsyncClient(base_url=service, timeout=120, trust_env=False) as client:
        yield client


async def test_the_service_runs_the_function(client: httpx.AsyncClient) -> None:
    """Outcome and fuel, the same for the same input."""
    answer = await client.post("/run", content=body(*PRICES))
    assert answer.status_code == 200
    plain = answer.json()
    assert (plain["kind"], int(plain["output"], 16)) == ("returned", 1050)
    assert plain["fuel_used"] > 0
    assert (await client.post("/run", content=body(*PRICES))).json() == plain


async def test_a_function_that_fails_is_an_answer(client: httpx.AsyncClient) -> None:
    """What the guest refused is the outcome, with its fuel."""
    plain = (await client.post("/run", content=b"no JSON")).json()
    assert plain["kind"] == "failed"
    assert plain["error"].startswith("SyntaxError")


async def test_what_is_no_request_is_refused(client: httpx.AsyncClient) -> None:
    """422 for what FastAPI checks."""
    for timestamp in ("-1", "now", str(2**53)):
        assert (await client.post("/run", params={"timestamp": timestamp}, content=body("1"))).status_code == 422


async def test_the_errors_of_the_package_have_their_status(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A function that needs a transcript is invalid here (422), a pool that is closed is our fault (503)."""
    monkeypatch.syspath_prepend(str(EXAMPLES))
    from service import app, load_function

    async with WorkerPool(size=1, cache=tmp_path) as pool:
        app.state.pool, app.state.function = pool, load_function(ROOT / "examples" / "eth_usd")
        app.state.function_id = function_id(app.state.function)
        async with httpx.AsyncClient(transport=httpx.ASGITransport(app), base_url="http://service") as client:
            answer = await client.post("/run")
            assert (answer.status_code, answer.json()["error"].split(":")[0]) == (
                422,
                "the function observes the world",
            )
            await pool.close()
            answer = await client.post("/run")
            assert (answer.status_code, answer.headers["retry-after"]) == (503, "1")


async def test_too_much_input_is_refused(client: httpx.AsyncClient) -> None:
    """413 at the ceiling plus one; the ceiling itself is run."""
    assert (await client.post("/run", content=b" " * 65_537)).status_code == 413
    assert (await client.post("/run", content=b" " * 65_536)).status_code == 200
