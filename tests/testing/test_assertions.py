"""assert_agrees: good functions pass, planted faults do not, and the report says who saw what and what to change."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pytest
from hypothesis import Phase, given, settings
from hypothesis import strategies as st

from executor.errors import InvalidManifest, InvalidValue
from executor.model.function import Function
from executor.model.outcome import Failed, Returned
from executor.testing import DoesNotAgree, assert_agrees, function_of_source, program_of, strategies
from executor.testing.agreeing import NO_VALUE, OUT_OF_BOUND, TOO_FEW, EndProblem, SlotProblem, play
from executor.testing.outages import Outage, strike
from executor.testing.replies import Reply, World, world

from .functions import (
    BY_FIELD,
    DATE_HEADER,
    IDENTICAL_PRICE,
    MANIFEST,
    MEDIAN_OF_PRICE,
    REPLY,
    SYMBOL,
    UNSORTED_JSON,
    URL,
    javascript,
    without_fuel,
)

HERE = Path(__file__).resolve().parent
ROOT = HERE.parents[1]
REPLIES = {URL: REPLY}


def failure(function: Function, **options: Any) -> DoesNotAgree:
    """How the assertion fails on a function."""
    with pytest.raises(DoesNotAgree) as raised:
        assert_agrees(function, **{"replies": REPLIES, **options})
    return raised.value


def report_of(name: str) -> str:
    """The kept text of a report."""
    return (HERE / "reports" / f"{name}.txt").read_text(encoding="utf-8").rstrip("\n")


@pytest.mark.parametrize("function", [MEDIAN_OF_PRICE, SYMBOL, BY_FIELD])
def test_good_functions_pass(function: Function) -> None:
    """Under variations, outages of one node, and every lie of one node."""
    assert_agrees(function, replies=REPLIES, max_examples=25)


def test_a_report_names_the_users_own_lines(tmp_path: Path) -> None:
    """Of a function from a folder, not the name that the engine gives to every source."""
    (tmp_path / "function.toml").write_text('[function]\nname = "sum"\nlanguage = "javascript"\nsource = "sum.js"\n')
    (tmp_path / "sum.js").write_text("export default () => {\n  null.price;\n};\n")
    with pytest.raises(DoesNotAgree, match=r"\(sum\.js:2:3\)") as raised:
        assert_agrees(tmp_path, replies={})
    assert "function.js" not in str(raised.value)


def test_the_example_of_three_exchanges_passes() -> None:
    """From its folder, with seven nodes of which two may do anything."""
    urls = [f"http://exchange-{name}.test/price?pair=ETH-USD" for name in "abc"]
    bodies = [{"price": "1842.17"}, {"data": {"amount": "1842.20"}}, {"result": {"XETHZUSD": {"c": ["1842.11"]}}}]
    replies = dict(zip(urls, bodies, strict=True))
    assert_agrees(ROOT / "examples" / "eth_usd", replies=replies, n=7, f=2, max_examples=6)


@pytest.mark.parametrize(
    ("function", "example", "report"),
    [
        (IDENTICAL_PRICE, REPLY, "identical_price"),
        (UNSORTED_JSON, {"symbol": "ETH-USD", "venue": "x"}, "unsorted_json"),
        (DATE_HEADER, {"symbol": "ETH-USD"}, "date_header"),
    ],
    ids=["identical over a price", "order of fields", "a Date header"],
)
def test_a_planted_fault_is_found_shrunk_and_told(function: Function, example: object, report: str) -> None:
    """The whole text, fuel figures left out: one difference in one node's reply, one lie."""
    assert without_fuel(str(failure(function, replies={URL: example}))) == report_of(report)


def test_one_field_of_many_is_named() -> None:
    """`fields` fails as a whole; the advice says which field and why."""
    function = javascript(
        """const both = fields({ price: mode, symbol: mode });
        export default () => JSON.stringify(observe(both, () => get().json()));"""
    )
    told = str(failure(function))
    assert "advice   field price: nodes saw 1842.17 and 1842.18 under `mode`: use `median`" in told
    assert "over nodes 0, 1, 3 one field does not agree" in told


@pytest.mark.parametrize(
    ("body", "advice"),
    [
        ("export default () => observe(mode, () => get().json().list.join());", "the look throws"),
        ('export default () => observe(mode, () => http.get("https://other.test/").text());', "list the host in"),
        (f'export default () => observe(mode, () => http.fetch("{URL}", {{ method: "PUT" }}));', "list the method in"),
        ("export default () => observe(median, () => get().json().symbol);", "does not fit the strategy"),
        ("export default () => observe(mode, () => { for (;;); });", "raise limits.observe_fuel"),
        (f'export default () => observe(mode, () => http.get("{URL}/b").text());', f"no reply is given for {URL}/b"),
    ],
)  # fmt: skip
def test_nodes_that_see_nothing_are_a_problem(body: str, advice: str) -> None:
    """Healthy replies, and still no value: what to change depends on the error."""
    found = failure(javascript(body), max_examples=3)
    assert isinstance(found.problem, SlotProblem)
    assert found.problem.kind == TOO_FEW
    assert "why      3 of 4 nodes have to see a value, and 4 saw an error" in str(found)
    assert advice in str(found)


