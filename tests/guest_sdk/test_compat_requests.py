"""The CBOR of Chainlink Functions requests, read strictly, and the owner's terms."""

import json

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from executor.cli._chainlink import OwnerTerms, request_of
from executor.crypto.digests import keccak256

from .functions_requests import DON_HOSTED, REMOTE, Committee, encoded, head, listed, number, raw, text
from .harness import Guest

SHOW = "return Functions.encodeString(JSON.stringify([args, bytesArgs]))"


@pytest.fixture
def committee(quickjs: Guest) -> Committee:
    return Committee(quickjs)


def test_what_the_contract_library_encodes_is_read(committee: Committee) -> None:
    """Strings, bytes as hex, and nothing of either."""
    request = encoded(SHOW, args=("ETH", "é", ""), bytes_args=(b"\x01\xff", b""))
    assert committee.ask(request) == ("returned", '[["ETH","é",""],["0x01ff","0x"]]'.encode())
    assert committee.ask(SHOW) == ("returned", b"[[],[]]")


def test_what_the_toolkit_encodes_is_read(committee: Committee) -> None:
    """A whole map, small numbers, arrays with a length, `codeLanguage`; and an indefinite map."""
    fields = [
        ("args", head(4, 1) + text("a")),
        ("source", text(SHOW)),
        ("codeLocation", b"\0"),
        ("codeLanguage", b"\0"),
    ]
    written = b"".join(text(key) + value for key, value in fields)
    assert committee.ask(head(5, len(fields)) + written) == ("returned", b'[["a"],[]]')
    assert committee.ask(b"\xbf" + written + b"\xff") == ("returned", b'[["a"],[]]')


@settings(max_examples=25)
@given(
    st.lists(st.text(st.characters(exclude_categories=("Cs",)), max_size=60), max_size=4),
    st.lists(st.binary(max_size=300), max_size=4),
)
def test_any_arguments_arrive_as_they_are(quickjs: Guest, args: list[str], bytes_args: list[bytes]) -> None:
    """Also those that are written with longer heads; what the command writes is what the contract library does."""
    request = encoded(SHOW, args=tuple(args), bytes_args=tuple(bytes_args))
    assert request_of(SHOW, args, bytes_args) == request
    seen = Committee(quickjs, OwnerTerms("test", return_bytes=4_096)).look(request)
    assert (seen.kind, seen.output[:1]) == (0, b"\0")
    assert json.loads(seen.output[1:]) == [args, [f"0x{each.hex()}" for each in bytes_args]]


@settings(max_examples=40)
@given(st.integers(0, 10_000), st.integers(1, 255), st.booleans())
def test_a_spoilt_request_ends_in_words_or_is_another_request(quickjs: Guest, place: int, flip: int, cut: bool) -> None:
    """Never in a trap, and never after more fuel than its bytes are worth."""
    whole = encoded("return 1", args=("a", "bc"), bytes_args=(b"x",), secrets=(REMOTE, b"sealed"))
    place %= len(whole)
    spoilt = whole[:place] if cut else whole[:place] + bytes([whole[place] ^ flip]) + whole[place + 1 :]
    ended = Committee(quickjs).look(spoilt, fuel=60_000_000)
    assert ended.ending in ("failed", "proposed")
    assert ended.ending == "proposed" or ended.text.startswith(("request: ", "syntax error: "))


SOURCE = text("source") + text("return 1")


@pytest.mark.parametrize(
    ("request_bytes", "error"),
    [
        (b"", "request: it has no source"),
        (text("source") + text(""), "request: it has no source"),
        (
            text("codeLocation") + number(1) + SOURCE,
            "request: codeLocation must be 0, inline: nobody here fetches code",
        ),
        (text("language") + number(1) + SOURCE, "request: language must be 0, JavaScript"),
        (SOURCE + SOURCE, "request: source stands twice"),
        (SOURCE + text("arg") + listed([]), 'request: unknown key "arg"'),
        (SOURCE + text("__proto__") + raw(b""), 'request: unknown key "__proto__"'),
        (SOURCE[:-1], "request: it ends too early"),
        (SOURCE + text("args"), "request: it ends too early"),
        (SOURCE + text("args") + b"\x9f" + text("a"), "request: it ends too early"),
        (SOURCE + text("args") + b"\x9b" + b"\xff" * 8, "request: it ends too early"),
        (SOURCE + text("secrets") + b"\x5b" + b"\xff" * 8, "request: it ends too early"),
        (head(5, 2) + SOURCE, "request: it ends too early"),
        (b"\xbf" + SOURCE, "request: it ends too early"),
        (head(5, 1) + SOURCE + b"\0", "request: bytes after its end"),
        (b"\xbf" + SOURCE + b"\xff\0", "request: bytes after its end"),
        (SOURCE + text("args") + listed([raw(b"a")]), "request: unexpected byte 65 at 22"),
        (SOURCE + text("args") + listed([listed([])]), "request: unexpected byte 159 at 22"),
        (SOURCE + text("secrets") + b"\x5f\x41a\xff", "request: pieces at 24: text and bytes must be whole"),
        (SOURCE + text("secrets") + b"\x5c", "request: unexpected byte 92 at 24"),
        (text("codeLocation") + b"\xc1\x00" + SOURCE, "request: a tag that is no bignum's"),
        (text("codeLocation") + b"\x20" + SOURCE, "request: unexpected byte 32 at 13"),
        (text("source") + text(b"\xff"), "request: a text is not UTF-8"),
        (encoded("x" * 30_720), "request >30720 bytes"),
    ],
)  # fmt: skip
def test_what_is_no_request_is_refused_before_anybody_looks(
    committee: Committee, request_bytes: bytes, error: str
) -> None:
    """Every length is checked against what is there, and no key or piece is guessed."""
    ended = committee.look(request_bytes)
    assert (ended.ending, ended.text, ended.specs) == ("failed", error, [])


