"""Keystore files: ERC-2335's vectors, round trips, and files that are wrong."""

from __future__ import annotations

import json
from typing import Any

import pytest
from eth_account import Account

from executor.crypto import bls, secp256k1
from executor.crypto.digests import keccak256
from executor.errors import KeyStoreError, WrongPassword
from executor.keys import keystore
from executor.keys.keystore import Curve, decrypt_key, encrypt_key, normalize_password

# ERC-2335, "Test Cases": the password is in Fraktur letters, the secret is Bitcoin's genesis block hash.
FRAKTUR_A = 0x1D51E
VECTOR_PASSWORD = "".join(chr(ord(letter) - ord("a") + FRAKTUR_A) for letter in "testpassword") + "🔑"
VECTOR_SECRET = bytes.fromhex("000000000019d6689c085ae165831e934ff763ae46a2a6c172b3f1b60a8ce26f")
SALT = "d4e56740f876aef8c010b86a40d5f56745a118d0906a34e69aec8c0db1cb8fa3"
VECTORS = {
    "scrypt": (
        {"dklen": 32, "n": 262144, "p": 1, "r": 8, "salt": SALT},
        "d2217fe5f3e9a1e34581ef8a78f7c9928e436d36dacc5e846690a5581e8ea484",
        "06ae90d55fe0a6e9c5c3bc5b170827b2e5cce3929ed3f116c2811e6366dfe20f",
    ),
    "pbkdf2": (
        {"dklen": 32, "c": 262144, "prf": "hmac-sha256", "salt": SALT},
        "8a9f5d9912ed7e75ea794bc5a89bca5f193721d30868ade6f73043c6ea6febf1",
        "cee03fde2af33149775b7223e7845e4fb2c8ae1792e5f99fe9ecf474cc8c16ad",
    ),
}
SECRETS: dict[Curve, bytes] = {
    "secp256k1": keccak256(b"key"),
    "x25519": keccak256(b"other key"),
    "bls12-381-min-sig": bls.secret_from_seed(b"s" * 32),
}


def vector_file(kdf: str) -> dict[str, Any]:
    parameters, checksum, cipher = VECTORS[kdf]
    return {
        "crypto": {
            "kdf": {"function": kdf, "params": parameters, "message": ""},
            "checksum": {"function": "sha256", "params": {}, "message": checksum},
            "cipher": {
                "function": "aes-128-ctr",
                "params": {"iv": "264daa3f303d7259501c93d997d84fe6"},
                "message": cipher,
            },
        },
        "pubkey": bls.public_key(VECTOR_SECRET).hex(),
        "path": "m/12381/60/3141592653/589793238",
        "uuid": "1d85ae20-35c5-4611-98e8-aa14a633906f",
        "version": 4,
    }


@pytest.mark.parametrize("kdf", VECTORS)
def test_the_vectors_of_erc_2335_decrypt(kdf: str) -> None:
    """Both vectors give the secret, with the password as a person types it (pubkey rewritten for min-sig)."""
    assert decrypt_key("bls12-381-min-sig", json.dumps(vector_file(kdf)).encode(), VECTOR_PASSWORD) == VECTOR_SECRET


def test_a_min_pk_pubkey_is_refused() -> None:
    """The vector's own 48-byte key belongs to the other variant of BLS."""
    file = vector_file("pbkdf2")
    file["pubkey"] = "9612d7a727c9d0a22e185a1c768478dfe919cada9266988cb32359c11f2b7b27f4ae4040902382ae2910c15e2b420d07"
    with pytest.raises(KeyStoreError, match="pubkey is not that of its secret"):
        decrypt_key("bls12-381-min-sig", json.dumps(file).encode(), VECTOR_PASSWORD)


def test_passwords_are_normalized() -> None:
    """NFKD and no control codes: the example bytes of ERC-2335."""
    assert bytes.fromhex("7465737470617373776f7264f09f9491") == normalize_password(VECTOR_PASSWORD)
    assert normalize_password("testpassword🔑") == normalize_password("\x00test\x1fpass\x7fword\x80\x9f🔑\n")


