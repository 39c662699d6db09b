"""Small JavaScript functions for the tests of the testing tools: good ones, and ones with a planted fault."""

from __future__ import annotations

import re

from executor.model.function import Function
from executor.testing.functions import function_of_source

URL = "https://api.example.com/eth-usd"
MANIFEST = '[capabilities.http]\nhosts = ["api.example.com"]\n[limits]\nfuel = 50_000_000\nmemory_mib = 16\n'
IMPORTS = 'import { abi, fields, http, identical, median, mode, observe } from "executor";\n'
REPLY = {"symbol": "ETH-USD", "price": 1842.17}


def javascript(body: str, manifest: str = MANIFEST) -> Function:
    """A function whose module is this body; `get()` fetches the one URL of these tests."""
    return function_of_source(f'{IMPORTS}const get = () => http.get("{URL}");\n{body}', manifest)


MEDIAN_OF_PRICE = javascript(
    'export default () => observe(median, () => get().json().price, { label: "eth-usd" }).toString();'
)
IDENTICAL_PRICE = javascript('export default () => observe(identical, () => get().json().price, { label: "eth-usd" });')
UNSORTED_JSON = javascript(
    """const look = () => {
      const reply = get();
      if (!reply.ok) throw new Error(`status ${reply.status}`);
      return JSON.stringify(reply.json());
    };
    export default () => observe(identical, look);"""
)
DATE_HEADER = javascript("export default () => observe(identical, () => get().headers.date);")
SYMBOL = javascript("export default () => observe(identical, () => get().json().symbol);")
BY_FIELD = javascript(
    """const both = fields({ price: median, symbol: mode });
    export default () => JSON.stringify(observe(both, () => get().json()));"""
)


def without_fuel(report: str) -> str:
    """A report with fuel figures left out: they change with the metering rules."""
    return re.sub(r"\[fuel [0-9,]+\]", "[fuel]", report)