def test_a_request_of_the_longest_length_is_read_and_a_longer_one_where_the_owner_says_so(quickjs: Guest) -> None:
    """30 kB as at Chainlink; the terms lift it up to the machine's 64."""
    comment = "return new Uint8Array(1) //" + "x" * 30_000
    assert Committee(quickjs).ask(comment) == ("returned", b"\0")
    longer = OwnerTerms("test", request_bytes=65_536)
    assert Committee(quickjs, longer).ask(comment + "x" * 30_000) == ("returned", b"\0")


def test_only_the_owners_subscriptions_may_have_sources_run(quickjs: Guest) -> None:
    """The request's context says who pays."""
    mine = Committee(quickjs, OwnerTerms("test", subscriptions=(3, 8)))
    assert mine.ask("return new Uint8Array(0)") == ("returned", b"")
    others = Committee(quickjs, OwnerTerms("test", subscriptions=(8,)))
    assert others.ask("return 1") == ("failed", b"subscription 3 is not one that this function works for")


def test_only_the_owners_sources_run(quickjs: Guest) -> None:
    """Where it names any, by keccak256."""
    source = "return Functions.encodeUint256(1)"
    pinned = Committee(quickjs, OwnerTerms("test", sources=(str(keccak256(source.encode())),)))
    assert pinned.ask(source) == ("returned", (1).to_bytes(32, "big"))
    other = source + " "
    error = f"source {keccak256(other.encode())} is not one that this function runs"
    assert pinned.ask(other) == ("failed", error.encode())


def test_secrets_are_the_owners_and_read_when_asked_for(quickjs: Guest) -> None:
    """By the name in the source, whatever the request refers to; one that is not there is named."""
    terms = OwnerTerms(
        "test", secrets={"apiKey": "API_KEY", "other": "OTHER"}, owner="0x" + "11" * 20, subscriptions=(3,)
    )
    committee = Committee(quickjs, terms, secrets={"API_KEY": "marker"})
    show = "return Functions.encodeString(secrets.apiKey + Object.keys(secrets) + secrets.unknown)"
    for reference in (None, (REMOTE, b"sealed"), (DON_HOSTED, b"slot")):
        assert committee.ask(encoded(show, secrets=reference)) == ("returned", b"markerapiKey,otherundefined")
    error = b'secrets.other: secret-missing: see "executor secrets list" for OTHER'
    assert committee.ask("secrets.other") == ("failed", error)
    assert committee.ask("return new Uint8Array(0)") == ("returned", b"")


def test_a_reference_to_chainlinks_secrets_is_an_error_that_says_what_to_do(quickjs: Guest) -> None:
    """Not before a source reads one; without a reference there are none, as at Chainlink."""
    committee = Committee(quickjs)
    request = encoded("return Functions.encodeString(secrets.apiKey)", secrets=(DON_HOSTED, b"\x66slotID\x00"))
    error = (
        "secrets.apiKey: what this request refers to is sealed to a Chainlink DON: "
        'build the function with --secret and run "executor secrets put"'
    )
    assert committee.ask(request) == ("failed", error.encode())
    unread = encoded("return new Uint8Array(2)", secrets=(REMOTE, b"x"))
    assert committee.ask(unread) == ("returned", b"\0\0")
    assert committee.ask("return Functions.encodeString(`${secrets.apiKey}`)") == ("returned", b"undefined")


def test_terms_edited_by_hand_that_would_tell_secrets_to_anyone_are_refused(quickjs: Guest) -> None:
    """The command writes no such terms; the function checks for itself."""
    committee = Committee(quickjs, OwnerTerms("test", secrets={"a": "A"}, owner="0x" + "11" * 20, subscriptions=(3,)))
    object.__setattr__(committee.terms, "subscriptions", ())
    error = b"this function names secrets and no subscription: anyone could have them told"
    assert committee.ask("return secrets.a") == ("failed", error)
