"""D8: compiled code is found by its profile only, is ours alone, and is never seen half written or changed."""

from __future__ import annotations

import os
import threading
from dataclasses import replace
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from executor.errors import HostFault
from executor.model.ids import ModuleId
from executor.model.profile import PROFILE
from executor.worker.cache import CodeCache

CODE = bytes(range(256)) * 64
MODULES = [ModuleId(bytes([number]) * 32) for number in range(4)]


def test_code_is_found_under_its_own_profile_only(tmp_path: Path) -> None:
    """Any change of the rules is another profile and another file: depth, table, a ceiling, a feature."""
    others = (
        replace(PROFILE, name="another"),
        replace(PROFILE, metering=replace(PROFILE.metering, depth=PROFILE.metering.depth + 1)),
        replace(PROFILE, metering=replace(PROFILE.metering, table="00" * 32)),
        replace(PROFILE, ceilings=replace(PROFILE.ceilings, fuel=1)),
        replace(PROFILE, features=PROFILE.features[1:]),
    )
    directory = tmp_path / "code"
    CodeCache(directory, PROFILE).write(MODULES[0], CODE)
    assert CodeCache(directory, PROFILE).read(MODULES[0]) == CODE
    assert [CodeCache(directory, profile).read(MODULES[0]) for profile in others] == [None] * len(others)
    assert CodeCache(directory, PROFILE).read(MODULES[1]) is None


@pytest.mark.parametrize("mode", [mode for mode in range(0o700, 0o1000) if mode & 0o077])
def test_a_directory_that_anyone_else_may_enter_is_refused(tmp_path: Path, mode: int) -> None:
    """Whoever writes compiled code runs it: every one of the 63 ways to let others in."""
    directory = tmp_path / "code"
    directory.mkdir()
    directory.chmod(mode)
    with pytest.raises(HostFault):
        CodeCache(directory, PROFILE)


def test_the_directory_it_makes_is_private_whatever_the_umask(tmp_path: Path) -> None:
    """Also under a umask that hides nothing."""
    former = os.umask(0)
    try:
        cache = CodeCache(tmp_path / "code", PROFILE)
        cache.write(MODULES[0], CODE)
    finally:
        os.umask(former)
    assert (tmp_path / "code").stat().st_mode & 0o077 == 0
    (file,) = (tmp_path / "code").iterdir()
    assert file.stat().st_mode & 0o077 == 0


@settings(max_examples=80, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.data())
def test_changed_code_is_never_given_out(tmp_path: Path, draw: st.DataObject) -> None:
    """Whatever becomes of a file, what is read is what was written, or nothing."""
    cache = CodeCache(tmp_path / "code", PROFILE)
    cache.write(MODULES[0], CODE)
    cache.write(MODULES[1], CODE[::-1])
    first, second = sorted((tmp_path / "code").iterdir(), key=lambda path: MODULES[1].hex() in path.name)
    whole = first.read_bytes()
    match draw.draw(st.sampled_from(["flip", "cut", "add", "other"])):
        case "flip":
            at = draw.draw(st.integers(0, len(whole) - 1))
            first.write_bytes(whole[:at] + bytes([whole[at] ^ draw.draw(st.integers(1, 255))]) + whole[at + 1 :])
        case "cut":
            first.write_bytes(whole[: draw.draw(st.integers(0, len(whole) - 1))])
        case "add":
            first.write_bytes(whole + draw.draw(st.binary(min_size=1, max_size=9)))
        case _:
            first.write_bytes(second.read_bytes())
    assert cache.read(MODULES[0]) is None
    assert cache.read(MODULES[1]) == CODE[::-1]


def test_a_reader_never_sees_half_a_file(tmp_path: Path) -> None:
    """Writers that replace a file again and again, readers that look all the time: whole code or none."""
    cache, contents = CodeCache(tmp_path / "code", PROFILE), {bytes([value]) * 400_000 for value in range(6)}
    seen: set[bytes | None] = set()
    done = threading.Event()

    def look() -> None:
        while not done.is_set():
            seen.add(cache.read(MODULES[0]))

    def write(content: bytes) -> None:
        for _ in range(15):
            cache.write(MODULES[0], content)

    readers = [threading.Thread(target=look) for _ in range(2)]
    writers = [threading.Thread(target=write, args=(content,)) for content in contents]
    for thread in (*readers, *writers):
        thread.start()
    for thread in writers:
        thread.join()
    done.set()
    for thread in readers:
        thread.join()
    assert seen <= contents | {None}
    assert cache.read(MODULES[0]) in contents


def test_a_file_that_is_in_use_is_never_overwritten(tmp_path: Path) -> None:
    """Code that an engine has mapped keeps its bytes when the file of that name is replaced."""
    cache = CodeCache(tmp_path / "code", PROFILE)
    cache.write(MODULES[0], CODE)
    (path,) = (tmp_path / "code").iterdir()
    with path.open("rb") as opened:
        cache.write(MODULES[0], CODE[::-1])
        assert opened.read().endswith(CODE)
    assert cache.read(MODULES[0]) == CODE[::-1]
    assert [entry.name for entry in (tmp_path / "code").iterdir()] == [path.name]
