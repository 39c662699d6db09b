"""Compiled code on disk (D8)."""

from __future__ import annotations

import os
from dataclasses import replace
from pathlib import Path

import pytest

from executor.errors import HostFault
from executor.model.ids import ModuleId
from executor.model.profile import PROFILE
from executor.worker import cache as cache_module
from executor.worker.cache import MAGIC, CodeCache

ONE, TWO = ModuleId(b"\x01" * 32), ModuleId(b"\x02" * 32)
CODE = b"native code" * 100


def only_file(directory: Path) -> Path:
    """The one file of a cache."""
    (path,) = directory.iterdir()
    return path


def test_code_is_kept_under_its_modules_name(tmp_path: Path) -> None:
    """What was written is read, by this cache and the next process's; another module's is not there."""
    cache = CodeCache(tmp_path / "code", PROFILE)
    assert not cache.holds(ONE)
    cache.write(ONE, CODE)
    assert cache.holds(ONE)
    assert cache.read(ONE) == CodeCache(tmp_path / "code", PROFILE).read(ONE) == CODE
    assert cache.read(TWO) is None
    assert only_file(tmp_path / "code").stat().st_mode & 0o077 == 0


@pytest.mark.parametrize("damage", ["content", "digest", "magic", "short", "empty", "name"])
def test_a_damaged_file_is_never_read(tmp_path: Path, damage: str) -> None:
    """Whatever happened to a file, it is never given out; it is removed, and written anew."""
    directory = tmp_path / "code"
    cache = CodeCache(directory, PROFILE)
    cache.write(ONE, CODE)
    path = only_file(directory)
    whole = path.read_bytes()
    flipped = {"content": len(whole) // 2, "digest": len(MAGIC) + 1, "magic": 0}
    match damage:
        case "short":
            path.write_bytes(whole[:-1])
        case "empty":
            path.write_bytes(b"")
        case "name":  # the right code of another module
            CodeCache(tmp_path / "other", PROFILE).write(TWO, CODE)
            path.write_bytes(only_file(tmp_path / "other").read_bytes())
        case _:
            at = flipped[damage]
            path.write_bytes(whole[:at] + bytes([whole[at] ^ 1]) + whole[at + 1 :])
    assert cache.read(ONE) is None
    assert not cache.holds(ONE)
    cache.write(ONE, CODE)
    assert only_file(directory).read_bytes() == whole


def test_what_the_engine_refused_is_forgotten(tmp_path: Path) -> None:
    """The file goes; forgetting what is not there is nothing."""
    cache = CodeCache(tmp_path / "code", PROFILE)
    cache.write(ONE, CODE)
    cache.forget(ONE)
    cache.forget(ONE)
    assert not cache.holds(ONE)


def test_another_profile_never_finds_the_file(tmp_path: Path) -> None:
    """The profile's id is in the name."""
    CodeCache(tmp_path / "code", PROFILE).write(ONE, CODE)
    assert CodeCache(tmp_path / "code", replace(PROFILE, name="another")).read(ONE) is None


@pytest.mark.parametrize("mode", [0o755, 0o770, 0o707])
def test_a_directory_others_may_enter_is_refused(tmp_path: Path, mode: int) -> None:
    """Compiled code is native code: whoever writes it runs it."""
    directory = tmp_path / "code"
    directory.mkdir()
    directory.chmod(mode)
    with pytest.raises(HostFault, match="chmod 700"):
        CodeCache(directory, PROFILE)


def test_a_link_to_a_directory_is_refused(tmp_path: Path) -> None:
    """The directory itself must be ours, not what it points to."""
    (tmp_path / "real").mkdir(mode=0o700)
    (tmp_path / "code").symlink_to(tmp_path / "real")
    with pytest.raises(HostFault, match="must be a directory"):
        CodeCache(tmp_path / "code", PROFILE)


def test_a_disk_that_takes_nothing_is_a_host_fault(tmp_path: Path) -> None:
    """The directory has gone: nothing is kept, and the reason says where."""
    cache = CodeCache(tmp_path / "code", PROFILE)
    (tmp_path / "code").rmdir()
    with pytest.raises(HostFault, match="cannot be kept in"):
        cache.write(ONE, CODE)


def test_the_oldest_code_makes_room(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The cache is bounded: the files unused for longest go first."""
    directory = tmp_path / "code"
    cache = CodeCache(directory, PROFILE)
    cache.write(ONE, CODE)
    first = only_file(directory)
    os.utime(first, (1, 1))
    monkeypatch.setattr(cache_module, "MAX_TOTAL_BYTES", first.stat().st_size + 1000)
    cache.write(TWO, CODE)
    assert not cache.holds(ONE)
    assert cache.read(TWO) == CODE
