"""What it takes a committee to make a key: `python benchmarks/keygen.py [N ...]`.

All members in one process, their real machines, shares and curves; agreement's own signatures are a stand-in
(executor/testing/fast_signatures.py). Seconds are of one core, together and a member; bytes are what members tell each
other about the key, as JSON, without envelopes and without agreement's own messages.
"""

from __future__ import annotations

import sys
import time

from executor.testing.key_committee import KeyCommittee
from executor.testing.simulated_committee import START_S


def measured(n: int) -> str:
    """One row."""
    committee = KeyCommittee(n, seed=n, slow_s=0.2)
    began = time.process_time()
    if not committee.make():
        raise SystemExit(f"n = {n}: no key")
    spent = time.process_time() - began
    again = KeyCommittee(n, seed=n, slow_s=0.2, before=committee, number=2)
    began = time.process_time()
    if not again.make():
        raise SystemExit(f"n = {n}: no new shares")
    dealt_anew = time.process_time() - began
    simulated = committee.now - START_S
    told = sum(committee.carried_bytes) / n / 1000
    return f"{n:4} {spent:9.2f} {spent / n:9.3f} {told:9.0f} {simulated:9.1f} {dealt_anew:9.2f}"


def main() -> None:
    """Print the table."""
    print("   n     core s  a member  kB a member  protocol s  new shares, core s")
    for n in [int(each) for each in sys.argv[1:]] or [4, 7, 31, 100]:
        print(measured(n), flush=True)


if __name__ == "__main__":
    main()
