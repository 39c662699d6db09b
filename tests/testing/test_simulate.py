"""simulate(): real functions, real members and signatures, a given world; named faults are borne up to f."""

from __future__ import annotations

from pathlib import Path

import pytest

from executor.errors import InvalidConfig, InvalidTrigger
from executor.model.observation import Kind
from executor.model.outcome import Failed, Returned
from executor.model.spec import Strategy
from executor.model.trigger_input import CronData, CronInput, encode_input
from executor.testing import Reply, function_of_source, program_of, simulate
from executor.testing.simulating import FAULT_NAMES

URL = "https://api.example.com/price"
HTTP = '[capabilities.http]\nhosts = ["api.example.com"]'
PRICE = function_of_source(
    """
import { http, median, observe } from "executor";
export default () => observe(median, () => http.get("https://api.example.com/price").json().price).toString();
""",
    HTTP,
)
NAME = function_of_source(
    """
import { http, identical, observe } from "executor";
export default (input) => observe(identical, () => http.get("https://api.example.com/price").text()) + input.text();
""",
    HTTP,
)
TWO = function_of_source(
    """
import { fields, http, identical, median, mode, observe } from "executor";
const look = () => http.get("https://api.example.com/price").json();
export default () => {
  const one = observe(fields({ name: identical, price: median }), () => {
    const { name, price } = look();
    return { name, price };
  }, { label: "quote" });
  return `${one.name} ${one.price} ${observe(mode, () => look().name)}`;
};
""",
    HTTP,
)


def prices(*values: str) -> list[dict[str, object]]:
    return [{URL: {"price": value}} for value in values]


def test_three_lines_are_enough() -> None:
    """Function, replies, outcome."""
    done = simulate(PRICE, replies={URL: {"price": "12.50"}})
    assert isinstance(done.outcome, Returned), done.verdict()
    assert done.outcome.output == b"12.50"


def test_every_node_sees_its_own_world() -> None:
    """The agreed entry is one of what honest nodes saw; all four are kept side by side."""
    done = simulate(PRICE, replies=prices("12.1", "12.2", "12.3", "12.4"))
    (slot,) = done.slots
    assert {node: seen.value for node, seen in slot.seen.items()} == {0: b"12.1", 1: b"12.2", 2: b"12.3", 3: b"12.4"}
    assert slot.entry is not None
    assert slot.entry.value in (b"12.2", b"12.3", b"12.1")
    assert done.transcript == (slot.entry,)
    assert done.outcome is not None
    assert done.attested
    assert (done.rounds, done.reason) == (1, "")
    assert 0 < done.seconds < 4


def test_worlds_may_be_a_function_of_the_node() -> None:
    """For what differs in a pattern."""
    done = simulate(PRICE, replies=lambda node: {URL: Reply.of({"price": node})})
    assert sorted(seen.value for seen in done.slots[0].seen.values()) == [b"0", b"1", b"2", b"3"]


def test_the_same_seed_gives_the_same_committee() -> None:
    """Time, messages and outcome; another seed, another schedule."""
    replies = prices("1", "2", "3", "4")
    first = simulate(PRICE, replies=replies, seed=3)
    assert simulate(PRICE, replies=replies, seed=3) == first
    assert simulate(PRICE, replies=replies, seed=4).seconds != first.seconds


