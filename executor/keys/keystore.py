"""One key in one encrypted file.

BLS keys: ERC-2335 (version 4). secp256k1 and X25519 keys: the Web3 Secret Storage format (version 3). In each, what
the file says of the public part is checked against the decrypted secret.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, Literal, TypeAlias, cast
from typing import Final as Constant
from unicodedata import category, normalize

from executor.crypto import bls, secp256k1
from executor.errors import KeyStoreError, WrongPassword
from executor.keys.sealing import encryption_key_of
from executor.model.codec import check_nesting

MAX_KEYSTORE_BYTES: Constant = 16 * 1024  # files are about 700 bytes
FAST_ITERATIONS: Constant = 1024  # PBKDF2, under a millisecond: for tests and throw-away networks
SCRYPT_N: Constant = 2**18  # ERC-2335's own parameter: 256 MiB and 0.7 s a guess

# What a file may make us compute; a forged file must not hang or exhaust the process.
_MAX_SCRYPT_MEMORY: Constant = 2**30
_MAX_PBKDF2_ITERATIONS: Constant = 10_000_000
_SALT_BYTES = range(8, 129)

Curve: TypeAlias = Literal["secp256k1", "x25519", "bls12-381-min-sig"]


@dataclass(frozen=True, slots=True)
class _Form:
    version: int
    field: str  # where the file keeps the public part
    public_part: Callable[[bytes], bytes]


_FORMS: Mapping[Curve, _Form] = {
    "secp256k1": _Form(3, "address", secp256k1.address_of),
    "x25519": _Form(3, "x25519", encryption_key_of),
    "bls12-381-min-sig": _Form(4, "pubkey", bls.public_key),
}


def normalize_password(password: str) -> bytes:
    """ERC-2335, "Password requirements": NFKD, without C0, C1 and Delete control codes, UTF-8."""
    return "".join(sign for sign in normalize("NFKD", password) if category(sign) != "Cc").encode("utf-8")


def encrypt_key(curve: Curve, secret: bytes, password: str, *, fast: bool = False) -> bytes:
    """The keystore file of `secret`; `fast` is for keys of no value."""
    form = _FORMS[curve]
    from eth_keyfile.keyfile import create_keyfile_json  # imports py_ecc (0.4 s): for those who hold keys only

    file: dict[str, Any] = create_keyfile_json(
        secret,
        normalize_password(password),
        version=form.version,
        kdf="pbkdf2" if fast else "scrypt",
        iterations=FAST_ITERATIONS if fast else SCRYPT_N,
    )
    file.pop("address", None)  # eth_keyfile takes every version 3 secret for a secp256k1 key,
    file[form.field] = form.public_part(secret).hex()  # and every version 4 one for min-pk
    if form.version == 4:
        file["description"] = "BLS12-381 min-sig: pubkey is in G2, compressed"
    return json.dumps(file, indent=2).encode() + b"\n"


def decrypt_key(curve: Curve, data: bytes, password: str) -> bytes:
    """The secret in a keystore file.

    Raises WrongPassword when the checksum does not match, KeyStoreError for every other fault of the file.
    """
    form, file = _FORMS[curve], _parse(data)
    if file.get("version") != form.version:
        raise KeyStoreError(f"keystore version {file.get('version')!r}; a {curve} key is in version {form.version}")
    _check_cost(_key_derivation(file, form.version))
    try:
        from eth_keyfile.keyfile import decode_keyfile_json  # as above

        secret: bytes = decode_keyfile_json(file, normalize_password(password))
    except (KeyError, TypeError, AttributeError, AssertionError, OverflowError) as error:
        raise KeyStoreError(f"malformed keystore: {error!r}") from error
    except ValueError as error:
        if "mismatch" in str(error):
            raise WrongPassword("wrong password, or the keystore is damaged") from error
        raise KeyStoreError(f"malformed keystore: {error}") from error
    _check_public_part(form, file, secret)
    return secret


def _parse(data: bytes) -> dict[str, Any]:
    if len(data) > MAX_KEYSTORE_BYTES:
        raise KeyStoreError(f"a keystore of {len(data)} bytes; the limit is {MAX_KEYSTORE_BYTES}")
    try:
        text = data.decode("utf-8")
        check_nesting(text)
        file = json.loads(text)
    except (ValueError, RecursionError) as error:
        raise KeyStoreError(f"a keystore is JSON: {error}") from error
    if not isinstance(file, dict):
        raise KeyStoreError("a keystore is a JSON object")
    return file


def _key_derivation(file: Mapping[str, Any], version: int) -> tuple[str, Mapping[str, Any]]:
    """Name and parameters of the key derivation function."""
    try:
        crypto = file["crypto"]
        if version == 3:
            kdf, parameters, cipher = crypto["kdf"], crypto["kdfparams"], crypto["cipher"]
        else:
            kdf, parameters = crypto["kdf"]["function"], crypto["kdf"]["params"]
            cipher = crypto["cipher"]["function"]
    except (KeyError, TypeError) as error:
        raise KeyStoreError(f"malformed keystore: {error!r}") from error
    if cipher != "aes-128-ctr" or not isinstance(kdf, str) or not isinstance(parameters, dict):
        raise KeyStoreError(f"a keystore's cipher is aes-128-ctr, not {cipher!r}")
    return kdf, parameters


def _check_cost(key_derivation: tuple[str, Mapping[str, Any]]) -> None:
    kdf, parameters = key_derivation
    match kdf, dict(parameters):
        case "scrypt", {"dklen": 32, "n": int(n), "r": int(r), "p": int(p), "salt": str(salt)}:
            # RFC 7914 §2: 128 N r bytes, p times over
            costly = not (n > 1 and n & (n - 1) == 0 and r > 0 and p > 0 and 128 * n * r * p <= _MAX_SCRYPT_MEMORY)
        case "pbkdf2", {"dklen": 32, "c": int(c), "prf": "hmac-sha256", "salt": str(salt)}:
            costly = not 0 < c <= _MAX_PBKDF2_ITERATIONS
        case _:
            raise KeyStoreError(f"unknown key derivation {kdf!r}, or wrong parameters of it")
    if costly or len(salt.removeprefix("0x")) // 2 not in _SALT_BYTES:
        raise KeyStoreError(f"{kdf} parameters out of range")


def _check_public_part(form: _Form, file: Mapping[str, Any], secret: bytes) -> None:
    try:
        public = form.public_part(secret).hex()
    except ValueError as error:
        raise KeyStoreError(f"the keystore holds no such key: {error}") from error
    stated = cast("object", file.get(form.field))
    if not isinstance(stated, str) or stated.lower().removeprefix("0x") != public:
        raise KeyStoreError(f"the keystore's {form.field} is not that of its secret")
