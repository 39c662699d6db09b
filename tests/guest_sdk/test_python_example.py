"""examples/eth_usd_python on the machine itself, and what is particular to the SDK in Python."""

from __future__ import annotations

from decimal import Decimal

import eth_abi
import pytest

from executor.model.function import Function
from executor.model.manifest import parse_manifest
from executor.model.observation import Kind, Observation
from executor.model.outcome import Awaiting, Failed, Returned
from executor.model.request import Request
from executor.model.transcript import Entry
from executor.vm import Program, execute, observe

from .harness import ROOT
from .python_engine import ENGINE, LOADER, TIMESTAMP, body, look, run
from .test_examples import ANSWERS, Exchanges

FOLDER = ROOT / "examples" / "eth_usd_python"
SPEC = b'{"aggregate":"median","label":"eth-usd"}'


@pytest.fixture(scope="module")
def eth_usd() -> Program:
    """The example as a node loads it."""
    manifest = parse_manifest((FOLDER / "function.toml").read_text(encoding="utf-8"))
    return LOADER(Function(ENGINE, manifest.terms, (FOLDER / manifest.function.source).read_bytes()))


def request_for(program: Program) -> Request:
    """A request without input."""
    return Request.local(program.function_id, b"", block_timestamp=TIMESTAMP)


@pytest.mark.parametrize(
    ("answers", "observation"),
    [
        (ANSWERS, Observation(Kind.VALUE, b"1842.17")),
        (("timeout", ANSWERS[1], ANSWERS[2]), Observation(Kind.VALUE, b"1842.1")),
        ((ANSWERS[0], b"not json", ANSWERS[2]), Observation(Kind.VALUE, b"1842.1")),
        ((ANSWERS[0], b'{"data":{"amount":1842.5}}', b'{"result":null}'), Observation(Kind.VALUE, b"1842.17")),
        ((ANSWERS[0], "timeout", 500), Observation.error("too-few-prices")),
    ],
)
def test_the_example_looks_as_the_one_in_javascript(eth_usd: Program, answers, observation: Observation) -> None:
    """Three exchanges at once, the lower middle of those that answered, an error with fewer than two."""
    exchanges = Exchanges(*answers)
    assert observe(eth_usd, request_for(eth_usd), (), exchanges) == observation
    assert exchanges.asked == [f"http://exchange-{name}.test/price?pair=ETH-USD" for name in "abc"]


def test_the_example_returns_the_agreed_price(eth_usd: Program) -> None:
    """First it awaits the observation; over the agreed entry it returns price times 10^8 and the block's time."""
    request = request_for(eth_usd)
    assert execute(eth_usd, request) == Awaiting(0, SPEC)
    outcome = execute(eth_usd, request, (Entry(SPEC, Kind.VALUE, b"1842.175"),))
    assert isinstance(outcome, Returned)
    assert eth_abi.decode(["uint256", "uint64"], outcome.output) == (184_217_500_000, TIMESTAMP)


def test_the_example_fails_without_a_price(eth_usd: Program) -> None:
    """An agreed error is the function's failure, told with its code and place."""
    outcome = execute(eth_usd, request_for(eth_usd), (Entry(SPEC, Kind.ERROR, b"no-agreement"),))
    assert isinstance(outcome, Failed)
    assert outcome.error.startswith(b"ObservationError: agreed error for eth-usd: no-agreement (function.py:")


@pytest.mark.parametrize(
    ("value", "code"),
    [
        ("None", b"bad-value"),
        ("True", b"bad-value"),
        ("float('nan')", b"bad-value"),
        ("Decimal(1) / 3", b"bad-value"),
        ("10**78", b"bad-value"),
        ("[1]", b"bad-value"),
        ("{}['price']", b"threw"),
        ("1 / 0", b"threw"),
        ("exit('some-code')", b"threw"),
    ],
)
def test_what_is_no_number_is_an_observed_error(value: str, code: bytes) -> None:
    """Under median; an exception of Python's own has no code."""
    lines = f"return str(observe(median, lambda: {value}))"
    assert look(body(lines, "from decimal import Decimal\nfrom sys import exit")).outcome == Observation(
        Kind.ERROR, code
    )


