"""Sources like those of Chainlink's starter kit in a committee in memory: the way over, as documented.

`make starter-kit` runs the same tests on the originals (tools/starter_kit.py).
"""

from __future__ import annotations

import json
import os
from pathlib import Path

import pytest
from cli_types import Run

KIT = Path(os.environ.get("STARTER_KIT", Path(__file__).resolve().parents[2] / "fixtures" / "functions_sources"))
ARGUMENTS = ("1", "bitcoin", "btc-bitcoin", "btc", "1000000", "450")  # of its Functions-request-config.js
OWNER = "0x" + "11" * 20
MARKET, GECKO, PAPRIKA = 64001.25, 64002.75, 64001.5
REPLIES = {
    "https://pro-api.coinmarketcap.com/v1/cryptocurrency/quotes/latest?convert=USD&id=1": {
        "data": {"1": {"quote": {"USD": {"price": MARKET}}}}
    },
    "https://api.coingecko.com/api/v3/simple/price?ids=bitcoin&vs_currencies=usd": {"bitcoin": {"usd": GECKO}},
    "https://api.coinpaprika.com/v1/tickers/btc-bitcoin": {"quotes": {"USD": {"price": PAPRIKA}}},
}
HOSTS = ("pro-api.coinmarketcap.com", "api.coingecko.com", "api.coinpaprika.com")


def request(executor: Run, source: str) -> str:
    """What the kit's client would send, its configuration's arguments in it."""
    arguments = [word for each in ARGUMENTS for word in ("--arg", each)]
    done = executor("chainlink", "request", KIT / source, *arguments, "--json")
    assert done.returncode == 0, done.stderr
    return str(json.loads(done.stdout)["request"])


def made(executor: Run, *options: str) -> str:
    """The owner's function, built."""
    hosts = [word for each in HOSTS for word in ("--host", each)]
    secret = ("--secret", "apiKey", "--owner", OWNER, "--subscription", "7")
    done = executor("chainlink", "new", "prices", *hosts, *secret, *options, "--json")
    assert json.loads(done.stdout)["folder"] == "prices", done.stderr
    assert executor("build", "prices").returncode == 0
    return "prices"


@pytest.fixture
def replies(tmp_path: Path) -> Path:
    """What the three services answered; the fourth, badapi.com, is no host of the function's."""
    file = tmp_path / "replies.json"
    file.write_text(json.dumps({url: {"body": json.dumps(body)} for url, body in REPLIES.items()}))
    return file


def test_the_calculation_comes_to_the_same_everywhere(executor: Run) -> None:
    """Nobody is asked."""
    folder = made(executor)
    asked = request(executor, "calculation-example.js")
    done = executor("simulate", folder, "--input", asked, "--subscription", "7", "--json")
    told = json.loads(done.stdout)
    assert (done.returncode, told["outcome"], int(told["payload"], 16)) == (0, "returned", 1_003_757)


@pytest.mark.parametrize(
    ("agreement", "answered", "outcome"),
    [((), "--exact", "returned"), ((), "--seed=1", "failed"), (("--median",), "--seed=1", "returned")],
)
def test_the_price_is_agreed_on_as_its_owner_says(
    executor: Run, replies: Path, agreement: tuple[str, ...], answered: str, outcome: str
) -> None:
    """By equal bytes where all are answered alike; where prices differ from node to node, by the median."""
    folder = made(executor, *agreement)
    options = ("--replies", replies, "--secret", "API_KEY", "--subscription", "7", answered, "--json")
    asked = request(executor, "API-request-example.js")
    done = executor("simulate", folder, "--input", asked, *options, env={"API_KEY": "a key of ours"})
    told = json.loads(done.stdout)
    assert told["outcome"] == outcome, done.stdout + done.stderr
    if outcome == "failed":
        assert "no agreement: identical needs 2 equal of 3" in told["error"]
    else:
        assert abs(int(told["payload"], 16) - GECKO * 100) < 1_000
        assert (answered != "--exact") or int(told["payload"], 16) == GECKO * 100


def test_a_key_that_two_services_refuse_ends_in_the_sources_own_error(executor: Run, replies: Path) -> None:
    """As the client contract hears it."""
    plain = json.loads(replies.read_text())
    for url in list(plain)[:2]:
        plain[url] = {"status": 401, "body": "{}"}
    replies.write_text(json.dumps(plain))
    folder = made(executor)
    options = ("--replies", replies, "--secret", "API_KEY", "--subscription", "7", "--exact", "--json")
    asked = request(executor, "API-request-example.js")
    done = executor("simulate", folder, "--input", asked, *options, env={"API_KEY": "a wrong key"})
    assert (done.returncode, json.loads(done.stdout)["error"]) == (1, "More than 1 API failed"), done.stdout
