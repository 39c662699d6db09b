"""Python's search for garbage, which goes over every object there is: 150,000 once a node has started.

Each full search stops the node for a tenth of a second, and nearly nothing of what was made at a start becomes garbage.
"""

from __future__ import annotations

import gc


def spare_what_lasts() -> None:
    """Search once, and leave what is found in use out of every later search; call it when a node has started."""
    gc.collect()
    gc.freeze()
