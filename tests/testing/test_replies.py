"""Worlds of replies: what a guest gets, how it differs node to node, and how it fails."""

from __future__ import annotations

import json
from decimal import Decimal

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from executor.capabilities.framing import HttpRequest, decode_response, encode_request, encode_requests
from executor.errors import InvalidValue
from executor.model.manifest import Terms
from executor.testing.outages import Outage, strike
from executor.testing.replies import RepliedCapabilities, Reply, look_up, world
from executor.testing.strategies import replies, replies_for, variations, worlds
from executor.testing.variations import Digits, Order, Space, Variation, vary
from executor.vm import Answer, Refusal

TERMS = Terms.model_validate({"capabilities": {"http": {"hosts": ["api.example.com"]}}})
URL = "https://api.example.com/price"
BODY = {"price": 1842.17, "amount": "0.50", "at": 1_700_000_000, "request_id": "r-1", "list": [{"b": 1, "a": None}]}


def fetch(capabilities: RepliedCapabilities, url: str, method: str = "GET") -> Answer | Refusal:
    """What a guest's http.fetch gets."""
    return capabilities.call("http.fetch", encode_request(HttpRequest(url, method)))


def test_a_guest_gets_the_reply_of_its_url() -> None:
    """Status, headers in lower case, body."""
    given = RepliedCapabilities(TERMS, {URL: Reply(201, {"X-A": "b"}, b"body")})
    answer = fetch(given, URL)
    assert isinstance(answer, Answer)
    assert decode_response(answer.data) == (201, {"x-a": "b"}, b"body")


@pytest.mark.parametrize(
    ("url", "method", "code"),
    [
        ("https://other.example.com/", "GET", "http-host-not-allowed"),
        ("http://api.example.com/", "GET", "http-host-not-allowed"),
        (URL, "POST", "http-method-not-allowed"),
        (f"{URL}/none", "GET", "http-connect"),
        ("https://[::1", "GET", "http-bad-request"),
    ],
)
def test_what_the_manifest_or_the_world_does_not_have_is_refused(url: str, method: str, code: str) -> None:
    """By the codes of the network; only a URL that has no reply is remembered as missing."""
    given = RepliedCapabilities(TERMS, world({URL: BODY}))
    assert fetch(given, url, method) == Refusal(code)
    assert given.missing == ({url} if code == "http-connect" else set())


def test_many_requests_are_answered_one_by_one() -> None:
    """A refused one stands in its place."""
    given = RepliedCapabilities(TERMS, world({URL: "text"}))
    messages = [encode_request(HttpRequest(url)) for url in (URL, "https://no.example.com/")]
    answer = given.call("http.fetch_many", encode_requests(messages))
    assert isinstance(answer, Answer)
    assert b"text" in answer.data
    assert b"http-host-not-allowed" in answer.data
    assert given.call("http.fetch_many", b"\xff\xff") == Refusal("http-bad-request")


def test_nothing_is_granted_without_a_manifest_that_grants_it() -> None:
    """No http capability, or another one."""
    assert fetch(RepliedCapabilities(Terms(), world({URL: BODY})), URL) == Refusal("not-granted")
    assert RepliedCapabilities(TERMS, {}).call("secrets.get", b"KEY") == Refusal("not-granted")


def test_the_longest_pattern_wins_and_an_exact_url_before_it() -> None:
    """Keys that end with `*` are beginnings."""
    given = world({"https://a/*": b"1", "https://a/b*": b"2", "https://a/bc": b"3"})
    found = [look_up(given, url) for url in ("https://a/x", "https://a/bx", "https://a/bc", "https://b/")]
    assert [reply and reply.body for reply in found] == [b"1", b"2", b"3", None]


@pytest.mark.parametrize("wrong", [{"status": 99}, {"status": 600}, {"error": "No Code"}])
def test_a_reply_that_no_server_gives_is_refused(wrong: dict[str, int | str]) -> None:
    """Statuses and codes are checked."""
    with pytest.raises(InvalidValue):
        Reply(**wrong)


@pytest.mark.parametrize("wrong", [{"a": {1, 2}}, {"a": float("nan")}, object()])
def test_an_example_is_json_text_or_bytes(wrong: object) -> None:
    """Anything else is refused."""
    with pytest.raises(InvalidValue, match="an example reply"):
        Reply.of(wrong)


def test_no_variation_gives_the_example() -> None:
    """Byte for byte; only the headers every server sends are added."""
    reply = Reply.of(BODY)
    plain = vary(reply, Variation())
    assert plain.body == reply.body
    assert plain.headers == {
        "content-type": "application/json",
        "date": "Tue, 14 Nov 2023 22:13:20 GMT",
        "x-request-id": "5f0c1c1e9b7d4c60",
    }


