"""`Functions.makeHttpRequest` and `fetch` for sources of Chainlink Functions: what is sent, and what answers become."""

import json
from typing import Any

import pytest

from executor.cli._chainlink import OwnerTerms

from .functions_requests import Committee, Web
from .harness import Guest

URL = "https://api.test/price"
JSON = {"content-type": "application/json"}
SHOW = "return Functions.encodeString(JSON.stringify(r))"


@pytest.fixture
def committee(quickjs: Guest) -> Committee:
    """One page; terms with long responses, to show whole objects."""
    web = Web({URL: (200, JSON, b'{"usd": 1.5}')})
    return Committee(quickjs, OwnerTerms("test", return_bytes=4_096), web)


def shown(committee: Committee, source: str) -> Any:
    """What a source returned as JSON."""
    ending, output = committee.ask(source)
    assert ending == "returned", output
    return json.loads(output)


def asked(committee: Committee, options: str) -> tuple[dict[str, Any], bytes]:
    """The one request that came of these options, written at the URL."""
    committee.ask(f"await Functions.makeHttpRequest({{ {options} }})")
    (((plain, body),),) = committee.web.asked
    return plain, body


def test_a_response_has_chainlinks_shape(committee: Committee) -> None:
    """data, status, statusText, headers, and error false."""
    assert shown(committee, f"const r = await Functions.makeHttpRequest({{ url: '{URL}' }}); {SHOW}") == {
        "error": False, "status": 200, "statusText": "OK", "headers": JSON, "data": {"usd": 1.5},
    }  # fmt: skip
    assert committee.web.asked == [[({"method": "GET", "url": URL, "headers": {}}, b"")]]


@pytest.mark.parametrize(
    ("kind", "shows", "data"),
    [
        ("text", "r.data", '{"usd": 1.5}'),
        ("document", "r.data", '{"usd": 1.5}'),
        ("arraybuffer", "[r.data instanceof ArrayBuffer, r.data.byteLength]", [True, 12]),
        ("json", "r.data.usd", 1.5),
    ],
)
def test_response_types(committee: Committee, kind: str, shows: str, data: object) -> None:
    """As asked for."""
    ask = f"const r = await Functions.makeHttpRequest({{ url: '{URL}', responseType: '{kind}' }});"
    assert shown(committee, f"{ask} return Functions.encodeString(JSON.stringify({shows}))") == data


def test_a_status_from_400_on_is_an_error_with_the_response(committee: Committee) -> None:
    """message, code and what the server sent, also where that is no JSON."""
    committee.web.pages[URL] = (404, {"x": "1"}, b'{"why": "gone"}')
    committee.web.pages["https://api.test/text"] = (503, {}, b"busy")
    ask = f"const r = await Functions.makeHttpRequest({{ url: '{URL}' }});"
    got = shown(committee, f"{ask} {SHOW}")
    assert (got["error"], got["message"], got["code"]) == (True, "Not Found", "404")
    assert got["response"] | {"data": {"why": "gone"}, "status": 404, "statusText": "Not Found"} == got["response"]
    show = SHOW.replace("(r)", "([await r.response.json(), r.response.headers.get('X')])")
    assert shown(committee, f"{ask} {show}") == [{"why": "gone"}, "1"]
    other = shown(committee, f"{ask.replace(URL, 'https://api.test/text')} {SHOW}")
    assert (other["message"], other["response"]["data"]) == ("Service Unavailable", "busy")


@pytest.mark.parametrize("code", ["http-timeout", "http-connect", "http-host-not-allowed", "http-method-not-allowed"])
def test_what_gets_no_answer_is_an_error_with_the_nodes_code(committee: Committee, code: str) -> None:
    """And the source goes on."""
    committee.web.pages[URL] = code
    got = shown(committee, f"const r = await Functions.makeHttpRequest({{ url: '{URL}' }}); {SHOW}")
    assert got == {"error": True, "message": code, "code": code}


def test_what_is_no_json_and_what_is_no_response_type_are_errors(committee: Committee) -> None:
    """With the reason as message."""
    committee.web.pages[URL] = (200, {}, b"<html>")
    got = shown(committee, f"const r = await Functions.makeHttpRequest({{ url: '{URL}' }}); {SHOW}")
    assert got["error"] is True
    assert got["message"].startswith("SyntaxError: ")
    stream = shown(
        committee, f"const r = await Functions.makeHttpRequest({{ url: '{URL}', responseType: 'stream' }}); {SHOW}"
    )
    assert stream["message"] == "Error: invalid response type stream: use json, text, document or arraybuffer"


