"""The public Hypothesis strategies: what they draw is what they say."""

from __future__ import annotations

import json
from decimal import Decimal
from typing import Any

import jsonschema
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from executor.errors import InvalidSpec, InvalidValue
from executor.model.function import Function
from executor.model.manifest import Terms
from executor.model.observation import Kind
from executor.model.profile import PROFILE
from executor.model.request import Request
from executor.model.spec import parse_spec
from executor.model.transcript import Transcript
from executor.model.values import check_value
from executor.protocol.strategies import case_of
from executor.testing import strategies
from executor.testing.lies import LIES, is_within
from executor.testing.runs import traced
from executor.testing.strategies import ObservationSet, inputs, observation_sets, observations, transcripts
from executor.vm import load

EXAMPLE = {
    "pair": "ETH-USD",
    "amount": "12.50",
    "count": 3,
    "ratio": 0.5,
    "to": "0x00ff",
    "legs": [{"on": True}],
    "x": None,
}
FIELDS = {"aggregate": {"fields": {"price": "median", "venue": "mode"}}, "label": "both"}


def shape(value: Any) -> Any:
    """Types all the way down; a list's are those of its items."""
    match value:
        case dict():
            return {name: shape(item) for name, item in value.items()}
        case list():
            return [str({str(shape(item)) for item in value})] if value else []
        case _:
            return type(value).__name__


@given(inputs(example=EXAMPLE))
def test_inputs_have_the_shape_of_their_example(drawn: bytes) -> None:
    """Same fields and types; decimal text stays decimal, hex of n bytes stays hex of n bytes."""
    value = json.loads(drawn)
    legs = value.pop("legs")
    assert shape(value) == {name: kind for name, kind in shape(EXAMPLE).items() if name != "legs"}
    assert all(shape(leg) == {"on": "bool"} for leg in legs)
    assert Decimal(value["amount"]).as_tuple().exponent == -2
    assert len(bytes.fromhex(value["to"][2:])) == 2


@given(st.data())
def test_an_example_of_bytes_or_nothing_gives_bytes(data: st.DataObject) -> None:
    """For functions whose input is no JSON."""
    assert isinstance(data.draw(inputs(example=b"\x00\x01")), bytes)
    assert len(data.draw(inputs())) <= 64


def test_the_shapes_of_an_example_are_all_met() -> None:
    """Lists grow and empty, numbers leave the example's value: the generator is no constant."""
    seen: set[int] = set()

    @settings(max_examples=200, database=None, derandomize=True)
    @given(inputs(example=[1]))
    def draw(drawn: bytes) -> None:
        seen.add(len(json.loads(drawn)))

    draw()
    assert {0, 1, 2} <= seen


@given(inputs(schema={"enum": ["x" * PROFILE.ceilings.input_bytes, "short"]}))
def test_an_input_is_never_longer_than_a_request_may_carry(drawn: bytes) -> None:
    """The profile's ceiling, quotes included."""
    assert drawn == b'"short"'


SCHEMAS: list[Any] = [
    True,
    {"type": "object", "properties": {"a": {"type": "integer"}, "b": {"type": "string"}}, "required": ["a", "c"]},
    {"type": "array", "items": {"type": "integer", "minimum": 2, "maximum": 9, "multipleOf": 3}, "minItems": 1},
    {
        "type": "array",
        "prefixItems": [{"const": 1}],
        "items": {"enum": [1, 2, 3, 4]},
        "uniqueItems": True,
        "maxItems": 3,
    },
    {"type": "array", "prefixItems": [{"type": "null"}, {"type": "boolean"}], "items": False},
    {"type": "number", "exclusiveMinimum": 0, "exclusiveMaximum": 1},
    {"type": "integer", "exclusiveMinimum": -7, "exclusiveMaximum": 7, "multipleOf": 7},
    {"type": ["string", "null"], "minLength": 2, "maxLength": 3},
    {"type": "string", "pattern": "^0x[0-9a-f]{4}$"},
    {"type": "string", "pattern": "^[a-z]+$", "maxLength": 3},
    {"type": "string", "format": "date"},
    {"type": "string", "format": "date-time"},
    {"type": "string", "format": "uuid"},
    {"type": "string", "format": "ipv4"},
    {"type": "string", "format": "ipv6"},
    {"type": "string", "format": "email"},
    {"type": "string", "format": "uri"},
    {"minimum": 3},
    {"properties": {"a": {"type": "null"}}},
    {"anyOf": [{"type": "null"}, {"type": "integer"}], "title": "words"},
    {"oneOf": [{"const": "a"}, {"type": "array", "maxItems": 0}]},
    {"$defs": {"leaf": {"type": "integer"}}, "type": "array", "items": {"$ref": "#/$defs/leaf"}},
    {"type": "object", "properties": {"next": {"$ref": "#"}}, "additionalProperties": False},
]


@pytest.mark.parametrize("schema", SCHEMAS, ids=lambda schema: json.dumps(schema)[:50])
def test_inputs_of_a_schema_are_valid_under_it(schema: Any) -> None:
    """By an implementation that is not ours, formats included."""
    validator = jsonschema.Draft202012Validator(schema, format_checker=jsonschema.FormatChecker())

    @settings(max_examples=30, deadline=None, database=None)
    @given(inputs(schema=schema))
    def draw(drawn: bytes) -> None:
        validator.validate(json.loads(drawn))

    draw()