@pytest.mark.parametrize(
    ("variation", "body"),
    [
        (Variation(ulps=2), '{"p": 1842.19, "d": "0.52", "n": 7}'),
        (Variation(ulps=-2), '{"p": 1842.15, "d": "0.48", "n": 7}'),
        (Variation(order=Order.REVERSED), '{"n": 7, "d": "0.50", "p": 1842.17}'),
        (Variation(order=Order.SORTED, space=Space.NONE), '{"d":"0.50","n":7,"p":1842.17}'),
        (Variation(space=Space.INDENTED), '{\n  "p": 1842.17,\n  "d": "0.50",\n  "n": 7\n}'),
        (Variation(digits=Digits.PADDED), '{"p": 1842.170, "d": "0.500", "n": 7}'),
        (Variation(digits=Digits.EXPONENT), '{"p": 1.84217e+3, "d": "0.50", "n": 7}'),
    ],
)
def test_each_variation_changes_one_thing(variation: Variation, body: str) -> None:
    """What it says, and nothing else; whole numbers stay."""
    assert vary(Reply.of({"p": 1842.17, "d": "0.50", "n": 7}), variation).body.decode() == body


def test_times_and_ids_differ_and_steady_fields_do_not() -> None:
    """Seconds, milliseconds, ISO 8601 and HTTP dates move by the same clock."""
    example = Reply(
        200, {"date": "Mon, 01 Jan 2024 00:00:00 GMT"},
        b'{"s":1700000000,"ms":1700000000000,"iso":"2024-01-01T00:00:00Z","id":"x","trace_id":"ab-1","fixed":"0.1"}',
    )  # fmt: skip
    varied = vary(example, Variation(ulps=1, seconds=5, request=1), steady=("fixed",))
    assert varied.headers["date"] == "Mon, 01 Jan 2024 00:00:05 GMT"
    plain = json.loads(varied.body)
    assert (plain["s"], plain["ms"], plain["iso"]) == (1_700_000_005, 1_700_000_005_000, "2024-01-01T00:00:05Z")
    assert plain["id"] == "x"
    assert plain["trace_id"] != "ab-1"
    assert plain["trace_id"][2] == "-"
    assert plain["fixed"] == "0.1"


@pytest.mark.parametrize(
    "body",
    [b"", b"plain", b"\xff\xfe", b'"text"', b"12.5", b"[" * 100_000, b"NaN", b'{"t":"2024-99-99T00:00:00Z"}',
     b'{"n":1e999999999,"m":1e-999999999}', b'{"t":"9999-12-31T23:59:59Z"}', b'{"a":"\\u00000\\u0000"}'],
)  # fmt: skip
@settings(max_examples=20, deadline=None)
@given(variation=variations())
def test_any_body_can_be_varied(body: bytes, variation: Variation) -> None:
    """Also what is no JSON, or hostile: no exception, and never much larger."""
    varied = vary(Reply(200, {"date": "no date"}, body), variation)
    assert len(varied.body) < 4 * len(body) + 100


@settings(max_examples=100, deadline=None)
@given(replies(BODY))
def test_a_varied_reply_means_the_same(reply: Reply) -> None:
    """The same names and whole numbers; fractions a few last digits apart; times within the clock's error."""
    plain = json.loads(reply.body, parse_float=Decimal)
    assert plain.keys() == BODY.keys()
    assert abs(plain["price"] - Decimal("1842.17")) <= Decimal("0.09")
    assert abs(Decimal(plain["amount"]) - Decimal("0.50")) <= Decimal("0.09")
    assert 0 <= plain["at"] - 1_700_000_000 <= 30
    assert plain["list"] == [{"a": None, "b": 1}]


@pytest.mark.parametrize("outage", Outage)
def test_no_outage_looks_like_an_answer(outage: Outage) -> None:
    """Another status, no answer, or a body that strict UTF-8 JSON does not take."""
    struck = strike(Reply.of(BODY), outage)
    assert struck.about == outage.value
    if not struck.error and struck.status == 200:
        with pytest.raises(ValueError):
            json.loads(struck.body.decode("utf-8"))


def test_a_rate_limit_says_when_to_come_back() -> None:
    """429 with Retry-After."""
    struck = strike(Reply.of(BODY), Outage.RATE_LIMITED)
    assert (struck.status, struck.headers["retry-after"]) == (429, "30")


@settings(max_examples=60, deadline=None)
@given(worlds({URL: BODY, "https://b/": "text"}, 7, failing=2))
def test_no_more_nodes_fail_than_may(every: tuple[dict[str, Reply], ...]) -> None:
    """Each of n nodes has a reply for every URL; at most `failing` meet an outage."""
    abouts = {outage.value for outage in Outage}
    assert [set(each) for each in every] == [{URL, "https://b/"}] * 7
    assert sum(any(reply.about in abouts for reply in each.values()) for each in every) <= 2


@settings(max_examples=20, deadline=None)
@given(replies_for(BODY, 3))
def test_replies_for_n_nodes_are_n(every: tuple[Reply, ...]) -> None:
    """One each."""
    assert len(every) == 3


@pytest.mark.parametrize(("n", "failing"), [(0, 0), (4, 5), (4, -1)])
def test_impossible_numbers_of_nodes_are_refused(n: int, failing: int) -> None:
    """Before anything is drawn."""
    with pytest.raises(InvalidValue):
        replies_for(BODY, n, failing=failing)


@given(st.integers(-9, 9))
def test_a_price_near_zero_stays_a_price(ulps: int) -> None:
    """No last digit makes a positive number negative."""
    plain = json.loads(vary(Reply.of({"p": 0.01}), Variation(ulps=ulps)).body)
    assert plain["p"] >= 0
