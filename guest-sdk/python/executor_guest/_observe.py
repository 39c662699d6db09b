"""The one way to the world: look for yourself, let the committee agree."""

from __future__ import annotations

from collections.abc import Callable, Coroutine
from dataclasses import dataclass
from typing import Any, Literal, NoReturn, TypeVar, overload

from executor_guest import _describe, _native, _streams, log
from executor_guest._bytes import encode_text
from executor_guest._calls import look as looking
from executor_guest._canonical import canonical
from executor_guest._coroutines import finished
from executor_guest._errors import ObservationError, code_of
from executor_guest._strategies import Strategy

I = TypeVar("I")  # noqa: E741 - as in _strategies.py
O = TypeVar("O")  # noqa: E741
Kind = Literal["value", "error", "default"]
_KINDS: tuple[Kind, ...] = ("value", "error", "default")
_VALUE, _ERROR = 0, 1
_MAX_LABEL = 64
_ABSENT: Any = object()


@dataclass(frozen=True, slots=True)
class Last:
    """How an observation ended; "default": the spec's default stands in for an agreed error."""

    kind: Kind


class Observe:
    """Callable: observe(strategy, look)."""

    last: Last | None = None
    """How the latest observation of this run ended."""

    @overload
    def __call__(
        self,
        strategy: Strategy[I, O],
        look: Callable[[], I | Coroutine[Any, Any, I]],
        *,
        label: str | None = None,
        default: I = ...,
        as_bytes: Literal[False] = False,
    ) -> O: ...

    @overload
    def __call__(
        self,
        strategy: Strategy[I, str],
        look: Callable[[], I | Coroutine[Any, Any, I]],
        *,
        label: str | None = None,
        default: I = ...,
        as_bytes: Literal[True],
    ) -> bytes: ...

    def __call__(
        self,
        strategy: Strategy[Any, Any],
        look: Callable[[], Any],
        *,
        label: str | None = None,
        default: Any = _ABSENT,
        as_bytes: bool = False,
    ) -> Any:
        """The agreed value of what `look` sees on each node.

        `look` runs only on a node that is looking; in agreed runs the value comes from the transcript. `label` names
        the observation in receipts and logs; `default` stands in for every agreed error. Raises ObservationError when
        the committee agreed on an error and no default is given.
        """
        if not isinstance(strategy, Strategy):
            raise TypeError("observe's first argument must be a strategy: median, identical, mode, fields({...}), …")
        if not callable(look):
            raise TypeError("observe's second argument must be a function, such as lambda: http.get(url).text()")
        answer = _native.observe(encode_text(canonical(_spec(strategy, label, default))))
        if answer is None:
            _look_and_propose(strategy, look)
        kind, agreed = answer
        Observe.last = Last(_KINDS[kind])
        if kind == _ERROR:
            raise ObservationError(label, agreed.decode("utf-8", "replace"))
        return strategy.decode(agreed, as_bytes=as_bytes)


observe = Observe()


def _spec(strategy: Strategy[Any, Any], label: str | None, default: Any) -> dict[str, object]:
    spec: dict[str, object] = {"aggregate": strategy.aggregate}
    if label is not None:
        if not isinstance(label, str) or len(label) > _MAX_LABEL:
            raise TypeError(f"a label is text of at most {_MAX_LABEL} characters")
        spec["label"] = label
    if default is not _ABSENT:
        spec["default"] = strategy.encode(default).decode("utf-8")
    return spec


def _look_and_propose(strategy: Strategy[Any, Any], look: Callable[[], Any]) -> NoReturn:
    """Ends the run."""
    try:
        kind, value = _VALUE, strategy.encode(finished(looking(look), "look"))
    except BaseException as raised:  # whatever it was: a node observes an error then
        log.warn("the observation failed:", _describe.headline(raised))
        kind, value = _ERROR, code_of(raised).encode("ascii")
    _streams.finish()
    _native.propose(kind, value)
    raise SystemError("propose returned")
