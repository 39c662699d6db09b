"""Agreement: many observations of one slot become one entry (docs/protocol.md, "Aggregation strategies").

Rule 1. A set is one of three cases: (a) exactly q values; (b) f + 1 errors; (c) q observations with 1 to f errors.
        Under `single` it is case (d): the one observation of the member that the request id names, or none at all.
Rule 2. Only cases (a) and (d) can agree on a value. Case (b) agrees on the errors' code if they name the same one, else
        on `observation-failed`; case (c) on `no-agreement`, because a median over a mixed set would break its bound;
        case (d) on what its member observed, an error too, and without it on `no-agreement`.
Rule 3. What q values make is their strategy's (aggregation.py).
Rule 4. The spec's default replaces every agreed error, whatever its case, as an entry of its own kind.
Rule 5. An error of the committee's own says why after its code: the strategy and how many, and nothing a node wrote.
Rule 6. Under `single` member number (request id mod n) looks, and nobody else. Cases (c) and (d) without an observation
        are for those who waited: whoever prepares one asks its own clock (agreement.py).

All pure; the order in which observations are given never matters.
"""

from __future__ import annotations

from collections.abc import Sequence
from enum import Enum
from typing import assert_never

from executor.errors import InvalidValue
from executor.model.ids import RequestId
from executor.model.observation import Kind, Observation
from executor.model.spec import Spec, parse_spec
from executor.model.values import check_value
from executor.protocol.aggregation import Shortfall, aggregate_name, aggregate_values

NO_AGREEMENT = b"no-agreement"
OBSERVATION_FAILED = b"observation-failed"


class Case(Enum):
    """Which kind of observation set an entry rests on (Rule 1)."""

    VALUES = "a"
    ERRORS = "b"
    MIXED = "c"
    ALONE = "d"
    UNTOLD = "d without an observation"

    @property
    def needs_patience(self) -> bool:
        """Whether only those prepare it who waited long for better (Rule 6)."""
        return self in (Case.MIXED, Case.UNTOLD)


def case_of(observations: Sequence[Observation], n: int, f: int) -> Case:
    """The case of a set that all members may be in; raises InvalidValue for a set that is none (Rule 1)."""
    errors = sum(observation.kind is Kind.ERROR for observation in observations)
    match len(observations), errors:
        case count, 0 if count == n - f:
            return Case.VALUES
        case count, _ if count == errors == f + 1:
            return Case.ERRORS
        case count, _ if count == n - f and 1 <= errors <= f:
            return Case.MIXED
        case count, _:
            raise InvalidValue(f"{count} observations with {errors} errors are no set of n = {n}, f = {f}")


def case_alone(observations: Sequence[Observation]) -> Case:
    """The case of a set under `single`; raises InvalidValue for a set that is none (Rule 1)."""
    if len(observations) > 1:
        raise InvalidValue(f"{len(observations)} observations are no set under single: one member looks")
    return Case.ALONE if observations else Case.UNTOLD


def case_under(spec: bytes, observations: Sequence[Observation], n: int, f: int) -> Case:
    """The case of a set under a spec; raises InvalidSpec, or InvalidValue for a set that is none."""
    return case_alone(observations) if parse_spec(spec).alone else case_of(observations, n, f)


def alone_member(request: RequestId, n: int) -> int:
    """The member that looks under `single` (Rule 6)."""
    return int.from_bytes(request, "big") % n


def looks_at(spec: bytes, request: RequestId, member: int, n: int) -> bool:
    """Whether this member observes slots of this spec; raises InvalidSpec."""
    return not parse_spec(spec).alone or member == alone_member(request, n)


def check_observation(spec: bytes, observation: Observation) -> None:
    """Raises InvalidSpec, or InvalidValue when a value cannot take part in the spec's aggregation."""
    if observation.kind is Kind.VALUE:
        check_value(parse_spec(spec).aggregate, observation.value)


def agree(spec: bytes, observations: Sequence[Observation], n: int, f: int) -> tuple[Kind, bytes]:
    """Kind and value of the entry these observations make; whose they are is checked elsewhere (checks.py).

    Raises InvalidSpec, and InvalidValue for a set of no case or a value that does not fit the strategy.
    """
    parsed = parse_spec(spec)
    case = case_under(spec, observations, n, f)
    for observation in observations:
        if observation.kind is Kind.VALUE:
            check_value(parsed.aggregate, observation.value)
    match case:
        case Case.VALUES:
            value = aggregate_values(parsed.aggregate, [observation.value for observation in observations], f)
            if isinstance(value, Shortfall):
                return _error_or_default(parsed, _said(value.reason))
            return Kind.VALUE, value
        case Case.ERRORS:
            codes = {observation.value for observation in observations}
            differing = OBSERVATION_FAILED + f": {f + 1} of {n} nodes failed, in {len(codes)} ways".encode()
            return _error_or_default(parsed, codes.pop() if len(codes) == 1 else differing)
        case Case.MIXED:
            errors = sum(observation.kind is Kind.ERROR for observation in observations)
            short = f"{aggregate_name(parsed.aggregate)} needs {n - f} values, had {n - f - errors}"
            return _error_or_default(parsed, _said(short))
        case Case.ALONE:
            seen = observations[0]
            return (Kind.VALUE, seen.value) if seen.kind is Kind.VALUE else _error_or_default(parsed, seen.value)
        case Case.UNTOLD:
            return _error_or_default(parsed, _said("single needs its member's observation, had none"))
        case _:
            assert_never(case)


def error_code(error: bytes) -> bytes:
    """The code of an agreed error, without its reason."""
    return error.partition(b": ")[0]


def _said(reason: str) -> bytes:
    return NO_AGREEMENT + b": " + reason.encode("ascii")


def _error_or_default(spec: Spec, error: bytes) -> tuple[Kind, bytes]:
    if spec.default is None:
        return Kind.ERROR, error
    return Kind.DEFAULT, spec.default.encode("utf-8")
