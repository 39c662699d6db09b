"""Child processes that end with their parent, however it ends: closed, crashed or killed.

Rule 1. The tie is made between fork and exec: no child is ever on its own, also not while it is still importing.
Rule 2. Linux sends the signal when the thread that started the child ends. Start children in the main thread, or in one
        that lives as long as they may: an event loop's threads do.
Rule 3. Nothing is loaded or looked up between fork and exec, where only the thread that forked is left.
"""

from __future__ import annotations

import ctypes
import os
import signal
import sys
from collections.abc import Callable
from typing import Final as Constant

_PR_SET_PDEATHSIG: Constant = 1  # prctl(2): Linux sends the child this signal when its parent dies
_PARENT_ENDED: Constant = 1
_prctl: Constant = ctypes.CDLL(None).prctl if sys.platform == "linux" else None
if _prctl is not None:
    _prctl.argtypes = [ctypes.c_int, *[ctypes.c_ulong] * 4]


def tied_to_parent(sent: signal.Signals) -> Callable[[], None]:
    """A `preexec_fn`: the child gets this signal when we end; elsewhere than on Linux it does nothing."""
    parent, number = os.getpid(), int(sent)

    def tie() -> None:
        if _prctl is not None:
            _prctl(_PR_SET_PDEATHSIG, number, 0, 0, 0)
            if os.getppid() != parent:  # it ended before the tie was made
                os._exit(_PARENT_ENDED)

    return tie