def test_a_loop_on_rare_input_is_found_and_the_input_shrunk() -> None:
    """The smallest number that loops, of five hundred that do not."""
    function = javascript("export default (input) => { if (input.json().n > 500) for (;;); return 'ok'; };")
    found = failure(function, inputs=strategies.inputs(example={"n": 5}), replies={}, max_examples=100)
    assert isinstance(found.problem, EndProblem)
    assert found.input == b'{"n": 501}'
    assert str(found).splitlines()[0].startswith("the run trapped: OUT_OF_FUEL")
    assert "why      out of fuel: a loop that does not end on this input" in str(found)


def test_an_output_over_the_limit_is_found() -> None:
    """A broken limit is a trap, and the machine's words say which."""
    found = failure(javascript("export default () => 'x'.repeat(5000);"))
    assert "limits.output_bytes is 4096" in str(found)


def test_which_ends_are_good_is_the_callers_choice() -> None:
    """A function that throws has an outcome, which everybody attests; who wants that says so."""
    function = javascript("export default () => { throw new Error('never'); };")
    assert_agrees(function, replies={}, ends=(Returned, Failed))
    found = failure(function, replies={})
    assert isinstance(found.problem, EndProblem)
    assert isinstance(found.problem.trace.end, Failed)
    assert "failed: Error: never" in str(found)


# What each node sees, exactly


def test_given_worlds_are_taken_as_they_are() -> None:
    """Equal ones agree; two of each do not, whichever three a leader takes."""
    one, other = {URL: {"price": 1}}, {URL: {"price": 2}}
    assert_agrees(IDENTICAL_PRICE, replies=[one] * 4, inputs=[b"", b"x"])
    found = failure(IDENTICAL_PRICE, replies=[one, other, one, other])
    assert found.worlds == tuple(world(each) for each in (one, other, one, other))
    assert "nodes saw 2 and 1 under `identical`: use `median`" in str(found)


def test_under_mode_a_minority_does_no_harm() -> None:
    """One of four differs, and no lie of another tips it: but two of four do."""
    one, other = {URL: {"symbol": "a"}}, {URL: {"symbol": "b"}}
    function = javascript("export default () => observe(mode, () => get().json().symbol);")
    assert_agrees(function, replies=[one, one, one, one])
    found = failure(function, replies=[one, {URL: {"symbol": "c"}}, {URL: {"symbol": "d"}}, other])
    assert isinstance(found.problem, SlotProblem)
    assert found.problem.kind == NO_VALUE


def test_agreement_is_expected_where_the_caller_says() -> None:
    """With three of four nodes limited in rate there is no value: an agreed error, which this function passes on."""
    down = {URL: strike(Reply.of(REPLY), Outage.RATE_LIMITED)}
    worlds = [REPLIES, down, down, down]
    assert_agrees(MEDIAN_OF_PRICE, replies=worlds, must_agree=lambda _: False)
    found = failure(MEDIAN_OF_PRICE, replies=worlds)
    assert "429, rate limit  error bad-value" in str(found) or "429, rate limit  error threw" in str(found)


def test_a_strategy_may_say_what_nodes_see() -> None:
    """Plain JSON or Replies, one world for each node; the failing case shrinks."""
    prices = st.lists(st.integers(0, 9), min_size=4, max_size=4)
    seen = prices.map(lambda every: [{URL: {"price": price}} for price in every])
    assert_agrees(MEDIAN_OF_PRICE, replies=seen, max_examples=20)
    found = failure(IDENTICAL_PRICE, replies=seen)
    assert [each[URL].body for each in found.worlds] == [b'{"price": 0}'] * 3 + [b'{"price": 1}']


@settings(max_examples=15, deadline=None)
@given(st.integers(1, 10**6), st.data())
def test_inside_given_what_was_drawn_is_passed(price: int, data: st.DataObject) -> None:
    """Replies drawn by the public strategies; Hypothesis shrinks them."""
    drawn = data.draw(strategies.worlds({URL: {"price": f"{price}.5"}}, 4, failing=1))
    assert_agrees(MEDIAN_OF_PRICE, replies=drawn)


