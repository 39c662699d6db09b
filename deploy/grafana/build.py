"""Writes deploy/grafana/executor.json, the dashboard of a node's metrics: `python deploy/grafana/build.py`.

One row of PANELS is one panel: title, unit, and (query, legend) of each line. Variables: the data source, the instance.
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any, Final

FILE: Final = Path(__file__).with_name("executor.json")
WIDTH, HEIGHT, ACROSS = 8, 7, 3
HERE: Final = 'instance=~"$instance"'
SOURCE: Final = {"type": "prometheus", "uid": "${source}"}

Lines = list[tuple[str, str]]


def rate(name: str, *by: str) -> str:
    """A counter's rate, by labels."""
    return f"sum by ({', '.join(('instance', *by))}) (rate({name}{{{HERE}}}[5m]))"


def quantile(name: str, share: float, *by: str) -> str:
    """A quantile of a histogram over five minutes."""
    return f"histogram_quantile({share}, sum by ({', '.join(('le', *by))}) (rate({name}_bucket{{{HERE}}}[5m])))"


PANELS: Final[list[tuple[str, str, Lines]]] = [
    ("Not ready because of", "none", [(f"executor_failing{{{HERE}}} == 1", "{{instance}} {{part}}")]),
    ("Open requests", "none", [(f"sum by (state) (executor_requests{{{HERE}}})", "{{state}}")]),
    ("Requests closed", "reqps", [(rate("executor_requests_closed_total", "how"), "{{instance}} {{how}}")]),
    (
        "From seen to delivered",
        "s",
        [(quantile("executor_request_seconds", share), name) for share, name in ((0.5, "median"), (0.95, "95 %"))],
    ),
    ("Phases, median", "s", [(quantile("executor_request_phase_seconds", 0.5, "phase"), "{{phase}}")]),
    ("Runs, 95 %", "s", [(quantile("executor_run_seconds", 0.95, "verb"), "{{verb}}")]),
    (
        "Workers and their queue",
        "none",
        [
            (f"executor_workers{{{HERE}}}", "{{instance}} {{state}}"),
            (f"executor_worker_queue{{{HERE}}}", "{{instance}} waiting to {{verb}}"),
        ],
    ),
    ("Host faults", "none", [(f"increase(executor_host_faults_total{{{HERE}}}[5m])", "{{instance}}")]),
    (
        "Votes against the committee, silence",
        "none",
        [
            (f"increase(executor_outvoted_total{{{HERE}}}[15m])", "member {{peer}} outvoted"),
            (f"increase(executor_silent_total{{{HERE}}}[15m])", "member {{peer}} silent"),
        ],
    ),
    ("Messages", "mps", [(rate("executor_messages_total", "direction", "type"), "{{direction}} {{type}}")]),
    (
        "Refusals and broken rules",
        "cps",
        [
            (rate("executor_refusals_total", "reason"), "{{instance}} {{reason}}"),
            (rate("executor_faults_total", "peer"), "{{instance}} member {{peer}}"),
        ],
    ),
    (
        "Own rounds",
        "none",
        [
            (f"increase(executor_rounds_led_total{{{HERE}}}[15m])", "{{instance}} led"),
            (f"increase(executor_rounds_wasted_total{{{HERE}}}[15m])", "{{instance}} wasted"),
        ],
    ),
    (
        "Signer and journal, 95 %",
        "s",
        [
            (quantile("executor_signer_seconds", 0.95), "signer"),
            (quantile("executor_journal_commit_seconds", 0.95), "commit"),
        ],
    ),
    ("Signer's failures", "none", [(f"increase(executor_signer_failures_total{{{HERE}}}[5m])", "{{instance}}")]),
    ("Age of the last block", "s", [(f"executor_chain_head_age_seconds{{{HERE}}}", "{{instance}}")]),
    (
        "RPC endpoints",
        "none",
        [
            (f"executor_rpc_working{{{HERE}}}", "{{instance}} endpoint {{endpoint}} works"),
            (f"executor_rpc_lag_blocks{{{HERE}}}", "{{instance}} endpoint {{endpoint}} blocks behind"),
        ],
    ),
    ("Transmitter's balance, ether", "none", [(f"executor_transmitter_balance_wei{{{HERE}}} / 1e18", "{{instance}}")]),
    (
        "Transactions",
        "none",
        [
            (f"increase(executor_transmissions_total{{{HERE}}}[5m])", "{{instance}} {{result}}"),
            (f"executor_transmitter_pending{{{HERE}}}", "{{instance}} unmined"),
        ],
    ),
    (
        "Queues",
        "none",
        [
            (f"executor_queue{{{HERE}}} > 0", "{{instance}} {{queue}}"),
            (f"executor_outbox{{{HERE}}} > 0", "{{instance}} for member {{peer}}"),
        ],
    ),
    ("Receipts on disk", "bytes", [(f"executor_receipts_bytes{{{HERE}}}", "{{instance}}")]),
    ("Secrets", "none", [(f"sum by (state) (executor_secrets{{{HERE}}})", "{{state}}")]),
]


def dashboard() -> dict[str, Any]:
    """The dashboard in Grafana's schema."""
    variables = [
        {"name": "source", "type": "datasource", "query": "prometheus", "label": "Data source"},
        {
            "name": "instance",
            "type": "query",
            "label": "Node",
            "datasource": SOURCE,
            "query": "label_values(executor_node_info, instance)",
            "multi": True,
            "includeAll": True,
            "refresh": 2,
        },
    ]
    return {
        "uid": "executor-node",
        "title": "Executor nodes",
        "schemaVersion": 39,
        "refresh": "30s",
        "time": {"from": "now-6h", "to": "now"},
        "templating": {"list": variables},
        "panels": [_panel(place, *panel) for place, panel in enumerate(PANELS)],
    }


def _panel(place: int, title: str, unit: str, lines: Lines) -> dict[str, Any]:
    row, column = divmod(place, ACROSS)
    return {
        "id": place + 1,
        "type": "timeseries",
        "title": title,
        "datasource": SOURCE,
        "gridPos": {"x": column * WIDTH, "y": row * HEIGHT, "w": WIDTH, "h": HEIGHT},
        "fieldConfig": {"defaults": {"unit": unit, "min": 0}, "overrides": []},
        "targets": [
            {"refId": chr(ord("A") + number), "datasource": SOURCE, "expr": query, "legendFormat": legend}
            for number, (query, legend) in enumerate(lines)
        ],
    }


def text() -> str:
    """The file."""
    return json.dumps(dashboard(), indent=1) + "\n"


if __name__ == "__main__":
    FILE.write_text(text())
