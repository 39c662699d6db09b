"""http in JavaScript: the wire format of docs/wire.md §5, and what becomes of every answer."""

import json
import struct

import pytest

from .harness import Answer, Guest, Run

IMPORT = "import { observe, identical, http } from 'executor';\n"


def message(head: dict, body: bytes = b"") -> bytes:
    text = json.dumps(head).encode()
    return struct.pack("<I", len(text)) + text + body


def many(*parts: tuple[int, bytes]) -> bytes:
    return struct.pack("<I", len(parts)) + b"".join(
        struct.pack("<BI", status, len(data)) + data for status, data in parts
    )


def parse(data: bytes) -> tuple[dict, bytes]:
    (size,) = struct.unpack_from("<I", data)
    return json.loads(data[4 : 4 + size]), data[4 + size :]


def look(quickjs: Guest, expression: str, answer: Answer) -> Run:
    """A function that observes what the expression shows, with one answer for every call."""
    source = f"{IMPORT}export default () => {{ observe(identical, () => {{ {expression} }}) }}"
    return quickjs.run(
        source, calls={"http.fetch": lambda _: answer, "http.fetch_many": lambda _: answer}, observing=True
    )


OK = message({"status": 200, "headers": {"content-type": "text/plain"}}, b"hello")


BYTES = "new Uint8Array([0, 255])"


@pytest.mark.parametrize(
    ("call", "head", "body"),
    [
        ("get('https://x/é')", {"method": "GET", "url": "https://x/é", "headers": {}}, b""),
        (
            "get('https://x', { headers: { accept: 'a' } })",
            {"method": "GET", "url": "https://x", "headers": {"accept": "a"}},
            b"",
        ),
        (
            "fetch('https://x', { method: 'POST', body: 'naïve' })",
            {"method": "POST", "url": "https://x", "headers": {}},
            "naïve".encode(),
        ),
        (
            f"fetch('https://x', {{ method: 'PUT', body: {BYTES} }})",
            {"method": "PUT", "url": "https://x", "headers": {}},
            b"\0\xff",
        ),
    ],
)
def test_request(quickjs: Guest, call: str, head: dict, body: bytes):
    """A request is length, head, body."""
    run = look(quickjs, f"return http.{call}.text()", (0, OK))
    assert (run.kind, run.output) == (0, b"hello")
    assert [(name, parse(data)) for name, data in run.calls] == [("http.fetch", (head, body))]


@pytest.mark.parametrize(
    ("show", "answer", "value"),
    [
        ("response.status", OK, b"200"),
        ("`${response.ok} ${response.error}`", OK, b"true null"),
        ("response.headers['content-type']", OK, b"text/plain"),
        ("response.bytes()", message({"status": 200, "headers": {}}, b"\0\xff"), b"\0\xff"),
        ("response.text()", message({"status": 200, "headers": {}}, b"a\xff"), "a�".encode()),
        ("response.json().list[1]", message({"status": 200, "headers": {}}, b'{"list": ["a", "b"]}'), b"b"),
        (
            "`${response.ok} ${response.status} ${response.text()}`",
            message({"status": 503, "headers": {}}, b"busy"),
            b"false 503 busy",
        ),
    ],
)
def test_response(quickjs: Guest, show: str, answer: bytes, value: bytes):
    """A response of any status is an answer; its body is bytes, text or JSON."""
    run = look(quickjs, f"const response = http.get('https://x/'); return {show}", (0, answer))
    assert (run.kind, run.output) == (0, value)


def test_a_refused_request_throws_its_code(quickjs: Guest):
    """The capability's code is the error's, and so the observation's if nobody catches it."""
    assert look(quickjs, "http.get('https://x/')", (1, b"host-not-granted")).output == b"host-not-granted"
    caught = look(
        quickjs,
        "try { http.get('https://x/') } catch (e) { return `${e.name} ${e.code} ${e.message}` }",
        (1, b"timeout"),
    )
    assert caught.text == "CapabilityError timeout http.fetch failed: timeout"


def test_a_body_that_is_not_json_is_an_error(quickjs: Guest):
    """What a server sends wrong is this node's error observation."""
    run = look(quickjs, "return http.get('https://x/').json()", (0, OK))
    assert (run.kind, run.output) == (1, b"threw")


def test_fetch_many(quickjs: Guest):
    """All requests in one call; answers in their order, failures in their places."""
    answer = many((0, OK), (1, b"timeout"), (0, message({"status": 404, "headers": {}}, b"none")))
    run = look(
        quickjs,
        "const all = http.fetchMany(['https://a/', { url: 'https://b/', method: 'POST', body: 'x' }, 'https://c/']);"
        "return all.map((r) => [r.status, r.ok, r.error?.code ?? r.text()].join(':')).join()",
        (0, answer),
    )
    assert run.text == "200:true:hello,0:false:timeout,404:false:none"
    ((name, data),) = run.calls
    (count,) = struct.unpack_from("<I", data)
    assert (name, count) == ("http.fetch_many", 3)
    (size,) = struct.unpack_from("<I", data, 4)
    assert parse(data[8 : 8 + size])[0]["url"] == "https://a/"


@pytest.mark.parametrize("read", ["text", "json", "bytes"])
def test_reading_a_failed_request_throws_its_code(quickjs: Guest, read: str):
    """A failure that is not looked for cannot pass as data."""
    run = look(quickjs, f"return http.fetchMany(['https://a/'])[0].{read}()", (0, many((1, b"too-large"))))
    assert (run.kind, run.output) == (1, b"too-large")


def test_fetch_many_of_nothing(quickjs: Guest):
    """An empty list is an empty list."""
    assert look(quickjs, "return String(http.fetchMany([]).length)", (0, many())).text == "0"


@pytest.mark.parametrize("answer", [b"", b"\1", b"\xff\xff\xff\xff{}", message({}, b"")[:-1], b"\0\0\0\0"])
def test_a_malformed_answer_is_an_error(quickjs: Guest, answer: bytes):
    """A message that is cut short ends as an error observation, nothing else."""
    run = look(quickjs, "return http.get('https://x/').text()", (0, answer))
    assert (run.ending, run.kind, run.output) == ("proposed", 1, b"threw")


@pytest.mark.parametrize(
    ("call", "error"),
    [
        ("http.get(5)", "a url must be a string, not number"),
        ("http.fetch('https://x/', { body: {} })", "a body must be a string or bytes, not an object (Object)"),
        ("http.fetch('https://x/', { timeout: 5 })", 'http has no option "timeout"'),
        ("http.fetchMany([{}])", "a url must be a string, not undefined"),
    ],
)
def test_misuse(quickjs: Guest, call: str, error: str):
    """Wrong arguments throw, and are logged, without any request."""
    run = look(quickjs, call, (0, OK))
    assert run.output == b"threw"
    assert run.calls == []
    assert error in run.logs[0][1]


@pytest.mark.parametrize("call", ["http.get('https://x/')", "http.fetch('https://x/')", "http.fetchMany([])"])
@pytest.mark.parametrize("transcript", [[], [(0, b"v")]])
def test_http_outside_observe_throws(quickjs: Guest, call: str, transcript: list[Answer]):
    """Looking at the world where nobody agrees on it is refused with a reason, before the host must trap it."""
    before = "observe(identical, () => '');" * len(transcript)
    run = quickjs.run(f"{IMPORT}export default () => {{ {before} {call} }}", transcript=transcript)
    assert run.ending == "failed"
    assert "works only inside observe" in run.text
    assert run.calls == []