def test_params_headers_and_data_are_sent(committee: Committee) -> None:
    """As a form in the URL, as text, and as JSON; what belongs to the connection is the node's."""
    plain, body = asked(
        committee,
        f"url: '{URL}', method: 'post', params: {{ q: 'a b&é~', n: 1 }}, data: {{ a: [1] }}, "
        "headers: { 'X-Key': 5, Host: 'x', 'Accept-Encoding': 'br', 'Content-Type': 'application/json' }",
    )
    assert plain["url"] == f"{URL}?q=a+b%26%C3%A9%7E&n=1"
    assert plain["method"] == "POST"
    assert plain["headers"] == {"content-type": "application/json", "x-key": "5"}
    assert body == b'{"a":[1]}'


def test_urls_are_written_as_a_browser_writes_them(committee: Committee) -> None:
    """Spaces are escaped, and data without a content type is text."""
    plain, _ = asked(committee, "url: ' https://api.test/a b ', method: 'PUT', data: { a: 1 }")
    assert plain["url"] == "https://api.test/a%20b"
    assert plain["headers"] == {"content-type": "text/plain;charset=UTF-8"}


def test_requests_made_before_anything_is_awaited_go_out_together(committee: Committee) -> None:
    """Each gets its own answer; what is awaited first goes first."""
    committee.web.pages["https://api.test/2"] = (200, JSON, b"2")
    source = f"""
        const get = async (url) => {{
          const r = await Functions.makeHttpRequest({{ url }});
          return r.error ? r.code : r.data;
        }};
        const three = await Promise.all([get('{URL}'), get('https://api.test/2'), get('https://down.test')]);
        const r = [...three, await get('https://api.test/2')];
        {SHOW}"""
    assert shown(committee, source) == [{"usd": 1.5}, 2, "http-connect", 2]
    assert [len(call) for call in committee.web.asked] == [3, 1]


@pytest.mark.parametrize(
    ("options", "code", "message", "error"),
    [
        (
            "url: `https://api.test/${'x'.repeat(2048)}`",
            *("414", "URI Too Long", "Destination URL exceeds maximum length of 2048"),
        ),
        (
            f"url: '{URL}', method: 'POST', data: {{ a: 'x'.repeat(30720) }}",
            *("413", "Payload Too Large", "Request payload size exceeds 30720 byte limit"),
        ),
    ],
)
def test_chainlinks_limits_of_a_request_are_kept(
    committee: Committee, options: str, code: str, message: str, error: str
) -> None:
    """As their proxy tells them; nothing is sent."""
    got = shown(committee, f"const r = await Functions.makeHttpRequest({{ {options} }}); {SHOW}")
    assert (got["code"], got["message"], got["response"]["data"]) == (code, message, {"error": error})
    assert committee.web.asked == []


def test_the_sixth_request_is_refused_unless_the_owner_says_so(committee: Committee) -> None:
    """Five, as at Chainlink."""
    source = f"""
        const r = [];
        for (let i = 0; i < 7; i++) r.push((await Functions.makeHttpRequest({{ url: '{URL}' }})).code ?? 'ok');
        {SHOW}"""
    assert shown(committee, source) == ["ok"] * 5 + ["429"] * 2
    lifted = Committee(committee.quickjs, OwnerTerms("test", requests=7), committee.web)
    assert shown(lifted, source) == ["ok"] * 7


def test_fetch_is_there_too(committee: Committee) -> None:
    """Sources called Deno's own."""
    source = f"""
        const r = await fetch('{URL}', {{ headers: [['A', 'b']] }});
        const parts = [r.ok, r.status, r.headers.get('Content-Type'), (await r.json()).usd];
        return Functions.encodeString(parts.join(' '))"""
    assert committee.ask(source) == ("returned", b"true 200 application/json 1.5")
    assert committee.web.asked[0][0][0]["headers"] == {"a": "b"}
    assert committee.ask(f"await fetch('{URL}', {{ body: 'x' }})") == ("failed", b"a GET request has no body")
    down = committee.ask("await fetch('https://down.test')")
    assert down == ("failed", b"http.fetch_many failed: http-connect")
