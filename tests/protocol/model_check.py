"""`make model`: the deep check of the rules, with every weakened rule's shortest way to two attested outcomes."""

from __future__ import annotations

import time

from lock_explorer import ALL_PATHS, Explorer
from lock_liveness import Proposing, Requests, World, stuck
from lock_rules import REAL, WEAKENED
from lock_search import explore
from test_lock_explorer import FALLS, ONE_BRANCH, ONE_SLOT, THREE_SLOTS

DEEP = [(2, ALL_PATHS), (3, ONE_BRANCH), (2, THREE_SLOTS), (5, ONE_SLOT)]


def main() -> None:
    for name, rules in WEAKENED.items():
        found = explore(Explorer(rules, *FALLS[name]))
        print(f"{name}: falls")
        for step in found.violation:
            print(f"    {step}")
        if not found.violation:
            raise SystemExit(f"{name}: does not fall")
    for rounds, paths in DEEP:
        began = time.monotonic()
        found = explore(Explorer(REAL, rounds, paths))
        spent = f"{found.states:,} states in {time.monotonic() - began:.0f} s"
        print(f"{rounds} rounds of {', '.join(paths)}: {spent}", flush=True)
        if found.violation:
            raise SystemExit("\n".join(map(str, found.violation)))
    explorer = Explorer(REAL, 2, ONE_BRANCH, reduced=False)
    requests = Requests.of(explorer)
    states = explore(explorer).seen
    for packed in states:
        if stuck(World.of(explorer, explorer.unpack(packed)), requests, Proposing(), 1):
            raise SystemExit(f"an honest round finishes nothing from {explorer.unpack(packed)}")
    print(f"one honest round finishes the request from each of {len(states):,} states", flush=True)


if __name__ == "__main__":
    main()
