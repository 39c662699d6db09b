"""Functions that a node holds, and what uploads may look like."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from executor.crypto.digests import function_id
from executor.errors import InvalidEncoding, InvalidManifest, InvalidValue
from executor.model.codec import encode_json
from executor.model.function import Function
from executor.model.ids import FunctionId
from executor.model.manifest import Limits, Terms
from executor.node.functions import FunctionStore, pack_function, unpack_function
from executor.store.blobs import Blobs
from executor.store.journal import Journal

MODULE = b"\0asm\x01\0\0\0"


@contextmanager
def opened(folder: Path, functions: int = 10, size: int = 1_000) -> Iterator[FunctionStore]:
    journal = Journal(folder / "journal.sqlite3")
    try:
        yield FunctionStore(journal, Blobs(folder / "blobs"), max_functions=functions, max_bytes=size)
    finally:
        journal.close()


@given(module=st.binary(max_size=200), source=st.binary(max_size=200), fuel=st.integers(1, 10**9))
def test_an_upload_unpacks_to_what_was_packed(module: bytes, source: bytes, fuel: int) -> None:
    function = Function(module, Terms(limits=Limits(fuel=fuel)), source)
    assert function == unpack_function(pack_function(function))


@pytest.mark.parametrize(
    ("value", "error"),
    [
        ({}, InvalidEncoding),
        ({"module": "0x", "source": "0x"}, InvalidEncoding),
        ({"module": "0x", "source": "0x", "terms": {}, "more": 1}, InvalidEncoding),
        ({"module": "zz", "source": "0x", "terms": {}}, InvalidEncoding),
        ({"module": "0x", "source": 1, "terms": {}}, InvalidEncoding),
        ({"module": "0x", "source": "0x", "terms": {"limits": {"fuel": 10**15}}}, InvalidManifest),
        ({"module": "0x", "source": "0x", "terms": {"limits": {"unknown": 1}}}, InvalidManifest),
        ({"module": "0x", "source": "0x" + "00" * 1_048_577, "terms": {}}, InvalidValue),
    ],
)
def test_a_malformed_upload_is_refused(value: object, error: type[Exception]) -> None:
    with pytest.raises(error):
        unpack_function(encode_json(value))


def test_functions_survive_a_restart(tmp_path: Path) -> None:
    function = Function(MODULE, source=b"source")
    with opened(tmp_path) as store:
        identity = store.add(function)
    assert function_id(function) == identity
    with opened(tmp_path) as store:
        assert identity in store
        assert store.ids() == [identity]
        assert store.load(identity) == function
        assert store.load(FunctionId(bytes(32))) is None


def test_quotas_refuse_and_repeating_costs_nothing(tmp_path: Path) -> None:
    with opened(tmp_path, functions=2, size=50) as store:
        first = Function(MODULE, source=b"a" * 10)
        assert store.add(first) == store.add(first)
        with pytest.raises(InvalidValue, match="quota"):
            store.add(Function(MODULE, source=b"b" * 40))
        store.add(Function(MODULE, source=b"c"))
        with pytest.raises(InvalidValue, match="quota"):
            store.add(Function(MODULE, source=b"d"))


def test_terms_too_large_to_be_read_again_are_refused() -> None:
    """A host name has no length of its own: what the store could keep it must be able to load after a restart."""
    terms = {"capabilities": {"http": {"hosts": [".".join(["a" * 60] * 1_100)]}}}
    with pytest.raises(InvalidManifest, match="terms"):
        unpack_function(encode_json({"module": "0x", "source": "0x", "terms": terms}))


def test_the_largest_terms_survive_a_restart(tmp_path: Path) -> None:
    terms = {"capabilities": {"http": {"hosts": [".".join(["a" * 60] * 1_065)]}}}
    function = unpack_function(encode_json({"module": "0x", "source": "0x", "terms": terms}))
    with opened(tmp_path) as store:
        store.add(function)
    with opened(tmp_path) as store:
        assert store.ids() == [function_id(function)]
