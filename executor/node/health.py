"""What a node is, serves and holds now: the answer of `/v1/health`."""

from __future__ import annotations

import time
from dataclasses import asdict
from typing import Final as Constant

from executor.node.conditions import Conditions
from executor.node.config import NodeConfig
from executor.node.draw_key.desk import DrawKeys
from executor.node.epochs import EpochFollower
from executor.node.holding import FunctionHolding
from executor.node.requests import RequestBook
from executor.node.sessions import Sessions

MISSING_SHOWN: Constant = 32  # functions that are named


class Health:
    """Looks at the node's parts; nothing is kept."""

    def __init__(
        self,
        config: NodeConfig,
        *,
        sessions: Sessions,
        epochs: EpochFollower,
        book: RequestBook,
        holding: FunctionHolding,
        conditions: Conditions,
        draw_keys: DrawKeys,
    ) -> None:
        self._chain = config.chain
        self._sessions = sessions
        self._epochs = epochs
        self._book = book
        self._holding = holding
        self._conditions = conditions
        self._draw_keys = draw_keys
        self._started_at = time.time()

    def tell(self) -> dict[str, object]:
        """All of it."""
        sessions = self._sessions.all()
        newest = sessions[-1] if sessions else None
        return {
            "member": None if newest is None else newest.index,
            "epoch": None if newest is None else newest.epoch.number,
            "members": 0 if newest is None else newest.epoch.n,
            "quorum": 0 if newest is None else newest.epoch.quorum,
            "newest_epoch": self._epochs.newest,
            "epochs": [
                {
                    "epoch": each.epoch.number,
                    "member": each.index,
                    "open_requests": self._book.open_in(each.epoch.number),
                }
                for each in sessions
            ],
            "refused_epochs": {str(number): reason for number, reason in self._epochs.refused.items()},
            "draw_keys": [asdict(each) for each in self._draw_keys.standings()],
            "ready": not self._conditions.reasons,
            "chain_id": self._chain.id,
            "router": self._chain.router,
            "functions": len(self._holding.store.ids()),
            "missing_functions": [str(function) for function in self._holding.missing()[:MISSING_SHOWN]],
            "open_requests": self._book.open_count,
            "uptime_s": round(time.time() - self._started_at, 1),
            "time": round(time.time(), 3),
        }
