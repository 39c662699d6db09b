"""Compiled code on disk (D8)."""

from __future__ import annotations

import os
from dataclasses import replace
from pathlib import Path

import pytest
from vm.guests import program, request

from executor.errors import HostFault
from executor.model.profile import PROFILE
from executor.vm import execute
from executor.worker import cache as cache_module
from executor.worker.cache import MAGIC, CodeCache

GUEST = program("(i64.const 3)")


def only_file(directory: Path) -> Path:
    """The one file of a cache."""
    (path,) = directory.iterdir()
    return path


def test_compiled_code_is_kept_and_used(tmp_path: Path) -> None:
    """The second load reads what the first wrote, and runs the same."""
    cache = CodeCache(tmp_path / "code", PROFILE)
    first = cache.load(GUEST.function)
    path = only_file(tmp_path / "code")
    written = path.stat().st_ino
    second = cache.load(GUEST.function)
    assert path.stat().st_ino == written
    assert execute(first, request(GUEST)) == execute(second, request(GUEST)) == execute(GUEST, request(GUEST))


@pytest.mark.parametrize("damage", ["content", "digest", "magic", "short", "empty", "name"])
def test_a_damaged_file_is_compiled_again(tmp_path: Path, damage: str) -> None:
    """Whatever happened to a file, it is never given to the engine; it is written anew."""
    directory = tmp_path / "code"
    cache = CodeCache(directory, PROFILE)
    cache.load(GUEST.function)
    path = only_file(directory)
    whole = path.read_bytes()
    flipped = {"content": len(whole) // 2, "digest": len(MAGIC) + 1, "magic": 0}
    match damage:
        case "short":
            path.write_bytes(whole[:-1])
        case "empty":
            path.write_bytes(b"")
        case "name":  # the right code of another module
            other = program("(i64.const 4)")
            CodeCache(tmp_path / "other", PROFILE).load(other.function)
            path.write_bytes(only_file(tmp_path / "other").read_bytes())
        case _:
            at = flipped[damage]
            path.write_bytes(whole[:at] + bytes([whole[at] ^ 1]) + whole[at + 1 :])
    restored = cache.load(GUEST.function)
    assert execute(restored, request(GUEST)) == execute(GUEST, request(GUEST))
    assert only_file(directory).read_bytes() == whole


def test_code_of_another_engine_is_compiled_again(tmp_path: Path) -> None:
    """A well-made file whose code the engine refuses is replaced."""
    cache = CodeCache(tmp_path / "code", PROFILE)
    cache.load(GUEST.function)
    path = only_file(tmp_path / "code")
    whole = path.read_bytes()
    foreign = b"\x7fELF of another engine"
    path.write_bytes(MAGIC + cache_module._digest(path.name, foreign) + foreign)
    cache.load(GUEST.function)
    assert path.read_bytes() == whole


def test_another_profile_never_finds_the_file(tmp_path: Path) -> None:
    """The profile's id is in the name."""
    CodeCache(tmp_path / "code", PROFILE).load(GUEST.function)
    first = only_file(tmp_path / "code")
    CodeCache(tmp_path / "code", replace(PROFILE, name="another")).load(GUEST.function)
    assert len(list((tmp_path / "code").iterdir())) == 2
    assert first.exists()


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


def test_the_oldest_code_makes_room(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The cache is bounded: the files unused for longest go first."""
    directory = tmp_path / "code"
    cache = CodeCache(directory, PROFILE)
    cache.load(GUEST.function)
    first = only_file(directory)
    os.utime(first, (1, 1))
    monkeypatch.setattr(cache_module, "MAX_TOTAL_BYTES", first.stat().st_size + 1000)
    cache.load(program("(i64.const 4)").function)
    assert first not in list(directory.iterdir())
    assert len(list(directory.iterdir())) == 1
