"""The four keys of one node and the directory they live in.

signer.json       secp256k1: observations, Prepares, votes, messages; its address is registered on chain
transmitter.json  secp256k1: the account that pays gas
bls.json          BLS12-381 min-sig: votes where an epoch's verifier asks for them
encryption.json   X25519: what peers seal to this node
keys.json         the public parts, readable without the password
record.sqlite3    what the signer key has signed (executor/keys/record.py)
"""

from __future__ import annotations

import secrets
from dataclasses import dataclass
from pathlib import Path
from typing import Final as Constant

from executor.crypto import bls, secp256k1
from executor.errors import InvalidEncoding, KeyStoreError, WrongPassword
from executor.keys.files import check_private, write_new
from executor.keys.keystore import Curve, decrypt_key, encrypt_key
from executor.keys.record import SignerRecord
from executor.keys.sealing import encryption_key_of
from executor.model.codec import Hex, decode, encode
from executor.model.ids import Address

PUBLIC_FILE: Constant = "keys.json"
RECORD_FILE: Constant = "record.sqlite3"
MAX_FILE_BYTES: Constant = 64 * 1024
MAX_SETS: Constant = 16  # a set for each rotation whose epochs are still served
CURVES: dict[str, Curve] = {
    "signer": "secp256k1",
    "transmitter": "secp256k1",
    "bls": "bls12-381-min-sig",
    "encryption": "x25519",
}


@dataclass(frozen=True, slots=True)
class PublicKeys:
    """What others may know of a node's keys. `bls_key`: compressed G2. `encryption_key`: X25519."""

    signer: Address
    transmitter: Address
    bls_key: Hex
    encryption_key: Hex


@dataclass(frozen=True, slots=True, repr=False)
class KeySet:
    """The four secrets, 32 bytes each; printing one shows public parts only."""

    signer: bytes
    transmitter: bytes
    bls: bytes
    encryption: bytes

    @property
    def public(self) -> PublicKeys:
        """The public parts."""
        return PublicKeys(
            signer=secp256k1.address_of(self.signer),
            transmitter=secp256k1.address_of(self.transmitter),
            bls_key=bls.public_key(self.bls),
            encryption_key=encryption_key_of(self.encryption),
        )

    def __repr__(self) -> str:
        return f"KeySet({self.public})"


def generate_keys() -> KeySet:
    """Fresh keys from the system's randomness."""
    return KeySet(_secp256k1(), _secp256k1(), bls.secret_from_seed(secrets.token_bytes(32)), _secp256k1())


def create_keys(directory: Path, password: str, *, fast: bool = False) -> PublicKeys:
    """Generate and write the keys of a node, files of mode 0600 in a directory of mode 0700, and an empty record.

    Raises KeyStoreError when any of the files exists: nothing is ever overwritten.
    """
    return write_keys(directory, generate_keys(), password, fast=fast)


def write_keys(directory: Path, keys: KeySet, password: str, *, fast: bool = False) -> PublicKeys:
    """Write given keys as `create_keys` does."""
    if not password:
        raise KeyStoreError("a keystore needs a password")
    files = {f"{name}.json": encrypt_key(curve, getattr(keys, name), password, fast=fast) for name, curve in _curves()}
    files[PUBLIC_FILE] = encode(keys.public)
    try:
        directory.mkdir(mode=0o700, parents=True, exist_ok=True)
        check_private(directory)
        if existing := [name for name in (*files, RECORD_FILE) if (directory / name).exists()]:
            raise KeyStoreError(f"{directory / existing[0]} exists; keys are never overwritten")
        for name, data in files.items():
            write_new(directory / name, data)
    except OSError as error:
        raise KeyStoreError(f"cannot write keys: {error}") from error
    SignerRecord.create(directory / RECORD_FILE, keys.public.signer).close()
    return keys.public


def load_keys(directory: Path, password: str) -> KeySet:
    """Decrypt a node's keys; raises WrongPassword, or KeyStoreError naming the file and what is wrong with it."""
    secrets_by_name = {name: _load(directory / f"{name}.json", curve, password) for name, curve in _curves()}
    keys = KeySet(**secrets_by_name)
    if keys.public != load_public_keys(directory):
        raise KeyStoreError(f"{directory / PUBLIC_FILE} does not describe the keys beside it")
    return keys


def load_public_keys(directory: Path) -> PublicKeys:
    """The public parts, without a password; raises KeyStoreError."""
    path = directory / PUBLIC_FILE
    try:
        public: PublicKeys = decode(PublicKeys, _read(path), limit=MAX_FILE_BYTES)
    except InvalidEncoding as error:
        raise KeyStoreError(f"{path}: {error}") from error
    return public


def find_sets(directory: Path) -> dict[str, Path]:
    """The key sets of a signer's directory by name: itself, and the folders below it that hold one, in order.

    Raises KeyStoreError when there is none, more than MAX_SETS, or one that other users may read or change.
    """
    try:
        folders = sorted(path for path in directory.iterdir() if path.is_dir() and (path / PUBLIC_FILE).exists())
    except OSError as error:
        raise KeyStoreError(f"cannot read the keys' directory {directory}: {error.strerror}") from error
    found = {"": directory} if (directory / PUBLIC_FILE).exists() else {}
    found |= {folder.name: folder for folder in folders}
    if not found:
        raise KeyStoreError(f"{directory} holds no keys: there is no {PUBLIC_FILE} in it; `executor keygen` makes them")
    if len(found) > MAX_SETS:
        raise KeyStoreError(f"{directory} holds {len(found)} key sets; the limit is {MAX_SETS}: move old ones away")
    check_private(directory)
    for folder in found.values():
        for path in (folder, *(folder / f"{name}.json" for name in CURVES), folder / RECORD_FILE):
            check_private(path)
    return found


def _curves() -> list[tuple[str, Curve]]:
    return list(CURVES.items())


def _load(path: Path, curve: Curve, password: str) -> bytes:
    data = _read(path)
    try:
        return decrypt_key(curve, data, password)
    except WrongPassword as error:
        raise WrongPassword(f"{path}: {error}") from error
    except KeyStoreError as error:
        raise KeyStoreError(f"{path}: {error}") from error


def _read(path: Path) -> bytes:
    try:
        with path.open("rb") as file:
            data = file.read(MAX_FILE_BYTES + 1)
    except OSError as error:
        raise KeyStoreError(f"cannot read {path}: {error.strerror}") from error
    if len(data) > MAX_FILE_BYTES:
        raise KeyStoreError(f"{path} is longer than {MAX_FILE_BYTES} bytes")
    return data


def _secp256k1() -> bytes:
    """32 random bytes in [1, group order); X25519 takes any, version 3 keystores want these."""
    while True:
        candidate = secrets.token_bytes(32)
        if 0 < int.from_bytes(candidate, "big") < secp256k1.ORDER:
            return candidate
