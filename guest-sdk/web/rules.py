"""Writes rules.json: every number of the profile that a host outside Python needs; `--check` compares instead."""

from __future__ import annotations

import json
import sys
from dataclasses import asdict
from pathlib import Path
from typing import Any

from executor.model.codec import MAX_DEPTH
from executor.model.profile import PROFILE
from executor.model.spec import MAX_FIELDS, MAX_LABEL, Strategy
from executor.vm.metering import rules as metering
from executor.vm.prices import IMPORT_PRICES, OPERATION_PRICES

FILE = Path(__file__).parent / "rules.json"


def rules() -> dict[str, Any]:
    """The content of rules.json."""
    return {
        "rules": PROFILE.metering.rules,
        "table": PROFILE.metering.table,
        "depth": PROFILE.metering.depth,
        "imports": {name: [price.base, price.per_byte] for name, price in IMPORT_PRICES.items()},
        "operations": {name: [price.base, price.per_byte] for name, price in OPERATION_PRICES.items()},
        "instantiation": {
            "base": metering.INSTANTIATION_FUEL,
            "bytes_shift": metering.BYTES_PER_FUEL_SHIFT,
            "element": metering.ELEMENT_FUEL,
            "page": metering.PAGE_FUEL,
        },
        "ceilings": asdict(PROFILE.ceilings),
        "spec": {
            "json_depth": MAX_DEPTH,
            "label_characters": MAX_LABEL,
            "fields": MAX_FIELDS,
            "strategies": [str(strategy) for strategy in Strategy],
            "of_fields": [str(strategy) for strategy in Strategy if strategy is not Strategy.SINGLE],
        },
    }


def text() -> str:
    """The file as it should be."""
    return json.dumps(rules(), indent=2) + "\n"


def main(arguments: list[str]) -> None:
    if arguments != ["--check"]:
        FILE.write_text(text())
    elif FILE.read_text() != text():
        raise SystemExit("guest-sdk/web/rules.json differs from what rules.py makes")


if __name__ == "__main__":
    main(sys.argv[1:])
