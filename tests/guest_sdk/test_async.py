"""async and await: calls answer at once, and awaiting what they answer is as good as not to."""

import json

import pytest

from .harness import Answer, Guest, Run

HEAD = "import { observe, median, identical, http, log, random } from 'executor';\n"
URL = "'https://a.example/'"
VALUE = (0, b"12.5")


def answered(request: bytes) -> Answer:
    """A server that answers with the length of the path."""
    size = int.from_bytes(request[:4], "little")
    url = json.loads(request[4 : 4 + size])["url"]
    if "fails" in url:
        return 1, b"http-timeout"
    head = json.dumps({"status": 200, "headers": {}}).encode()
    return 0, len(head).to_bytes(4, "little") + head + json.dumps({"price": len(url)}).encode()


def run(quickjs: Guest, body: str, **options) -> Run:
    """An async function with this body."""
    source = f"{HEAD}export default async function (input) {{ {body} }}"
    return quickjs.run(source, calls={"http.fetch": answered}, **options)


LOOKS = [
    f"() => http.get({URL}).json().price",
    f"async () => (await http.get({URL})).json().price",
    f"async () => (await (await http.fetch({URL})).json()).price",
    f"async () => {{ const reply = await http.get({URL}); await null; return (await reply.json()).price }}",
    f"() => Promise.resolve(http.get({URL})).then((reply) => reply.json()).then((json) => json.price)",
    f"async () => {{ for await (const reply of [http.get({URL})]) return reply.json().price }}",
    f"async () => (await Promise.all([{URL}, {URL} + 'x'].map((url) => http.get(url)))).at(0).json().price",
    f"async () => {{ const get = async (url) => (await http.get(url)).json().price; "
    f"const [a] = await Promise.all([get({URL}), get({URL} + 'xyz')]); return a }}",
    f"async () => {{ try {{ return (await http.get('https://a.example/fails')).json() }} "
    f"catch (error) {{ return (await http.get({URL})).json().price }} }}",
    f"async () => Promise.any([Promise.reject(1), (async () => http.get({URL}).json().price)()])",
    f"async () => (await Promise.allSettled([http.get({URL})]))[0].value.json().price",
]


@pytest.mark.parametrize("call", ["observe(median, {look})", "await observe(median, {look})"])
@pytest.mark.parametrize("look", LOOKS)
def test_looks_observe_the_same_awaited_or_not(quickjs: Guest, call: str, look: str):
    """Every way to write it proposes the price, and over the agreed value returns it, with the same spec."""
    body = f"const price = {call.format(look=look)}; return String(price)"
    looked = run(quickjs, body, observing=True)
    assert (looked.ending, looked.kind, looked.output) == ("proposed", 0, b"18")
    agreed = run(quickjs, body, transcript=[VALUE])
    assert (agreed.ending, agreed.text, agreed.specs) == ("returned", "12.5", [b'{"aggregate":"median"}'])


@pytest.mark.parametrize(
    ("look", "code"),
    [
        ("async () => { throw { code: 'closed' } }", b"closed"),
        ("async () => { await 0; throw new Error('x') }", b"threw"),
        ("async () => (await http.get('https://a.example/fails')).json()", b"http-timeout"),
        ("async () => (await Promise.all([http.get('https://a.example/'), http.get('https://a.example/fails')]))[0]",
         b"http-timeout"),
        ("() => new Promise(() => {})", b"never-settles"),
        ("async () => { await new Promise(() => {}) }", b"never-settles"),
        ("async () => Promise.race([])", b"never-settles"),
        ("async () => 'no number'", b"bad-value"),
        ("async () => { await observe(median, () => 1) }", b"nested-observe"),
        ("() => observe(median, () => 1)", b"nested-observe"),
    ],
)  # fmt: skip
def test_errors_of_async_looks_are_observed(quickjs: Guest, look: str, code: bytes):
    """As those of plain ones, by their code."""
    looked = run(quickjs, f"await observe(median, {look})", observing=True)
    assert (looked.ending, looked.kind, looked.output) == ("proposed", 1, code)


@pytest.mark.parametrize(
    "body",
    [
        "const [a, b] = await Promise.all([observe(median, LOOK), observe(median, LOOK)]); return `${a} ${b}`",
        "const look = async () => observe(median, LOOK);"
        " const [a, b] = await Promise.all([look(), look()]); return `${a} ${b}`",
        "const look = async () => { await null; return observe(median, LOOK) };"
        " const [a, b] = await Promise.all([look(), look()]); return `${a} ${b}`",
        "const all = []; for await (const look of [LOOK, LOOK]) all.push(await observe(median, look));"
        " return all.join(' ')",
    ],
)
@pytest.mark.parametrize("look", [LOOKS[0], LOOKS[1]])
def test_observations_side_by_side_come_one_after_the_other(quickjs: Guest, body: str, look: str):
    """Each has a slot of its own, in the order of the code, in runs that look and in agreed ones."""
    body = body.replace("LOOK", look)
    for slots in ([], [(0, b"1")]):
        looked = run(quickjs, body, observing=True, transcript=slots)
        assert (looked.ending, looked.kind, looked.output, len(looked.specs)) == ("proposed", 0, b"18", len(slots) + 1)
    agreed = run(quickjs, body, transcript=[(0, b"1"), (0, b"2")])
    assert (agreed.ending, agreed.text) == ("returned", "1 2")


@pytest.mark.parametrize(
    ("body", "error"),
    [
        ("await observe(median, LOOK); await new Promise(() => {})",
         "Error: the function returned a promise that never settles"),
        ("await observe(median, LOOK); await Promise.reject(new RangeError('late'))", "RangeError: late (function.js:"),
        ("const lost = (async () => { throw new Error('lost') })(); await observe(median, LOOK); return 'x'",
         "Error: lost (function.js:"),
        ("await Promise.all([1, Promise.reject(new TypeError('one of them'))])",
         "TypeError: one of them (function.js:"),
        ("await http.get('https://a.example/')", "TypeError: http.fetch works only inside observe"),
    ],
)  # fmt: skip
def test_what_goes_wrong_after_an_await_fails_the_run(quickjs: Guest, body: str, error: str):
    """With the user's line, or the reason why nothing came of it."""
    done = run(quickjs, body.replace("LOOK", LOOKS[1]), transcript=[VALUE])
    assert done.ending == "failed"
    assert done.text.startswith(error)


def test_an_agreed_error_is_thrown_where_it_is_awaited(quickjs: Guest):
    """try and catch round an await."""
    body = f"try {{ await observe(median, {LOOKS[1]}) }} catch (error) {{ return error.code }}"
    assert run(quickjs, body, transcript=[(1, b"http-timeout")]).text == "http-timeout"


def test_a_rejection_handled_later_is_no_error(quickjs: Guest):
    """As in browsers: what counts is whether anybody handled it in the end."""
    late = "const late = (async () => { throw new Error('x') })()"
    body = f"{late}; await observe(median, {LOOKS[1]}); return late.catch(() => 'handled')"
    assert run(quickjs, body, transcript=[VALUE]).text == "handled"
