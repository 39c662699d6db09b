"""function.toml: strict, and hashed in one form."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from executor.crypto.digests import manifest_hash
from executor.errors import InvalidManifest
from executor.model.codec import decode_json
from executor.model.manifest import Manifest, Terms, parse_manifest, parse_terms
from executor.model.profile import PROFILE

FUNCTION = '[function]\nname = "f"\nlanguage = "javascript"\nsource = "f.js"\n'


def manifest(more: str = "") -> Manifest:
    """A manifest with these sections."""
    return parse_manifest(FUNCTION + more)


def test_defaults_are_filled_in_before_hashing() -> None:
    """Writing a default changes nothing; names and comments are not hashed."""
    written = manifest("# a comment\n[limits]\nfuel = 200_000_000\nobservations = 5\n")
    assert manifest_hash(written.terms) == manifest_hash(manifest().terms) == manifest_hash(Terms())
    renamed = parse_manifest(FUNCTION.replace('"f"', '"g"'))
    assert manifest_hash(renamed.terms) == manifest_hash(Terms())
    assert manifest_hash(manifest("[limits]\nfuel = 1\n").terms) != manifest_hash(Terms())


@given(st.permutations(["a.example", "b.example", "http://c.example:81", "*.d.example"]))
def test_the_order_of_lists_means_nothing(hosts: list[str]) -> None:
    """Sorted and deduplicated in the hashed form."""
    terms = parse_terms({"capabilities": {"http": {"hosts": [*hosts, hosts[0]], "methods": ["POST", "GET"]}}})
    plain = decode_json(terms.canonical(), limit=10_000)
    assert plain["capabilities"]["http"] == {"hosts": sorted(hosts), "methods": ["GET", "POST"]}
    terms = parse_terms({"capabilities": {"evm": {"chains": [8453, 1, 10, 8453]}}})
    assert decode_json(terms.canonical(), limit=10_000)["capabilities"] == {"evm": {"chains": [1, 10, 8453]}}


@pytest.mark.parametrize(
    ("text", "named"),
    [
        ("", "function"),
        ("[function", "not TOML"),
        (FUNCTION + "colour = 1\n", "function.colour: unknown key"),
        (FUNCTION + "[limit]\n", "limit: unknown key"),
        (FUNCTION + "[limits]\nfuel = 0\n", "limits.fuel"),
        (FUNCTION + "[limits]\nfuel = -1\n", "limits.fuel"),
        (FUNCTION + '[limits]\nfuel = "1"\n', "limits.fuel"),
        (FUNCTION + "[limits]\nfuel = 1.5\n", "limits.fuel"),
        (FUNCTION + "[limits]\nfuel = true\n", "limits.fuel"),
        (FUNCTION + f"[limits]\nfuel = {PROFILE.ceilings.fuel + 1}\n", "limits.fuel = 10000000001 is over the ceiling"),
        (FUNCTION + "[limits]\nmemory_mib = 257\n", "limits.memory_mib = 257"),
        (FUNCTION + "[capabilities.disk]\n", "capabilities.disk: unknown key"),
        (FUNCTION + "[capabilities.http]\n", "capabilities.http.hosts"),
        (FUNCTION + "[capabilities.http]\nhosts = []\n", "capabilities.http.hosts"),
        (FUNCTION + '[capabilities.http]\nhosts = ["*"]\n', "capabilities.http.hosts"),
        (FUNCTION + '[capabilities.http]\nhosts = ["a.*.b"]\n', "capabilities.http.hosts"),
        (FUNCTION + '[capabilities.http]\nhosts = ["A.example"]\n', "capabilities.http.hosts"),
        (FUNCTION + '[capabilities.http]\nhosts = ["a.example/x"]\n', "capabilities.http.hosts"),
        (FUNCTION + '[capabilities.http]\nhosts = ["ftp://a.example"]\n', "capabilities.http.hosts"),
        (FUNCTION + '[capabilities.http]\nhosts = ["u@a.example"]\n', "capabilities.http.hosts"),
        (FUNCTION + '[capabilities.http]\nhosts = ["a"]\nmethods = ["TRACE"]\n', "capabilities.http.methods"),
        (FUNCTION + '[capabilities.http]\nhosts = ["a"]\nmethods = []\n', "capabilities.http.methods"),
        (FUNCTION + "[capabilities.evm]\nchains = []\n", "capabilities.evm.chains"),
        (FUNCTION + "[capabilities.evm]\nchains = [0]\n", "capabilities.evm.chains.0"),
        (FUNCTION + "[capabilities.evm]\nchains = [9007199254740992]\n", "capabilities.evm.chains.0"),
        (FUNCTION + '[capabilities.evm]\nchains = ["1"]\n', "capabilities.evm.chains.0"),
        (FUNCTION + f"[capabilities.evm]\nchains = {[*range(1, 18)]}\n", "capabilities.evm.chains"),
        (FUNCTION + "[capabilities.evm]\nchain = [1]\n", "capabilities.evm.chain: unknown key; did you mean chains?"),
        (FUNCTION + '[build]\nsnapshott = "auto"\n', "build.snapshott: unknown key; did you mean snapshot?"),
        (FUNCTION + '[build]\nsnapshot = "alwayz"\n', "; did you mean 'always'?"),
        (FUNCTION.replace('"javascript"', '"typescript"'), "; did you mean 'javascript'?"),
        (FUNCTION.replace('"javascript"', '"cobol"'), "function.language: Input should be "),
        (FUNCTION + '[capabilities.secrets]\nnames = ["lower"]\n', "capabilities.secrets.names"),
        (FUNCTION.replace('"f"', '"F f"'), "function.name"),
        (FUNCTION.replace("javascript", "cobol"), "function.language"),
        (FUNCTION + "#" * 70_000, "the limit is 65536"),
    ],
)
def test_wrong_manifests_are_named(text: str, named: str) -> None:
    """The key that is wrong stands in the error."""
    with pytest.raises(InvalidManifest) as caught:
        parse_manifest(text)
    assert named in str(caught.value)


@given(st.text(max_size=200))
def test_no_text_makes_the_parser_fail_otherwise(text: str) -> None:
    """Whatever a file holds, it is a manifest or InvalidManifest."""
    with pytest.raises(InvalidManifest):
        parse_manifest(text + "\nunknown_key = 1")
    with pytest.raises(InvalidManifest):
        parse_terms({"limits": text})


def test_terms_of_a_receipt_are_checked_alike() -> None:
    """Plain JSON goes through the same rules and ceilings."""
    assert parse_terms({}) == Terms()
    for wrong in ({"limits": {"fuel": PROFILE.ceilings.fuel + 1}}, {"limits": {"x": 1}}, {"function": {}}, [], None):
        with pytest.raises(InvalidManifest):
            parse_terms(wrong)
