"""A function in a bare script: load it, run it, look at how it ended. `python bare.py 10.5 11 9.75`"""

import json
import sys
from pathlib import Path

from executor import Awaiting, Failed, Function, Request, Returned, Trapped, engine_for, execute, load, parse_manifest

FOLDER = Path(__file__).resolve().parent.parent / "median_json"


def main(prices: list[str]) -> None:
    manifest = parse_manifest((FOLDER / "function.toml").read_text(encoding="utf-8"))
    source = (FOLDER / manifest.function.source).read_bytes()
    program = load(Function(engine_for(manifest.function.language), manifest.terms, source))
    given = json.dumps({"items": [{"price": price} for price in prices]}).encode()
    match execute(program, Request.local(program.function_id, given)):
        case Returned(output, fuel_used):
            print(f"median {int.from_bytes(output) / 100:.2f}, {fuel_used} fuel")
        case Failed(error, _):
            sys.exit(f"the function failed: {error.decode(errors='replace')}")
        case Trapped(code, _):
            sys.exit(f"the function was stopped: {code.name}")
        case Awaiting(slot, _):
            sys.exit(f"the function waits for observation {slot}")


if __name__ == "__main__":
    main(sys.argv[1:])
