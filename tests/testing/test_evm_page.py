"""The example of docs/evm.md, run by a simulated committee over recorded replies."""

from __future__ import annotations

import re
from pathlib import Path

from eth_abi.abi import encode

from executor import Returned
from executor.testing import function_of_source, simulate

PAGE = (Path(__file__).resolve().parents[2] / "docs" / "evm.md").read_text("utf-8")
POOL, TOKEN = "0x" + "aa" * 20, "0x" + "bb" * 20


def test_the_pages_example_reads_two_chains() -> None:
    """At the height that was agreed on, though nodes see different ones; and at the request's own block."""
    (source,) = re.findall(r"```js\n(.*?)```", PAGE, re.DOTALL)
    (manifest,) = re.findall(r"```toml\n(\[capabilities.evm\].*?)```", PAGE, re.DOTALL)
    function = function_of_source(source, manifest)

    def world(height: int) -> dict[str, object]:
        return {
            "evm.block://8453/finalized": height,
            f"evm.call://8453/{POOL}/*": "0x" + "00" * 64,
            f"evm.call://8453/{POOL}/0x75172a8b@101": "0x" + encode(["uint256", "uint256"], [5, 7]).hex(),
            f"evm.call://1/{TOKEN}/0x18160ddd": "0x" + encode(["uint256"], [10**30]).hex(),
        }

    done = simulate(
        function,
        input=encode(["address", "address"], [POOL, TOKEN]),
        replies=[world(height) for height in (100, 101, 101, 140)],
    )
    assert isinstance(done.outcome, Returned), done.verdict()
    assert done.outcome.output == encode(["uint256"] * 3, [5, 7, 10**30])
    assert len(done.slots) == 3
