"""What a node makes at its start is left out of Python's searches for garbage; what comes later is not."""

from __future__ import annotations

import json
import subprocess
import sys

PROBE = """
import gc, json, weakref
from executor.node.garbage import spare_what_lasts
gc.disable()
class Knot:
    def __init__(self):
        self.itself = self
at_start, dropped = [[] for _ in range(10_000)], weakref.ref(Knot())
before = len(gc.get_objects())
spare_what_lasts()
after, gone_before, dropped = len(gc.get_objects()), dropped() is None, weakref.ref(Knot())
found = gc.collect()
print(json.dumps([before, after, gone_before, dropped() is None, len(at_start)]))
"""


def test_a_search_looks_only_at_what_came_after_the_start() -> None:
    """In a process of its own: it lasts."""
    done = subprocess.run([sys.executable, "-c", PROBE], capture_output=True, text=True, check=False)
    assert (done.returncode, done.stderr) == (0, "")
    before, after, gone_before, gone_after, kept = json.loads(done.stdout)
    assert before > 10_000
    assert after < 100
    assert (gone_before, gone_after, kept) == (True, True, 10_000)
