"""What the report advises, from what nodes saw."""

from __future__ import annotations

import pytest

from executor.model.spec import Fields, Strategy
from executor.testing.advice import on_errors, on_values


@pytest.mark.parametrize(
    ("values", "advice"),
    [
        ([b"1842.17", b"1842.19"], "nodes saw 1842.17 and 1842.19 under `identical`: use `median`"),
        ([b"1.5", b"1.50"], "nodes saw one number written as 1.5 and 1.50: observe it as a number under `median`"),
        ([b"1e3", b"1000"], "nodes saw one number written as 1e3 and 1000"),
        ([b'{"a":1,"b":2}', b'{"b":2,"a":1}'], "nodes saw the same JSON in another order of fields"),
        ([b"[1,2]", b"[1, 2]"], "or with other white space"),
        ([b'{"p":1,"v":"a"}', b'{"p":2,"v":"a"}'], "p differ; observe single values, as fields({ p: median })"),
        ([b'{"p":1,"v":"a"}', b'{"p":2,"v":"b"}'], "single values, as fields({ p: median, v: mode })"),
        ([b"at 2024-01-01T00:00:01", b"at 2024-01-01T00:00:02"], "leave the time out"),
        ([b"1700000000", b"1700000001"], "leave the time out"),
        ([b"Tue, 14 Nov 2023 22:13:20 GMT", b"Tue, 14 Nov 2023 22:13:21 GMT"], "the request's block timestamp"),
        ([b"Infinity", b"NaN"], "observe only what every node sees alike"),
        ([b"\xff", b"\xfe", b"x" * 100], "observe only what every node sees alike"),
        ([b"[" * 5_000, b"[" * 6_000], "observe only what every node sees alike"),
        ([b"same", b"same"], "outvoted by lies"),
    ],
)  # fmt: skip
def test_different_values_have_advice(values: list[bytes], advice: str) -> None:
    """The most telling form first; hostile values are only bytes."""
    assert advice in on_values(Strategy.IDENTICAL, values)


def test_the_field_that_differs_is_named() -> None:
    """Fields under `median` may differ."""
    both = Fields((("price", Strategy.MEDIAN), ("venue", Strategy.MODE)))
    values = [b'{"price":"1","venue":"a"}', b'{"price":"2","venue":"b"}']
    assert on_values(both, values).startswith("field venue: nodes saw a and b under `mode`")
    assert "outvoted by lies" in on_values(both, [b'{"price":"1","venue":"a"}', b'{"price":"2","venue":"a"}'])


def test_errors_have_advice() -> None:
    """The most frequent one counts; a missing reply before all."""
    assert on_errors(["threw", "out-of-fuel", "out-of-fuel"], []).startswith("raise limits.observe_fuel")
    assert on_errors(["too-few-prices"], []) == "handle what the nodes met: the error `too-few-prices`"
    assert on_errors(["http-connect"], ["https://a.example/"]).startswith("no reply is given for https://a.example/")