@pytest.mark.parametrize(
    ("schema", "named"),
    [
        ({"type": "object", "patternProperties": {}}, "patternProperties"),
        ({"not": {}}, "'not'"),
        ({"type": "integer", "minLength": 1}, "minLength"),
        ({"type": "money"}, "money"),
        ({"type": "string", "format": "iri"}, "formats date"),
        ({"$ref": "#/$defs/none"}, "nowhere"),
        ({"$ref": "https://example.com/schema"}, "nowhere"),
        ({"minimum": 1, "minLength": 1}, "cannot tell what 'minLength', 'minimum'"),
        ({"type": "integer", "multipleOf": 0.5}, "whole multiples"),
        (False, "true"),
        ([], "true"),
    ],
)
def test_what_the_generator_does_not_know_is_refused_by_name(schema: Any, named: str) -> None:
    """Rather than drawn wrongly."""
    with pytest.raises(InvalidValue, match=named):
        inputs(schema=schema)


@pytest.mark.parametrize("wrong", [{"example": {1}}, {"example": [object()]}, {"example": 1, "schema": True}])
def test_wrong_examples_are_refused(wrong: dict[str, Any]) -> None:
    """What is no JSON, or both an example and a schema."""
    with pytest.raises(InvalidValue):
        inputs(**wrong)


@given(st.data())
def test_observations_are_well_formed(data: st.DataObject) -> None:
    """Anything one node may say fits the strategy: others would refuse it, and test nothing."""
    spec = data.draw(st.sampled_from(["median", "mode", "identical", FIELDS]))
    seen = data.draw(observations(spec))
    if seen.kind is Kind.VALUE:
        aggregate = parse_spec(data.draw(observation_sets(spec)).spec).aggregate
        check_value(aggregate, seen.value)


@settings(deadline=None)
@given(st.sampled_from(["median", "mode", "identical", FIELDS]), st.sampled_from([(4, 1), (7, 2)]), st.data())
def test_sets_have_n_nodes_and_few_liars_and_are_agreed_on(
    spec: Any, size: tuple[int, int], data: st.DataObject
) -> None:
    """With at most f liars and nobody failing there are q values or a mixed set, and a value stays in its bound."""
    n, f = size
    drawn: ObservationSet = data.draw(observation_sets(spec, n, f))
    assert len(drawn.observations) == n
    assert len(drawn.liars) <= f
    assert len(drawn.honest) == n - len(drawn.liars)
    case_of(drawn.quorum, n, f)
    kind, value = drawn.agreed()
    if kind is Kind.VALUE:
        honest = [seen.value for seen in drawn.honest]
        assert is_within(parse_spec(drawn.spec).aggregate, value, honest)


@given(transcripts(["median", FIELDS, {"aggregate": "mode", "default": "x"}], failing=2))
def test_transcripts_have_an_entry_for_each_spec(drawn: Transcript) -> None:
    """Of any kind: values, errors where too many fail, defaults where there is one."""
    assert [json.loads(entry.spec)["aggregate"] for entry in drawn] == ["median", FIELDS["aggregate"], "mode"]
    assert all(entry.kind is not Kind.DEFAULT for entry in drawn[:2])
    assert drawn[2].kind is not Kind.ERROR


@pytest.mark.parametrize(("n", "f"), [(3, 1), (6, 2), (1, 1), (4, -1)])
def test_a_committee_that_bears_no_f_is_refused(n: int, f: int) -> None:
    """n is at least 3f + 1."""
    with pytest.raises(InvalidValue, match="3f"):
        observation_sets("median", n, f)


def test_a_spec_that_is_none_is_refused() -> None:
    """Before anything is drawn."""
    with pytest.raises(InvalidSpec):
        observations("mean")


@pytest.mark.parametrize("spec", ["median", "mode", "identical", FIELDS])
@given(data=st.data())
def test_every_named_lie_is_well_formed(spec: Any, data: st.DataObject) -> None:
    """A lie that others refuse would be no lie."""
    drawn: ObservationSet = data.draw(observation_sets(spec))
    aggregate = parse_spec(drawn.spec).aggregate
    for lie in LIES:
        told = lie.told(aggregate, drawn.honest)
        if told.kind is Kind.VALUE:
            check_value(aggregate, told.value)
        else:
            assert told.value == b"lie"


@pytest.mark.parametrize(
    ("spec", "agreed", "honest", "within"),
    [
        ("median", b"2", [b"1.5", b"2.5"], True),
        ("median", b"2.500", [b"1.5", b"2.5"], True),
        ("median", b"2.501", [b"1.5", b"2.5"], False),
        ("median", b"2", [], False),
        ("mode", b"a", [b"a", b"b"], True),
        ("identical", b"c", [b"a", b"b"], False),
        (FIELDS, b'{"price":"2","venue":"a"}', [b'{"price":"1","venue":"a"}', b'{"price":"3","venue":"b"}'], True),
        (FIELDS, b'{"price":"9","venue":"a"}', [b'{"price":"1","venue":"a"}'], False),
        (FIELDS, b'{"price":"1","venue":"c"}', [b'{"price":"1","venue":"a"}'], False),
    ],
)
def test_the_bound_of_each_strategy(spec: Any, agreed: bytes, honest: list[bytes], within: bool) -> None:
    """A median between honest values as exact decimals; else a value somebody honest saw; fields one by one."""
    aggregate = parse_spec(json.dumps({"aggregate": spec} if isinstance(spec, str) else spec, sort_keys=True,
                                      separators=(",", ":")).encode()).aggregate  # fmt: skip
    assert is_within(aggregate, agreed, honest) is within


@settings(max_examples=5, deadline=None)
@given(st.data())
def test_modules_are_whole_guests(data: st.DataObject) -> None:
    """The machine loads and runs what is drawn; its generator is imported on first use."""
    program = load(Function(data.draw(strategies.modules()), Terms.model_validate({"limits": {"fuel": 1_000_000}})))
    assert traced(program, Request.local(program.function_id)) == traced(program, Request.local(program.function_id))
    assert not hasattr(strategies, "module")