def test_inside_given_a_failure_shrinks() -> None:
    """To the same smallest case as alone."""

    phases = (Phase.generate, Phase.shrink)  # the phase that explains traces every line, which is slow before 3.12

    @settings(max_examples=60, deadline=None, database=None, derandomize=True, phases=phases)
    @given(strategies.worlds(REPLIES, 4))
    def nodes_agree(drawn: Sequence[World]) -> None:
        assert_agrees(IDENTICAL_PRICE, replies=drawn)

    with pytest.raises(DoesNotAgree) as raised:
        nodes_agree()
    assert without_fuel(str(raised.value)) == report_of("identical_price")


@settings(max_examples=1, deadline=None)
@given(drawn=st.just(b""))
def test_a_search_inside_a_search_is_refused(drawn: bytes) -> None:
    """With advice."""
    with pytest.raises(InvalidValue, match="inside @given, draw inputs and replies there"):
        assert_agrees(MEDIAN_OF_PRICE, inputs=drawn, replies=REPLIES)


@pytest.mark.parametrize(
    ("options", "named"),
    [
        ({"replies": [REPLIES] * 3}, "replies for 3 of 4 nodes"),
        ({"n": 3}, "3f"),
        ({"inputs": ["text"]}, "an input is bytes"),
        ({"replies": {URL: {1, 2}}}, "an example reply"),
        ({"replies": st.just([REPLIES] * 5)}, "replies for 5 of 4 nodes"),
        ({"inputs": []}, "nothing would be tried"),
        ({"inputs": [], "replies": [REPLIES] * 4}, "nothing would be tried"),
        ({"inputs": [7], "replies": [REPLIES] * 4}, "an input is bytes, not int"),
    ],
)
def test_wrong_arguments_are_refused(options: dict[str, Any], named: str) -> None:
    """By InvalidValue, not by a failed assertion."""
    with pytest.raises(InvalidValue, match=named):
        assert_agrees(MEDIAN_OF_PRICE, **{"replies": REPLIES, **options})


def test_a_function_that_is_not_there_is_refused(tmp_path: Path) -> None:
    """As the command line does."""
    with pytest.raises(InvalidManifest, match="not found"):
        assert_agrees(tmp_path, replies={})


def test_more_liars_than_a_committee_bears_break_the_bound() -> None:
    """Two of four: the check of bounds is one that can fail."""
    program = program_of(MEDIAN_OF_PRICE)
    problem = play(program, b"", [world(REPLIES)] * 4, 2, ends=(Returned,))
    assert isinstance(problem, SlotProblem)
    assert problem.kind == OUT_OF_BOUND
    assert "which no honest node stands for" in str(DoesNotAgree(problem, b"", [world(REPLIES)] * 4, 2))


def test_large_committees_are_tried_in_part() -> None:
    """Ten nodes, three of them liars: 86,400 sets a slot are thinned out, and the fault is found all the same."""
    assert_agrees(SYMBOL, replies=REPLIES, n=10, f=3, max_examples=2)
    found = failure(IDENTICAL_PRICE, replies=[{URL: {"price": price}} for price in range(10)], n=10, f=3)
    assert "`identical` needs 4 equal values of 7; at most 1 are equal" in str(found)


def test_source_and_manifest_are_a_function() -> None:
    """Terms alone, or a whole manifest; the same function is compiled once."""
    whole = f'[function]\nname = "f"\nlanguage = "javascript"\nsource = "f.js"\n{MANIFEST}'
    source = "export default () => 'x';"
    assert function_of_source(source, whole) == function_of_source(source, MANIFEST)
    assert function_of_source(source, function_of_source(source, MANIFEST).terms) == function_of_source(source, whole)
    assert program_of(function_of_source(source)) is program_of(function_of_source(source))


@pytest.mark.parametrize(
    ("manifest", "language", "named"),
    [("[", "javascript", "not TOML"), ("[limit]", "javascript", "limit"), ("", "cobol", "no engine for 'cobol'")],
)
def test_a_wrong_manifest_is_refused(manifest: str, language: str, named: str) -> None:
    """By InvalidManifest, as from a file."""
    with pytest.raises(InvalidManifest, match=named):
        function_of_source("", manifest, language=language)


def test_a_run_goes_on_over_what_liars_could_bring_about() -> None:
    """The second slot's spec depends on the first value: only over a lied one does the run trap."""
    function = javascript(
        """export default () => {
          const price = observe(median, () => get().json().price);
          if (price.toString() === "1.01") for (;;);
          return price.toString();
        };"""
    )
    worlds = [{URL: {"price": price}} for price in (1.0, 1.01, 1.02, 1.03)]
    program = program_of(function)
    seen = [world(each) for each in worlds]
    problems = [play(program, b"", seen, 1, ends=(Returned,), pick=pick) for pick in range(8)]
    assert any(isinstance(problem, EndProblem) for problem in problems)
    assert None in problems
