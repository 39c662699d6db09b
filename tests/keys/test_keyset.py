"""A node's directory of keys."""

from __future__ import annotations

import stat
from pathlib import Path

import pytest

from executor.errors import KeyStoreError, StoreError, WrongPassword
from executor.keys.keyset import (
    CURVES,
    MAX_FILE_BYTES,
    PUBLIC_FILE,
    RECORD_FILE,
    KeySet,
    create_keys,
    generate_keys,
    load_keys,
    load_public_keys,
)
from executor.keys.record import SignerRecord
from executor.keys.ring import Keyring
from executor.keys.rotation import rotate_keys

PASSWORD = "correct horse"


def test_created_keys_load(tmp_path: Path) -> None:
    """What was created is what loads, and the public parts are readable without the password."""
    public = create_keys(tmp_path / "keys", PASSWORD, fast=True)
    assert public == load_keys(tmp_path / "keys", PASSWORD).public
    assert public == load_public_keys(tmp_path / "keys")


def test_only_the_owner_reads_the_files(directory: Path) -> None:
    """Files 0600 in a directory 0700."""
    assert stat.S_IMODE(directory.stat().st_mode) == 0o700
    modes = {path.name: stat.S_IMODE(path.stat().st_mode) for path in directory.iterdir()}
    assert {0o600} == set(modes.values())
    assert {*(f"{name}.json" for name in CURVES), PUBLIC_FILE, RECORD_FILE} == set(modes)


def test_generated_keys_differ() -> None:
    """Two nodes share nothing, and one node's two accounts differ."""
    one, two = generate_keys(), generate_keys()
    assert len({one.signer, one.transmitter, one.bls, one.encryption, two.signer, two.transmitter, two.bls}) == 7


def test_secrets_are_not_printed(keys: KeySet) -> None:
    """repr and str of a key set show public parts only."""
    assert keys.signer.hex() not in repr(keys) + str(keys)
    assert str(keys.public.signer) in repr(keys)


@pytest.mark.parametrize("name", ["bls.json", PUBLIC_FILE, RECORD_FILE])
def test_nothing_is_overwritten(tmp_path: Path, name: str) -> None:
    """One file of an earlier set is enough to refuse, and it is left as it was."""
    (tmp_path / name).write_bytes(b"precious")
    with pytest.raises(KeyStoreError, match="never overwritten"):
        create_keys(tmp_path, PASSWORD, fast=True)
    assert [name] == [path.name for path in tmp_path.iterdir()]
    assert (tmp_path / name).read_bytes() == b"precious"


def test_an_empty_password_is_refused(tmp_path: Path) -> None:
    """Keys are not written in the clear by accident."""
    with pytest.raises(KeyStoreError, match="password"):
        create_keys(tmp_path / "keys", "", fast=True)
    assert not (tmp_path / "keys").exists()


def test_a_wrong_password_names_the_file(directory: Path) -> None:
    """The message says which keystore refused."""
    with pytest.raises(WrongPassword, match=r"signer\.json"):
        load_keys(directory, "wrong")


def test_missing_damaged_and_swapped_files_are_refused(directory: Path) -> None:
    """Each fault names its file."""
    signer, transmitter = directory / "signer.json", directory / "transmitter.json"
    good_signer, good_transmitter = signer.read_bytes(), transmitter.read_bytes()
    signer.unlink()
    with pytest.raises(KeyStoreError, match=r"signer\.json: No such file"):
        load_keys(directory, PASSWORD)
    signer.write_bytes(good_signer[:-20])
    with pytest.raises(KeyStoreError, match=r"signer\.json: a keystore is JSON"):
        load_keys(directory, PASSWORD)
    signer.write_bytes(b" " * (MAX_FILE_BYTES + 1))
    with pytest.raises(KeyStoreError, match=r"signer\.json is longer"):
        load_keys(directory, PASSWORD)
    signer.write_bytes(good_transmitter)
    transmitter.write_bytes(good_signer)
    with pytest.raises(KeyStoreError, match=r"keys\.json does not describe"):
        load_keys(directory, PASSWORD)
    (directory / PUBLIC_FILE).write_bytes(b"{}")
    with pytest.raises(KeyStoreError, match=r"keys\.json"):
        load_public_keys(directory)


def test_the_record_belongs_to_the_signer_key(directory: Path, keys: KeySet) -> None:
    """Another key cannot use it."""
    with pytest.raises(StoreError, match="not of"):
        SignerRecord.open(directory / RECORD_FILE, keys.public.transmitter)
    SignerRecord.open(directory / RECORD_FILE, keys.public.signer).close()


@pytest.mark.parametrize("name", [".", "signer.json", "encryption.json", RECORD_FILE])
def test_keys_that_others_may_read_or_change_are_not_opened(directory: Path, name: str) -> None:
    """As ssh does: the file is named, with what to do; the same in the folder of a rotated set."""
    path = directory / name
    path.chmod(0o755 if path.is_dir() else 0o644)
    right = "0700" if path.is_dir() else "0600"
    with pytest.raises(KeyStoreError, match=rf"open to other users \(mode 0[67]\d\d\): chmod {right} {path}"):
        Keyring.open(directory)
    path.chmod(0o700 if path.is_dir() else 0o600)
    Keyring.open(directory).close()
    rotated = rotate_keys(directory, PASSWORD, fast=True).directory
    (rotated / "bls.json").chmod(0o640)
    with pytest.raises(KeyStoreError, match=f"chmod 0600 {rotated / 'bls.json'}"):
        Keyring.open(directory)


def test_keys_are_not_made_in_a_folder_that_is_open_to_others(tmp_path: Path) -> None:
    (tmp_path / "keys").mkdir()
    with pytest.raises(KeyStoreError, match="chmod 0700"):
        create_keys(tmp_path / "keys", PASSWORD, fast=True)
    assert list((tmp_path / "keys").iterdir()) == []
