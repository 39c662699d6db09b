"""Functions that a node holds, and what uploads may look like."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from executor.crypto.digests import function_id
from executor.errors import InvalidEncoding, InvalidManifest, InvalidValue, StoreError
from executor.model.codec import encode_json
from executor.model.function import Function
from executor.model.ids import Address, FunctionId
from executor.model.manifest import Limits, Terms
from executor.node.functions import IDLE_S, FunctionStore, pack_function, unpack_function
from executor.node.kept_functions import KeptFunctions
from executor.store.blobs import Blobs
from executor.store.journal import Journal

MODULE = b"\0asm\x01\0\0\0"


@contextmanager
def opened(folder: Path, functions: int = 10, size: int = 1_000, **options: Any) -> Iterator[FunctionStore]:
    journal = Journal(folder / "journal.sqlite3")
    try:
        yield FunctionStore(journal, Blobs(folder / "blobs"), max_functions=functions, max_bytes=size, **options)
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


ONE, OTHER = Address(b"\x01" * 20), Address(b"\x02" * 20)


def made(number: int) -> Function:
    return Function(MODULE, source=b"%d" % number)


def test_an_account_has_a_quota_of_its_own_that_lasts(tmp_path: Path) -> None:
    """Of functions and of bytes, each counted in full; others, and what was fetched, are not counted against it."""
    limits = {"account_functions": 2, "account_bytes": 100}
    with opened(tmp_path, **limits) as store:
        store.add(made(1), ONE)
        store.add(made(2), ONE)
    with opened(tmp_path, **limits) as store:
        with pytest.raises(InvalidValue, match=f"2 functions of account {ONE}"):
            store.add(made(3), ONE)
        store.add(made(1), ONE)
        store.add(made(3), OTHER)
        with pytest.raises(InvalidValue, match=f"9 bytes of account {OTHER}; 98 more are over its quota of 100"):
            store.add(Function(MODULE, source=b"x" * 90), OTHER)
        store.add(Function(MODULE, source=b"x" * 90))
        assert len(store.ids()) == 4


def test_what_is_idle_and_unreferenced_makes_room_the_longest_unused_first(tmp_path: Path) -> None:
    """Never while an open request names it, and not before a day has passed."""
    now, open_functions = [1_000.0], set[FunctionId]()
    with opened(tmp_path, functions=3, open_functions=lambda: open_functions, clock=lambda: now[0]) as store:
        first, second, third = (store.add(made(number)) for number in range(3))
        now[0] += IDLE_S - 1
        with pytest.raises(InvalidValue, match="3 functions, its quota"):
            store.add(made(3))
        now[0] += 1
        assert store.load(first) == made(0)
        open_functions.add(second)
        fourth = store.add(made(3))
        assert set(store.ids()) == {first, second, fourth}
        assert store.load(third) is None
        with pytest.raises(InvalidValue, match="3 functions, its quota"):
            store.add(made(4))
    with opened(tmp_path) as store:
        assert set(store.ids()) == {first, second, fourth}
        assert [store.load(each) for each in (first, second, fourth)] == [made(0), made(1), made(3)]


def test_what_a_request_waits_for_takes_the_place_of_what_none_names(tmp_path: Path) -> None:
    """Uploads without end keep nobody's paid request from its function."""
    with opened(tmp_path, functions=2) as store:
        filler = [store.add(made(number)) for number in range(2)]
        needed = store.add(made(2), needed=True)
        assert needed in store
        assert len(set(store.ids()) & set(filler)) == 1
    full = opened(tmp_path, functions=2, open_functions=lambda: [needed, *filler])
    with full as store, pytest.raises(InvalidValue, match="2 functions, its quota"):
        store.add(made(3), needed=True)


def test_blobs_are_shared_counted_once_and_dropped_with_their_last_function(tmp_path: Path) -> None:
    """A language's module is every function's of that language."""
    now = [0.0]
    with opened(tmp_path, size=250, clock=lambda: now[0]) as store:
        module = b"m" * 200
        first = store.add(Function(module, source=b"1"))
        second = store.add(Function(module, source=b"2"))
        now[0] += IDLE_S
        store.load(second)
        third = store.add(Function(module, source=b"3" * 49))
        assert set(store.ids()) == {second, third}
        assert store.load(second) == Function(module, source=b"2")
        assert first not in store
        now[0] += 2 * IDLE_S
        store.add(Function(b"n" * 240))
        assert len(list((tmp_path / "blobs").iterdir())) == 2  # the new module and the empty source


def test_what_a_killed_process_left_half_done_is_tidied_at_a_start(tmp_path: Path) -> None:
    """A blob that no record names goes; a function whose blob is gone is not held until it comes again."""
    with opened(tmp_path) as store:
        identity = store.add(made(1))
    blobs = tmp_path / "blobs"
    kept = sorted(blobs.iterdir())
    (blobs / ("00" * 32)).write_bytes(b"named nowhere")
    with opened(tmp_path) as store:
        assert sorted(blobs.iterdir()) == kept
        kept[0].unlink()
        assert identity not in store
        assert store.load(identity) is None
        assert store.add(made(1)) == identity
        assert identity in store
        assert store.load(identity) == made(1)


def test_a_damaged_blob_is_named_with_what_to_do(tmp_path: Path) -> None:
    with opened(tmp_path) as store:
        identity = store.add(made(1))
        for path in (tmp_path / "blobs").iterdir():
            path.write_bytes(b"damaged")
        with pytest.raises(StoreError, match=r"blobs/[0-9a-f]{64} is damaged.*delete the file, which is fetched again"):
            store.load(identity)


def test_functions_in_memory_are_bounded_by_their_bytes_and_a_module_counts_once(tmp_path: Path) -> None:
    """Many functions of one language are few bytes; of different modules only those used last stay."""
    kept = KeptFunctions(max_bytes=1_000)
    with opened(tmp_path, functions=100, size=10_000, kept=kept) as store:
        ids = [store.add(Function(b"m" * 500, source=b"%02d" % number)) for number in range(50)]
        assert len({id(store.load(each).module) for each in ids}) == 1
        assert (len(kept), kept.size_bytes) == (50, 600)
        ids = [store.add(Function(b"%d" % number * 400)) for number in range(5)]
        for each in ids:
            store.load(each)
            assert kept.size_bytes <= 1_000
        assert len(kept) == 2
        assert [kept.find(each) is not None for each in ids] == [False, False, False, True, True]
        assert store.load(store.add(Function(b"x" * 1_001))) == Function(b"x" * 1_001)
        assert (len(kept), kept.size_bytes) == (0, 0)


def test_a_function_that_somebody_holds_is_in_memory_once(tmp_path: Path) -> None:
    """Requests hold theirs however long: no second copy is read for the next one, nor of the module for another."""
    kept = KeptFunctions(max_functions=1)
    with opened(tmp_path, kept=kept) as store:
        first, second = (store.add(Function(b"m" * 200, source=bytes([number]))) for number in range(2))
        held = store.load(first)
        assert store.load(second).module is held.module
        assert len(kept) == 1
        assert store.load(first) is held
        del held
        store.load(second)
        assert kept.find(first) is None


def test_a_function_that_is_dropped_for_room_leaves_memory_too(tmp_path: Path) -> None:
    kept = KeptFunctions()
    with opened(tmp_path, functions=1, kept=kept) as store:
        store.load(store.add(made(1)))
        store.add(made(2), needed=True)
        assert (len(kept), kept.size_bytes) == (0, 0)
