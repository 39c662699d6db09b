"""http@1 messages: what is malformed is refused by name."""

import json
from contextlib import suppress

import pytest
from hypothesis import given
from hypothesis import strategies as st

from executor.capabilities.errors import CallRefused
from executor.capabilities.framing import (
    HttpRequest,
    decode_request,
    decode_requests,
    decode_response,
    encode_request,
    encode_requests,
    encode_response,
    encode_responses,
)


def message(head: object, body: bytes = b"") -> bytes:
    """A message with any head."""
    data = head if isinstance(head, bytes) else json.dumps(head).encode()
    return len(data).to_bytes(4, "little") + data + body


@given(st.binary(), st.sampled_from(["GET", "POST"]), st.dictionaries(st.sampled_from(["accept", "x-a"]), st.just("1")))
def test_requests_survive_the_wire(body: bytes, method: str, headers: dict[str, str]) -> None:
    """Decoding an encoded request gives it back."""
    request = HttpRequest("https://example.com/", method, headers, body)
    assert decode_request(encode_request(request)) == request


def test_method_and_headers_are_optional() -> None:
    """A head with a url alone is a GET."""
    assert decode_request(message({"url": "https://a.example/"})) == HttpRequest("https://a.example/")


@pytest.mark.parametrize(
    ("data", "named"),
    [
        (b"", "ends inside a length"),
        (b"\x01\x00", "ends inside a length"),
        (b"\xff\xff\xff\xff", "length 4294967295"),
        (b"\x05\x00\x00\x00{}", "length 5"),
        (message(b"{"), "not JSON"),
        (message(b"\xff"), "not JSON"),
        (message(b"[" * 30_000), "not JSON"),
        (message(b'{"url":"https://a/","url":"https://b/"}'), "appears twice"),
        (message([]), "not an object"),
        (message({"url": "https://a/", "timeout": 1}), "unknown field 'timeout'"),
        (message({}), "url is a string"),
        (message({"url": 1}), "url is a string"),
        (message({"url": "https://a/\nb"}), "url is a string"),
        (message({"url": "https://a\\@b/"}), "url is a string"),
        (message({"url": "https://" + "a" * 9_000}), "url is a string"),
        (message({"url": "https://a/", "method": 1}), "method is a string"),
        (message({"url": "https://a/", "headers": []}), "headers is an object"),
        (message({"url": "https://a/", "headers": {str(i): "" for i in range(65)}}), "headers is an object"),
        (message({"url": "https://a/", "headers": {"Host": "b"}}), "'Host'"),
        (message({"url": "https://a/", "headers": {"a b": "c"}}), "'a b'"),
        (message({"url": "https://a/", "headers": {"a": "b\r\nc: d"}}), "'a'"),
        (message({"url": "https://a/", "headers": {"a": 1}}), "'a'"),
        (message({"url": "https://a/", "headers": {"a": "", "A": ""}}), "'a' appears twice"),
        (message({"url": "https://a/", "headers": {"a": "b" * 16_384}}), "16384"),
    ],
)
def test_malformed_requests_are_refused_by_name(data: bytes, named: str) -> None:
    """The detail says what is wrong; the guest gets one code."""
    with pytest.raises(CallRefused, match="http-bad-request") as caught:
        decode_request(data)
    assert named in caught.value.detail


@given(st.binary(max_size=200))
def test_no_bytes_make_the_decoder_fail_otherwise(data: bytes) -> None:
    """Whatever a guest sends, the decoder answers or refuses."""
    for decode in (decode_request, lambda data: decode_requests(data, limit=10)):
        with suppress(CallRefused):
            decode(data)


def test_lists_are_read_exactly() -> None:
    """A list ends where its last message ends."""
    data = encode_requests([b"one", b"", b"three"])
    assert decode_requests(data, limit=3) == [b"one", b"", b"three"]
    for wrong in (data + b"x", data[:-1], b"\x01\x00\x00\x00"):
        with pytest.raises(CallRefused, match="http-bad-request"):
            decode_requests(wrong, limit=3)
    with pytest.raises(CallRefused, match="http-too-many"):
        decode_requests(data, limit=2)


def test_answers_of_a_list_say_which_failed() -> None:
    """docs/wire.md §5: status 0 and a message, or status 1 and a code."""
    response = encode_response(200, {"a": "b"}, b"body")
    assert decode_response(response) == (200, {"a": "b"}, b"body")
    framed = encode_responses([response, CallRefused("http-timeout", "slow")])
    size = len(response).to_bytes(4, "little")
    assert framed == b"\x02\0\0\0" + b"\0" + size + response + b"\1" + b"\x0c\0\0\0" + b"http-timeout"