@pytest.mark.parametrize("fault", FAULT_NAMES)
@pytest.mark.parametrize("n", [4, 7])
def test_as_many_faults_as_f_are_borne(fault: str, n: int) -> None:
    """One name strikes the last f nodes; what is attested is what honest nodes computed."""
    done = simulate(PRICE, n=n, replies={URL: {"price": "7"}}, faults=fault)
    assert done.outcome is not None, done.verdict()
    assert (done.outcome, done.f) == (Returned(b"7", done.outcome.fuel_used), (n - 1) // 3)
    assert dict(done.faults) == dict.fromkeys(range(n - done.f, n), fault)


def test_a_liar_does_not_move_a_median_out_of_what_honest_nodes_saw() -> None:
    """Ten times the price, and outvoted."""
    done = simulate(PRICE, replies=prices("10", "11", "12", "13"), faults={0: "lying-observation"})
    assert done.slots[0].seen[0].value == b"100"
    assert done.transcript[0].value in (b"11", b"12", b"13")


@pytest.mark.parametrize("fault", ["silent", "wrong-output"])
def test_one_fault_too_many_attests_nothing(fault: str) -> None:
    """And says which quorum is missing."""
    done = simulate(PRICE, replies={URL: {"price": "7"}}, faults=fault, f=2)
    assert done.outcome is None
    assert not done.attested
    assert "quorum" in done.reason
    assert "2 of 4 nodes are faulty, 1 are borne" in done.reason
    assert "nothing attested after 120.0 s" in done.verdict()


def test_disagreement_is_an_attested_error_that_says_what_differed() -> None:
    """Slot, strategy and number of distinct values."""
    done = simulate(NAME, replies=[{URL: name} for name in ("a", "b", "c", "d")])
    assert isinstance(done.outcome, Failed)
    assert done.transcript[0].kind is Kind.ERROR
    assert done.reason == "slot 0 under identical: 4 distinct values"
    for shown in ("node 0 saw a", "node 3 saw d", "agreed error no-agreement", "failed ObservationError"):
        assert shown in done.verdict()


def test_fields_are_told_apart() -> None:
    """Which field of which slot."""
    done = simulate(TWO, replies=[{URL: {"name": str(node), "price": node}} for node in range(4)])
    assert done.reason.startswith(
        'slot 0 "quote" under fields: name identical, price median: 4 distinct values of name'
    )


def test_two_slots_and_two_strategies() -> None:
    """The second slot is looked at over the first one's entry."""
    done = simulate(TWO, replies={URL: {"name": "eth", "price": "2"}})
    assert done.outcome is not None
    assert done.outcome == Returned(b"eth 2 eth", done.outcome.fuel_used)
    assert [slot.name for slot in done.slots] == ['slot 0 "quote"', "slot 1"]
    assert done.slots[1].spec.aggregate is Strategy.MODE


def test_errors_of_the_world_are_agreed() -> None:
    """A URL nobody answers is the error of the network."""
    done = simulate(PRICE)
    assert done.transcript[0].value == b"http-connect"
    assert done.reason == ""
    assert "got error http-connect" in done.verdict()


def test_the_input_reaches_the_function() -> None:
    """And one node alone is a committee."""
    done = simulate(NAME, input=b"!", n=1, replies={URL: "hello"})
    assert done.outcome == Returned(b"hello!", done.outcome.fuel_used if done.outcome else 0)


def test_a_triggered_run_knows_what_started_it() -> None:
    """The context says the kind, the input the event; another input is refused before anything runs."""
    function = function_of_source(
        """
import { context } from "executor";
export default (input) => `${context.trigger} ${JSON.parse(input.text()).event.scheduled_time} ${context.nonce}`;
""",
    )
    given = encode_input(CronInput(CronData(1_700_000_000), b"own"))
    done = simulate(function, input=given, triggered=True)
    assert done.outcome == Returned(b"cron 1700000000 0", done.outcome.fuel_used if done.outcome else 0)
    with pytest.raises(InvalidTrigger, match="no triggered run's"):
        simulate(function, input=b"{}", triggered=True)


def test_a_folder_is_a_function() -> None:
    """As everywhere in executor.testing; a loaded program too."""
    folder = Path(__file__).resolve().parents[2] / "examples" / "median_json"
    data = b'{"items": [{"price": "2.5"}]}'
    by_folder = simulate(folder, input=data)
    assert by_folder == simulate(program_of(folder), input=data)
    assert isinstance(by_folder.outcome, Returned)


@pytest.mark.parametrize(
    ("options", "named"),
    [
        ({"n": 0}, "n = 0"),
        ({"f": 5}, "f = 5"),
        ({"faults": "drunk"}, "known are silent, slow, crash"),
        ({"faults": {7: "silent"}}, "no node 7"),
        ({"replies": prices("1", "2")}, "replies: 2 for 4 nodes"),
    ],
)
def test_wrong_arguments_are_named(options: dict[str, object], named: str) -> None:
    """Before anything runs."""
    with pytest.raises(InvalidConfig, match=named):
        simulate(PRICE, **options)  # type: ignore[arg-type]


def test_the_public_name_is_the_function_whatever_was_imported() -> None:
    """No module of the package is called like a name it exports."""
    import executor.testing
    import executor.testing.simulating

    assert executor.testing.simulate is executor.testing.simulating.simulate
    folder = Path(executor.testing.__file__).parent
    modules = {path.stem for path in folder.glob("*.py")} | {path.name for path in folder.iterdir() if path.is_dir()}
    assert modules & set(executor.testing.__all__) == {"strategies"}
