"""The function of IdentityGate in a committee: verdicts, nullifiers, and everything that must not become one."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from eth_abi.abi import decode, encode

from executor.cli._compile import compile_c
from executor.crypto.digests import keccak256, payload
from executor.model.function import Function
from executor.model.observation import Observation
from executor.model.outcome import Failed
from executor.projects import function_of, load_project
from executor.testing import Simulated, simulate
from executor.testing.replies import Reply

EXAMPLES = Path(__file__).parents[2] / "examples"
ACCOUNT, GATE = bytes(range(20)), bytes(20)  # a simulated request has no consumer
POLICY = bytes(keccak256(b"of-age"))
URL = "http://identity.test/v1/person"
SECRETS = {"PROVIDER_KEY": b"marker-7f3a", "NULLIFIER_KEY": bytes(range(64, 96))}
TEXT = {
    "account": "0x" + ACCOUNT.hex(),
    "document": "X1234567",
    "gate": "0x" + GATE.hex(),
    "policy": "0x" + POLICY.hex(),
}
OF_AGE = {"number": "19900131-1234", "of_age": True}
WORDS = ["address", "bytes32", "bool", "uint64", "bytes32"]


@pytest.fixture(scope="module", params=["identity_gate", "identity_gate_c"])
def gate(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Function:
    """The example, in JavaScript and in C."""
    project = load_project(EXAMPLES / request.param)
    if not project.is_compiled:
        return function_of(project)
    out = tmp_path_factory.mktemp("gate") / "gate.wasm"
    compile_c(project.source_path, out)
    return Function(out.read_bytes(), project.manifest.terms)


def asked(
    gate: Function,
    text: dict[str, Any] | bytes = TEXT,
    *,
    reply: object = OF_AGE,
    secrets: dict[str, bytes] = SECRETS,
    account: bytes = ACCOUNT,
    policy: bytes = POLICY,
) -> Simulated:
    envelope = b"\0" + (text if isinstance(text, bytes) else json.dumps(text).encode())
    input = encode(["address", "bytes32", "bytes"], [account, policy, envelope])
    return simulate(gate, input=input, replies={URL: reply}, secrets=secrets)


def attested(done: Simulated) -> bytes:
    assert done.outcome is not None, done.verdict()
    return payload(done.outcome)


def told(done: Simulated) -> str:
    """A failure's words, without the place in the source that JavaScript adds."""
    assert isinstance(done.outcome, Failed), done.verdict()
    return attested(done).decode().partition(" (function.js")[0]


def output(done: Simulated) -> tuple[Any, ...]:
    return tuple(decode(WORDS, attested(done)))


def test_a_person_of_age_gets_a_verdict_and_a_nullifier(gate: Function) -> None:
    """The nullifier is a keyed hash of policy and person, and nothing else of the person leaves."""
    done = asked(gate)
    account, policy, verdict, expires, nullifier = output(done)
    assert (bytes.fromhex(account[2:]), policy, verdict) == (ACCOUNT, POLICY, True)
    assert expires == 1_700_000_000 + 90 * 86_400
    assert nullifier == keccak256(SECRETS["NULLIFIER_KEY"] + POLICY + OF_AGE["number"].encode())


def test_another_account_of_the_same_person_has_the_same_nullifier(gate: Function) -> None:
    """And under another key it would be another person."""
    other = bytes(range(1, 21))
    second = asked(gate, TEXT | {"account": "0x" + other.hex()}, account=other)
    assert output(second)[4] == output(asked(gate))[4]
    rekeyed = asked(gate, secrets=SECRETS | {"NULLIFIER_KEY": bytes(32)})
    assert output(rekeyed)[4] != output(asked(gate))[4]


def test_a_person_who_is_not_gets_a_denial(gate: Function) -> None:
    """Without expiry and nullifier."""
    assert output(asked(gate, reply={"number": "20200131-1234", "of_age": False}))[2:] == (False, 0, bytes(32))
    assert output(asked(gate, reply={"number": "20200131-1234", "of_age": "true, they say"}))[2] is False


@pytest.mark.parametrize(
    ("changed", "code"),
    [
        ({"text": TEXT | {"account": "0x" + bytes(20).hex()}}, "other-request"),  # a copy of somebody's envelope
        ({"text": TEXT | {"gate": "0x" + bytes(range(20)).hex()}}, "other-request"),
        ({"text": TEXT | {"policy": "0x" + bytes(32).hex()}}, "other-request"),
        ({"text": b"not JSON"}, "other-request"),
        ({"text": TEXT | {"document": 'X"'}}, "bad-document"),
        ({"text": {name: value for name, value in TEXT.items() if name != "document"}}, "bad-document"),
        ({"reply": Reply(403, {}, b"{}")}, "http-status"),
        ({"reply": {"of_age": True}}, "bad-answer"),
        ({"secrets": {"PROVIDER_KEY": b"key"}}, "secret-missing"),
        ({"secrets": {"NULLIFIER_KEY": bytes(32)}}, "secret-missing"),
        ({"secrets": SECRETS | {"NULLIFIER_KEY": b"short"}}, "bad-secret"),
        ({"secrets": SECRETS | {"PROVIDER_KEY": b'a"b'}}, "bad-secret"),
    ],
)
def test_whatever_is_wrong_is_an_error_of_constant_words(gate: Function, changed: dict[str, Any], code: str) -> None:
    """The gate changes nothing then; what stands in the delivery is the same for all of them."""
    done = asked(gate, **changed)
    assert {seen for slot in done.slots for seen in slot.seen.values()} == {Observation.error(code)}
    assert told(done) in ("no verdict", "Error: no verdict")


@pytest.mark.parametrize("size", [0, 31, 100, 127, 140])
def test_an_input_that_is_cut_short_fails(gate: Function, size: int) -> None:
    """Before anything is looked at."""
    input = encode(["address", "bytes32", "bytes"], [ACCOUNT, POLICY, b"\0" + json.dumps(TEXT).encode()])[:size]
    done = simulate(gate, input=input, secrets=SECRETS)
    assert told(done) == "the input is too short" or told(done).startswith("RangeError: ")


def test_another_policy_is_refused(gate: Function) -> None:
    """This function knows one."""
    done = asked(gate, TEXT | {"policy": "0x" + bytes(32).hex()}, policy=bytes(32))
    assert told(done) in ("another policy", "Error: another policy")
