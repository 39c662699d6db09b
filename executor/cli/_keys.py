"""Private keys of accounts: 32 bytes in hex, or a keystore, in a file or a variable of the environment."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Final

from executor.errors import InvalidConfig, InvalidValue

MAX_KEY_BYTES: Final = 65_536  # a keystore has 500


def key_of_file(file: Path) -> bytes:
    """The key in a file; raises InvalidConfig, which names the file and never shows the key."""
    try:
        with file.open(encoding="utf-8") as opened:
            text = opened.read(MAX_KEY_BYTES)
    except OSError as error:
        raise InvalidConfig(f"cannot read the key file {file}: {error.strerror}") from error
    except UnicodeDecodeError as error:
        raise InvalidConfig(f"the key file {file} is no text") from error
    return _key(text.strip(), f"the key file {file}")


def key_of_variable(variable: str) -> bytes:
    """The key in a variable that is set; raises InvalidConfig, as `key_of_file`."""
    return _key(os.environ[variable].strip(), f"${variable}")


def _key(text: str, where: str) -> bytes:
    from executor.crypto.secp256k1 import address_of

    if text.startswith("{"):
        return _decrypted(text)
    try:
        key = bytes.fromhex(text.removeprefix("0x"))
    except ValueError:
        key = b""
    if len(key) != 32:
        raise InvalidConfig(f"{where}: the key is not 32 bytes in hex, nor a keystore in JSON")
    try:
        address_of(key)
    except InvalidValue as error:
        raise InvalidConfig(f"{where}: {error}") from error
    return key


def _decrypted(text: str) -> bytes:
    """The key of a Web3 Secret Storage file, as wallets and `executor keygen` write it."""
    from executor.cli.keygen import read_password
    from executor.keys.keystore import decrypt_key

    return decrypt_key("secp256k1", text.encode(), read_password(None))
