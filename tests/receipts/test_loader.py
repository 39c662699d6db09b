"""Compiled code is kept by module and profile, never by function, and never beyond the bound."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from pathlib import Path

import pytest
import wasmtime
from make_receipts import make_function

from executor import PROFILE, Function, HostFault, InvalidModule, InvalidValue, Loader, Request, Returned, execute, load
from executor.vm.engine import engine_of

ECHO = """
(module (memory (export "memory") 1) (data (i32.const {at}) "{at}")
  (func (export "alloc") (param i32) (result i32) (i32.const 1024))
  (func (export "run") (param i32 i32) (result i64) (i64.const {at})))
"""


def module(at: int) -> bytes:
    """One of many small modules, which returns this many bytes."""
    return bytes(wasmtime.wat2wasm(ECHO.format(at=at)))


def test_a_loaded_function_is_the_one_that_load_gives() -> None:
    """First from its bytes, then from kept code: same ids, same outcome, same fuel."""
    loader, function = Loader(), Function(module(5))
    expected = load(function)
    for program in (loader(function), loader(function)):
        assert (program.function_id, program.profile) == (expected.function_id, PROFILE)
        request = Request.local(program.function_id)
        assert execute(program, request) == execute(expected, request)


def test_functions_of_one_module_share_its_code() -> None:
    """Terms are no part of compiled code; a profile is."""
    loader, other = Loader(), make_function().terms
    first, second = loader(Function(module(1))), loader(Function(module(1), other))
    assert len(loader) == 1
    assert first.function_id != second.function_id
    loader(Function(module(1)), replace(PROFILE, name="another"))
    assert len(loader) == 2


def test_the_modules_used_last_are_kept() -> None:
    """The bound holds, and a module that was used again outlives one that was not."""
    loader = Loader(modules=2)
    for at in (1, 2, 1, 3):
        loader(Function(module(at)))
    assert len(loader) == 2
    with pytest.raises(InvalidValue):
        Loader(modules=0)


def test_a_refused_module_is_not_kept() -> None:
    """What `load` raises comes through."""
    loader = Loader()
    with pytest.raises(InvalidModule):
        loader(Function(b"\0asm\1\0\0\0"))
    assert len(loader) == 0


def test_threads_share_a_loader() -> None:
    """Sixteen loads of four modules by eight threads."""

    def run(at: int) -> int:
        program = loader(Function(module(at % 4)))
        outcome = execute(program, Request.local(program.function_id))
        assert isinstance(outcome, Returned)
        return len(outcome.output)

    loader = Loader(modules=3)
    with ThreadPoolExecutor(8) as threads:
        assert list(threads.map(run, range(16))) == [at % 4 for at in range(16)]
    assert len(loader) == 3


def test_a_sibling_has_the_same_module_and_profile() -> None:
    """Programs share compiled code; code of another module or profile is nobody's."""
    program = load(Function(module(6)))
    assert load(Function(module(6), make_function().terms), sibling=program).module is program.module
    for function, profile in ((Function(module(7)), PROFILE), (program.function, replace(PROFILE, name="another"))):
        with pytest.raises(HostFault, match="sibling"):
            load(function, profile, sibling=program)


def test_a_loader_outlives_the_engine_of_its_code() -> None:
    """Where so many profiles were used that the engine was put away: the code is made again, and then kept."""
    loader, terms = Loader(), make_function().terms
    first = loader(Function(module(6)))
    engine_of.cache_clear()
    again = loader(Function(module(6), terms))
    assert again.engine is not first.engine
    assert loader(Function(module(6))).module is again.module


def test_code_is_kept_between_loaders(tmp_path: Path) -> None:
    """In a folder of this user's alone; damaged code is made again, and so is what another engine made."""
    folder, function, told = tmp_path / "code", Function(module(8)), []
    first = Loader(directory=folder)(function)
    (kept,) = folder.iterdir()
    again = Loader(directory=folder, announce=told.append)(function)
    request = Request.local(first.function_id)
    assert execute(again, request) == execute(first, request)
    before = kept.read_bytes()
    kept.write_bytes(before[:-1])
    assert execute(Loader(directory=folder)(function), request) == execute(first, request)
    assert kept.read_bytes()[:16] == before[:16]
    assert told == []


def test_a_large_module_is_announced_once(tmp_path: Path) -> None:
    """Before it is compiled, and no more when its code is on disk."""
    text = ECHO.format(at=9).replace('"9"', '"%s"' % ("x" * 5_000_000)).replace('"memory") 1', '"memory") 80')
    told: list[str] = []
    function = Function(bytes(wasmtime.wat2wasm(text)))
    for _ in range(2):
        Loader(directory=tmp_path / "code", announce=told.append)(function)
    assert told == ["compiling a module of 4 MB, which takes some ten seconds"]


def test_without_a_folder_of_ones_own_nothing_is_kept(tmp_path: Path) -> None:
    """It loads all the same."""
    folder = tmp_path / "open"
    folder.mkdir(mode=0o755)
    folder.chmod(0o755)
    loader = Loader(directory=folder)
    assert loader(Function(module(10))).function_id == load(Function(module(10))).function_id
    assert list(folder.iterdir()) == []
