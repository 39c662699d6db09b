"""Deny by default: what the manifest does not grant has no answer."""

from http_servers import Servers, http_bytes

from executor.capabilities import BlockingCapabilities, HttpSettings, granted_capabilities
from executor.capabilities.framing import HttpRequest, decode_response, encode_request, encode_requests
from executor.model.manifest import Terms, parse_terms
from executor.vm.capabilities import Answer, Refusal

GRANTED = parse_terms({"capabilities": {"http": {"hosts": ["http://exchange-a.test"]}}})
FETCH = encode_request(HttpRequest("http://exchange-a.test/"))


async def test_nothing_is_granted_unless_written() -> None:
    """No section, no answer; no such capability, no answer."""
    assert await granted_capabilities(Terms()).call("http.fetch", FETCH) == Refusal("not-granted")
    assert await granted_capabilities(GRANTED).call("secrets.get", b"KEY") == Refusal("not-granted")
    assert await granted_capabilities(GRANTED).call("", b"") == Refusal("not-granted")


async def test_a_grant_answers_or_refuses_with_a_code(servers: Servers) -> None:
    """An answer carries the message, a refusal its code, and neither raises."""
    port = await servers.start(http_bytes(b"ok"))
    node = granted_capabilities(GRANTED, HttpSettings(overrides={"exchange-a.test": f"127.0.0.1:{port}"}))
    answer = await node.call("http.fetch", FETCH)
    assert isinstance(answer, Answer)
    assert decode_response(answer.data)[2] == b"ok"
    assert await node.call("http.fetch", b"") == Refusal("http-bad-request")
    assert await node.call("http.other", b"") == Refusal("unknown-operation")


async def test_answers_together_stay_under_the_profile(servers: Servers) -> None:
    """Ten bodies of 1 MiB are each allowed and together too large for one call's response."""
    port = await servers.start(http_bytes(bytes(1_000_000)))
    node = granted_capabilities(GRANTED, HttpSettings(overrides={"exchange-a.test": f"127.0.0.1:{port}"}))
    assert await node.call("http.fetch_many", encode_requests([FETCH] * 10)) == Refusal("http-too-large")


def test_the_blocking_form_answers_the_same() -> None:
    """`vm.observe` gets its responses synchronously."""
    blocking = BlockingCapabilities(granted_capabilities(Terms()))
    assert blocking.call("http.fetch", FETCH) == Refusal("not-granted")
