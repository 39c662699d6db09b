"""D10: a host function never raises through the engine, so no thread ever sees another one's failure."""

from __future__ import annotations

import ast
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from pathlib import Path
from types import MappingProxyType

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from vm.guests import SPEC, data, program, request

from executor.errors import HostFault
from executor.model.observation import Kind, Observation
from executor.model.outcome import Returned
from executor.vm import Answer, Response, execute, host_functions, observe
from executor.vm.host import Host
from executor.vm.imports import RUNS

ROOT = Path(__file__).resolve().parents[2]
FAILURES = (
    RuntimeError, ValueError, KeyError, TypeError, MemoryError, RecursionError, AssertionError, StopIteration,
    GeneratorExit, SystemExit, KeyboardInterrupt, UnicodeError, OSError,
)  # fmt: skip
LOOKING = program(
    f"(drop (call $observe (i32.const 0) (i32.const {len(SPEC)})))"
    "(drop (call $call (i32.const 64) (i32.const 10) (i32.const 0) (i32.const 1))) (call $read (i32.const 128))"
    "(call $propose (i32.const 0) (i32.const 128) (i32.const 1)) (i64.const 0)",
    before=data(0, SPEC) + data(64, b"http.fetch"),
    grants={"http": {"hosts": ["a.example"]}},
)
RETURNING = program("(i32.store8 (i32.const 0) (i32.load8_u (local.get $ptr))) (i64.const 1)")


class World:
    """A capability adapter with a bug of its own, or without."""

    def __init__(self, failure: BaseException | None) -> None:
        self.failure = failure

    def call(self, operation: str, request: bytes) -> Response:
        """Answers 7, or raises."""
        if self.failure is not None:
            raise self.failure
        return Answer(b"7")


@pytest.mark.parametrize("failure", FAILURES)
def test_whatever_a_host_function_raises_is_the_fault_of_its_own_run(failure: type[BaseException]) -> None:
    """Also what is no Exception: it comes out of `observe` as a HostFault with its cause, and the next run is whole."""
    raised = failure("broken")
    with pytest.raises(HostFault, match="broken") as caught:
        observe(LOOKING, request(LOOKING), (), World(raised))
    assert caught.value.__cause__ is raised
    assert observe(LOOKING, request(LOOKING), (), World(None)) == Observation(Kind.VALUE, b"7")
    assert RUNS == {}


@settings(max_examples=4, deadline=None)
@given(st.lists(st.sampled_from([*FAILURES, None]), min_size=40, max_size=60), st.integers(4, 8))
def test_threads_see_their_own_failures_and_nothing_else(plan: list[type[BaseException] | None], threads: int) -> None:
    """Runs that fail, that look and that return, all at once: each ends as it would alone."""

    def one(number: int) -> bool:
        failure = plan[number]
        if failure is None:
            value = bytes([number])
            whole = execute(RETURNING, request(RETURNING, value))
            return isinstance(whole, Returned) and whole.output == value
        if number % 3 == 0:
            return observe(LOOKING, request(LOOKING), (), World(None)) == Observation(Kind.VALUE, b"7")
        raised = failure(f"of run {number}")
        try:
            observe(LOOKING, request(LOOKING), (), World(raised))
        except HostFault as fault:
            return fault.__cause__ is raised
        return False

    with ThreadPoolExecutor(threads) as pool:
        assert all(pool.map(one, range(len(plan))))
    assert RUNS == {}


@pytest.mark.parametrize("name", sorted(host_functions._ACTIONS))
def test_a_bug_in_any_host_function_is_a_host_fault(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """Every import, broken in its own code."""

    def broken(_host: Host, *_arguments: int) -> int:
        raise ZeroDivisionError(name)

    monkeypatch.setattr(host_functions, "_ACTIONS", MappingProxyType({**host_functions._ACTIONS, name: broken}))
    arguments = {"read": 1, "propose": 3, "log": 3, "call": 4}.get(name, 2)
    result = "" if name in ("read", "propose", "fail", "log") else "drop"
    observing = "(drop (call $observe (i32.const 0) (i32.const 22)))" if name == "propose" else ""
    target = program(
        f"{observing} (call ${name} {'(i32.const 0)' * arguments}) {result} (i64.const 0)", before=data(0, SPEC)
    )
    run = partial(observe, capabilities=World(None)) if observing else execute
    with pytest.raises(HostFault, match=name) as caught:
        run(target, request(target), ())
    assert isinstance(caught.value.__cause__, ZeroDivisionError)


def test_nothing_of_ours_gives_the_engines_wrapper_a_function() -> None:
    """wasmtime-py keeps a host function's exception in one slot of the process: nothing in the machine goes near it."""
    names = set()
    for path in (ROOT / "executor" / "vm").rglob("*.py"):
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if isinstance(node, ast.Attribute):
                names.add(node.attr)
    assert names.isdisjoint({"define_func", "define_wasi", "Func", "enter_wasm", "last_exception"})