@pytest.mark.parametrize(
    ("value", "text"),
    [
        ("1.0", b"1"),
        ("1e21", b"1000000000000000000000"),
        ("Decimal('1E+3')", b"1000"),
        ("Decimal('-0.00')", b"0.00"),
        ("True + 1", b"2"),
    ],
)
def test_numbers_travel_in_plain_notation(value: str, text: bytes) -> None:
    """As from the other languages."""
    ran = look(body(f"return str(observe(median, lambda: {value}))", "from decimal import Decimal"))
    assert ran.outcome == Observation(Kind.VALUE, text)


def test_a_failed_look_is_told_with_its_place() -> None:
    """The log has the exception and the line."""
    ran = look(body("return str(observe(median, lambda: {}['price']))"))
    assert ran.logs == [(2, "the observation failed: KeyError: 'price' (function.py:5:40)")]


def test_agreed_numbers_are_decimals_of_78_digits() -> None:
    """Sums and products of up to 78 digits are exact; scaled and rounded always are."""
    lines = """
    price = observe(median, lambda: 1)
    return repr([type(price).__name__, price * 10**8, scaled(price, 8), scaled(price, 0, "half-up"), rounded(price, 1), price * 2])
    """
    big = "9" * 60 + ".5"
    ran = run(body(lines), transcript=(Entry(b'{"aggregate":"median"}', Kind.VALUE, big.encode()),))
    units = int("9" * 60 + "5") * 10**7
    expected = [
        "Decimal",
        Decimal(f"{units}.0"),
        units,
        int("9" * 60) + 1,
        Decimal(big),
        Decimal("1" + "9" * 59 + "9.0"),
    ]
    assert eval(ran.text, {"Decimal": Decimal}) == expected


@pytest.mark.parametrize(
    ("use", "error"),
    [
        ("observe(5, lambda: 1)", "TypeError: observe's first argument must be a strategy"),
        ("observe(median, 5)", "TypeError: observe's second argument must be a function"),
        ("observe(median, lambda: 1, label='x' * 65)", "TypeError: a label is text of at most 64 characters"),
        (
            "observe(median, lambda: 1, name='x')",
            "TypeError: Observe.__call__() got an unexpected keyword argument 'name'",
        ),
        ("fields({})", "TypeError: fields needs 1 to 32 fields"),
        ("fields({'a': single})", "TypeError: field 'a': use median"),
        ("http.get('https://a.test')", "RuntimeError: http.fetch works only inside observe(...)"),
        ("secrets.get('KEY')", "RuntimeError: secrets.get works only inside observe(...)"),
        ("secrets.token_hex()", "AttributeError: executor_guest.secrets has no token_hex"),
        (
            "abi.encode(['uint256'], [1.5])",
            "TypeError: values[0] must be an int, not float: scaled(value, places) makes one",
        ),
        ("abi.encode(['uint8'], [256])", "ValueError: values[0] = 256 does not fit its type"),
        ("abi.encode(['uint7'], [1])", 'TypeError: unknown type "uint7"'),
        ("scaled('1.5', 0, 'exact')", "ValueError: digits would be lost"),
        ("context.block", "AttributeError: the context has no 'block'"),
        ("at({'a': [1]}, 'a[1]')", 'MissingPath: a[1]: there is no "1" in list'),
        ("keccak256('text')", "TypeError: keccak256's argument must be bytes, not str"),
        ("random.below(0)", "ValueError: there is no number below zero"),
    ],
)
def test_wrong_use_is_told(use: str, error: str) -> None:
    """With what would be right."""
    if use == "random.below(0)":
        use = "random.stream(bytes(32)).below(0)"
    assert run(body(f"return str({use})")).error.startswith(error)


def test_async_functions_work() -> None:
    """There is nothing to await, and it may be awaited."""
    source = """
    from executor_guest import function, identical, observe

    async def look():
        return "seen"

    @function
    async def main(request):
        return observe(identical, look) + "!"
    """
    assert look(source).outcome == Observation(Kind.VALUE, b"seen")
    assert run(source, transcript=(Entry(b'{"aggregate":"identical"}', Kind.VALUE, b"agreed"),)).text == "agreed!"
