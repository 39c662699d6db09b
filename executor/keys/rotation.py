"""New keys beside the old, and a new password for all of them.

Rule 1. Old sets stay: their keys serve the epochs they were registered for, and their records go on.
Rule 2. A new set is registered by its operator before any epoch knows it (Operators.sol, `register`).
Rule 3. A change of password that was cut short is finished by repeating it: each file opens with one of the two.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from itertools import count
from pathlib import Path

from executor.errors import WrongPassword
from executor.keys.files import replace_file
from executor.keys.keyset import CURVES, KeySet, PublicKeys, find_sets, generate_keys, load_keys, write_keys
from executor.keys.keystore import decrypt_key, encrypt_key


@dataclass(frozen=True, slots=True)
class Rotated:
    """The folder of a new set, and its public keys."""

    directory: Path
    public: PublicKeys


def rotate_keys(directory: Path, password: str, *, keep_transmitter: bool = False, fast: bool = False) -> Rotated:
    """Make a new key set below a signer's directory; raises WrongPassword or KeyStoreError.

    `keep_transmitter`: the account that pays for gas stays the one of the newest set.
    """
    sets = [load_keys(folder, password) for folder in find_sets(directory).values()]
    keys: KeySet = generate_keys()
    if keep_transmitter:
        keys = replace(keys, transmitter=sets[-1].transmitter)
    folder = next(place for number in count(2) if not (place := directory / f"set-{number:02d}").exists())
    return Rotated(folder, write_keys(folder, keys, password, fast=fast))


def change_password(directory: Path, old: str, new: str, *, fast: bool = False) -> None:
    """Encrypt every key of every set anew; raises WrongPassword or KeyStoreError (Rule 3)."""
    if not new:
        raise WrongPassword("a keystore needs a password")
    files = [folder / f"{name}.json" for folder in find_sets(directory).values() for name in CURVES]
    secrets = [(path, CURVES[path.stem], _open(path, old, new)) for path in files]
    for path, curve, secret in secrets:
        replace_file(path, encrypt_key(curve, secret, new, fast=fast))


def _open(path: Path, old: str, new: str) -> bytes:
    data, curve = path.read_bytes(), CURVES[path.stem]
    try:
        return decrypt_key(curve, data, old)
    except WrongPassword:
        try:
            return decrypt_key(curve, data, new)
        except WrongPassword:
            raise WrongPassword(f"{path}: neither password opens it") from None