@pytest.mark.parametrize("curve", SECRETS)
def test_keys_round_trip(curve: Curve) -> None:
    """Encrypted and decrypted, each kind is itself, under a password with letters beyond ASCII, too."""
    data = encrypt_key(curve, SECRETS[curve], "pässwörd 🔑", fast=True)
    assert SECRETS[curve] == decrypt_key(curve, data, "pässwörd 🔑")
    assert SECRETS[curve].hex() not in data.decode()


def test_slow_keystores_use_scrypt_and_open_elsewhere() -> None:
    """The default is scrypt at ERC-2335's cost, and eth_account opens the version 3 file."""
    data = encrypt_key("secp256k1", SECRETS["secp256k1"], "password")
    file = json.loads(data)
    assert file["crypto"]["kdf"] == "scrypt"
    assert file["crypto"]["kdfparams"]["n"] == keystore.SCRYPT_N
    assert SECRETS["secp256k1"] == bytes(Account.decrypt(file, "password"))
    assert secp256k1.address_of(SECRETS["secp256k1"]).hex() == file["address"]


@pytest.mark.parametrize("curve", SECRETS)
def test_a_wrong_password_is_named(curve: Curve) -> None:
    """WrongPassword, whatever the kind of key; a damaged ciphertext looks the same."""
    data = encrypt_key(curve, SECRETS[curve], "password", fast=True)
    with pytest.raises(WrongPassword):
        decrypt_key(curve, data, "Password")
    with pytest.raises(WrongPassword):
        decrypt_key(curve, data, "")


def corrupted(change: dict[tuple[str, ...], Any]) -> bytes:
    file = json.loads(encrypt_key("secp256k1", SECRETS["secp256k1"], "password", fast=True))
    for path, value in change.items():
        place = file
        for name in path[:-1]:
            place = place[name]
        if value is None:
            del place[path[-1]]
        else:
            place[path[-1]] = value
    return json.dumps(file).encode()


PARAMETERS = ("crypto", "kdfparams")
CORRUPTED = {
    "empty": b"",
    "no JSON": b"{",
    "deeply nested": b"[" * 100_000,
    "a list": b"[]",
    "not text": b"\xff\xfe",
    "too long": b" " * (keystore.MAX_KEYSTORE_BYTES + 1),
    "no version": corrupted({("version",): None}),
    "another version": corrupted({("version",): 4}),
    "no crypto": corrupted({("crypto",): None}),
    "crypto a string": corrupted({("crypto",): "x"}),
    "another cipher": corrupted({("crypto", "cipher"): "aes-256-gcm"}),
    "no ciphertext": corrupted({("crypto", "ciphertext"): None}),
    "ciphertext no hex": corrupted({("crypto", "ciphertext"): "zz"}),
    "no iv": corrupted({("crypto", "cipherparams"): {}}),
    "mac a number": corrupted({("crypto", "mac"): 7}),
    "unknown kdf": corrupted({("crypto", "kdf"): "argon2"}),
    "another prf": corrupted({(*PARAMETERS, "prf"): "hmac-md5"}),
    "other key length": corrupted({(*PARAMETERS, "dklen"): 64}),
    "endless pbkdf2": corrupted({(*PARAMETERS, "c"): 10**12}),
    "no iterations": corrupted({(*PARAMETERS, "c"): 0}),
    "salt too short": corrupted({(*PARAMETERS, "salt"): "00"}),
    "huge scrypt": corrupted(
        {("crypto", "kdf"): "scrypt", PARAMETERS: {"dklen": 32, "n": 2**30, "r": 8, "p": 1, "salt": SALT}}
    ),
    "scrypt n no power of two": corrupted(
        {("crypto", "kdf"): "scrypt", PARAMETERS: {"dklen": 32, "n": 1000, "r": 8, "p": 1, "salt": SALT}}
    ),
    "another address": corrupted({("address",): "00" * 20}),
    "no address": corrupted({("address",): None}),
}


@pytest.mark.parametrize("data", CORRUPTED.values(), ids=CORRUPTED.keys())
def test_corrupted_keystores_are_refused(data: bytes) -> None:
    """Each is KeyStoreError, at once, and none is taken for a wrong password."""
    with pytest.raises(KeyStoreError) as caught:
        decrypt_key("secp256k1", data, "password")
    assert not isinstance(caught.value, WrongPassword)
