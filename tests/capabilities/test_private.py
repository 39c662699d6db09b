"""secrets@1 and private inputs as guests meet them: only in observe mode, only what is granted, told by code alone."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Coroutine

import pytest
from vm.guests import data, observing, program, request

from executor.capabilities import GivenPrivateData, HttpSettings, granted_capabilities
from executor.errors import HostFault
from executor.model.codec import encode_json
from executor.model.manifest import Terms
from executor.model.observation import Kind, Observation
from executor.model.outcome import Awaiting, TrapCode, Trapped
from executor.model.request import Request
from executor.testing.replies import RepliedCapabilities, Reply, world
from executor.vm import Answer, Diagnostics, Refusal, Response, execute, observe

IDENTICAL = b'{"aggregate":"identical"}'
GRANTS: dict[str, object] = {
    "http": {"hosts": ["http://api.test"]},
    "secrets": {"names": ["API_KEY"]},
    "private_input": {},
}
TERMS = Terms.model_validate({"capabilities": GRANTS})
MARKER = b"marker-7f3a"
LOCAL = GivenPrivateData({"API_KEY": MARKER, "OTHER": b"never granted"})


def asking(operation: bytes, argument: bytes) -> tuple[str, str]:
    """(run, before) of a guest that asks in observe mode, and proposes what it is answered, an error as one."""
    call = f"(call $call (i32.const 256) (i32.const {len(operation)}) (i32.const 512) (i32.const {len(argument)}))"
    inside = f"""
      (local.set $n {call})
      (call $read (i32.const 2048))
      (call $propose (i32.wrap_i64 (i64.shr_u (local.get $n) (i64.const 32))) (i32.const 2048)
        (i32.wrap_i64 (local.get $n)))"""
    run, before = observing(IDENTICAL, inside)
    return run, before + data(256, operation) + data(512, argument)


def seen(operation: bytes, argument: bytes, *, input: bytes = b"", grants: dict[str, object] = GRANTS) -> Observation:
    run, before = asking(operation, argument)
    target = program(run, before=before, grants=grants)
    return observe(
        target,
        request(target, input),
        (),
        RepliedCapabilities(target.function.terms, {}, LOCAL, request=request(target, input)),
    )


def test_a_granted_secret_is_read_in_observe_mode() -> None:
    """And a name that is not listed, or is none, is refused, also where a value is at hand."""
    assert seen(b"secrets.get", b"API_KEY") == Observation(Kind.VALUE, MARKER)
    assert seen(b"secrets.get", b"OTHER") == Observation.error("secret-not-granted")
    assert seen(b"secrets.get", b"api_key") == Observation.error("secret-bad-name")
    assert seen(b"secrets.get", b"") == Observation.error("secret-bad-name")
    assert seen(b"secrets.get", b"A" * 65) == Observation.error("secret-bad-name")
    assert seen(b"secrets.get", b"API_KEY", grants={}) == Observation.error("not-granted")


def test_an_envelope_is_opened_in_observe_mode_when_it_is_part_of_the_input() -> None:
    """Locally the open form, a zero byte and the text; sealed ones only nodes open."""
    envelope = b"\0" + MARKER
    around = b"head" + envelope + b"tail"
    assert seen(b"input.private", envelope, input=around) == Observation(Kind.VALUE, MARKER)
    assert seen(b"input.private", envelope, input=b"head") == Observation.error("input-not-part")
    assert seen(b"input.private", b"", input=around) == Observation.error("input-not-part")
    assert seen(b"input.private", b"head", input=around) == Observation.error("input-unreadable")
    assert seen(b"input.private", envelope, input=around, grants={}) == Observation.error("not-granted")


@pytest.mark.parametrize(("operation", "argument"), [(b"secrets.get", b"API_KEY"), (b"input.private", b"\0x")])
def test_agreed_mode_has_neither(operation: bytes, argument: bytes) -> None:
    """D13: what is attested can be replayed without any secret, by anybody."""
    call = (
        f"(drop (call $call (i32.const 256) (i32.const {len(operation)}) (i32.const 512) (i32.const {len(argument)})))"
    )
    target = program(call + "(i64.const 0)", before=data(256, operation) + data(512, argument), grants=GRANTS)
    diagnostics = Diagnostics()
    ended = execute(target, request(target, argument), diagnostics=diagnostics)
    assert isinstance(ended, Trapped)
    assert ended.code is TrapCode.ABI
    assert "wrap it in observe" in diagnostics.message
    run, before = asking(operation, argument)
    awaiting = program(run, before=before, grants=GRANTS)
    assert isinstance(execute(awaiting, request(awaiting)), Awaiting)


async def test_the_nodes_own_capabilities_answer_alike() -> None:
    """The asynchronous twins of the same rules."""
    asked = Request.local(program().function_id, b"\0" + MARKER)
    node = granted_capabilities(TERMS, private=LOCAL, request=asked)
    for operation, argument, expected in [
        ("secrets.get", b"API_KEY", Answer(MARKER)),
        ("secrets.get", b"OTHER", Refusal("secret-not-granted")),
        ("secrets.get", b"\xff", Refusal("secret-bad-name")),
        ("input.private", b"\0" + MARKER, Answer(MARKER)),
        ("input.private", b"\0other", Refusal("input-not-part")),
    ]:
        assert await node.call(operation, argument) == expected
    unasked = granted_capabilities(TERMS, request=asked)
    assert await unasked.call("secrets.get", b"API_KEY") == Refusal("secret-missing")
    assert await granted_capabilities(Terms(), private=LOCAL).call("secrets.get", b"API_KEY") == Refusal("not-granted")


class Down:
    """Private data behind a signer that does not answer."""

    async def secret(self, name: str) -> bytes:
        raise HostFault("the signer opens nothing now")

    async def input(self, envelope: bytes) -> bytes:
        raise HostFault("the signer opens nothing now")


async def test_a_fault_of_this_machine_is_no_answer() -> None:
    """Which would be signed as an observation."""
    with pytest.raises(HostFault):
        await granted_capabilities(TERMS, private=Down()).call("secrets.get", b"API_KEY")


def test_logs_tell_codes_and_not_what_was_asked(caplog: pytest.LogCaptureFixture) -> None:
    """A guest may put what it read into a URL, a header, or a name."""
    caplog.set_level(logging.DEBUG)
    text = MARKER.decode()

    def asked(terms: Terms, operation: str, argument: bytes) -> Response:
        node = granted_capabilities(terms, HttpSettings(timeout_s=0.5), private=LOCAL)
        return run(node.call(operation, argument))

    urls = [
        f"http://api.test:9/{text}",
        f"http://{text}.test/",
        f"http://api.test\n/{text}",
        f"http://user:{text}@api.test/",
    ]
    for url in urls:
        head = encode_json({"method": "GET", "url": url, "headers": {"authorization": f"Bearer\n{text}"}})
        message = len(head).to_bytes(4, "little") + head
        assert isinstance(asked(TERMS, "http.fetch", message), Refusal)
    assert asked(TERMS, "secrets.get", text.upper().replace("-", "_").encode()) == Refusal("secret-not-granted")
    assert asked(TERMS, "secrets.get", text.encode()) == Refusal("secret-bad-name")
    assert caplog.records
    assert text not in caplog.text.lower().replace("_", "-")

    caplog.clear()
    public = Terms.model_validate({"capabilities": {"http": GRANTS["http"]}})
    head = encode_json({"method": "GET", "url": urls[1], "headers": {}})
    asked(public, "http.fetch", len(head).to_bytes(4, "little") + head)
    assert text in caplog.text  # the search finds what is there


def run(call: Coroutine[object, None, Response]) -> Response:
    return asyncio.run(call)  # type: ignore[arg-type]


def test_a_simulated_world_has_made_up_secrets_unless_it_is_given_real_ones() -> None:
    """So that a function with secrets can be checked by whoever has none."""
    replies = world({"http://api.test/": Reply(200, {}, b"body")})
    assert RepliedCapabilities(TERMS, replies).call("secrets.get", b"API_KEY") == Answer(b"made-up-API_KEY")
    assert RepliedCapabilities(TERMS, replies, LOCAL).call("secrets.get", b"API_KEY") == Answer(MARKER)
    assert RepliedCapabilities(Terms(), replies, LOCAL).call("secrets.get", b"API_KEY") == Refusal("not-granted")
