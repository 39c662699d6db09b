"""What the verbs that talk to a network are set to: options, then the environment, then `executor.toml`.

Rule 1. An option of the command line comes before EXECUTOR_NAME in the environment, and that before `name` in the file.
Rule 2. The file is --config's, else $EXECUTOR_CONFIG's, else the nearest: `executor.toml` of this folder or else its
        `devnet/executor.toml`, which a running `executor devnet` keeps there, then the same of the folder above.
Rule 3. Unknown keys are refused, in the file and among variables close to EXECUTOR_NAME; the nearest is named.
Rule 4. Paths in the file are relative to its folder; ${NAME} in a URL is read from the environment, as keys are secret.
"""

from __future__ import annotations

import os
import re
import tomllib
from collections.abc import Mapping
from difflib import get_close_matches
from pathlib import Path
from typing import Annotated, Any, Final, TypeAlias, TypeVar

from pydantic import BaseModel, ConfigDict, Field, PrivateAttr, ValidationError

from executor.errors import InvalidConfig
from executor.model.codec import MAX_INTEGER

CONFIG_FILE: Final = "executor.toml"
DEVNET_FOLDER: Final = "devnet"
MAX_CONFIG_BYTES: Final = 65_536
PREFIX: Final = "EXECUTOR_"
CONFIG_VARIABLE: Final = "EXECUTOR_CONFIG"
KEY_VARIABLE: Final = "EXECUTOR_KEY"
# Variables of other verbs, of the password prompt and of test suites: none of them is a setting.
OTHERS: Final = frozenset(
    {CONFIG_VARIABLE, KEY_VARIABLE, "EXECUTOR_PASSWORD", "EXECUTOR_UPLOAD_KEY", "EXECUTOR_TRIGGER_KEY"}
    | {"EXECUTOR_SECRETS_KEY", "EXECUTOR_NEW_PASSWORD", "EXECUTOR_AARCH64"}
)
_VARIABLE: Final = re.compile(r"\$\{([A-Za-z_][A-Za-z0-9_]*)\}")
T = TypeVar("T")

UrlText: TypeAlias = Annotated[str, Field(pattern=r"^(https?://|\$\{)[^\s@]+$", max_length=2_048)]
AddressText: TypeAlias = Annotated[str, Field(pattern=r"^0x[0-9a-fA-F]{40}$")]


class Settings(BaseModel):
    """The keys of executor.toml; each but `resolve` and `ask` is also a variable of the environment and an option."""

    model_config = ConfigDict(extra="forbid", frozen=True, strict=True)

    rpc_urls: Annotated[list[UrlText], Field(max_length=8)] = []
    chain_id: Annotated[int, Field(ge=1, le=MAX_INTEGER)] | None = None
    router: AddressText | None = None
    nodes: Annotated[list[UrlText], Field(max_length=100)] = []  # Committee.MAX_MEMBERS
    subscription: Annotated[int, Field(ge=1, le=MAX_INTEGER)] | None = None
    key_file: Annotated[Path, Field(strict=False)] | None = None
    ask: bool = True  # before money is spent
    resolve: Annotated[dict[str, str], Field(max_length=256)] = {}

    _endpoints_of: str = PrivateAttr(default="")

    @property
    def endpoints_of(self) -> str:
        """What named `rpc_urls`: an option, a variable or a file."""
        return self._endpoints_of


OPTIONS: Final[Mapping[str, str]] = {
    "rpc_urls": "--rpc",
    "chain_id": "--chain-id",
    "router": "--router",
    "nodes": "--node",
    "subscription": "--subscription",
    "key_file": "--key-file",
}
LISTS: Final = frozenset({"rpc_urls", "nodes"})
INTEGERS: Final = frozenset({"chain_id", "subscription"})


def read_settings(
    named: Path | None = None,
    *,
    environment: Mapping[str, str] = os.environ,
    start: Path | None = None,
    **options: Any,
) -> Settings:
    """The settings in force; `options` are those of the command line, None or empty where not given.

    Raises InvalidConfig naming file or variable, key and what to do.
    """
    file = config_file(named, environment, start or Path.cwd())
    plain = {} if file is None else _of_file(file, environment)
    endpoints_of, found = str(file), _of_environment(environment)
    if "rpc_urls" in found:
        endpoints_of = f"{PREFIX}RPC_URLS"
    plain |= found
    for name, value in options.items():
        if value not in (None, [], ()):
            plain[name] = value
            _checked({name: value}, OPTIONS[name])
            endpoints_of = OPTIONS[name] if name == "rpc_urls" else endpoints_of
    settings = _checked(plain, "the settings")
    settings._endpoints_of = endpoints_of
    return settings


def config_file(named: Path | None, environment: Mapping[str, str], start: Path) -> Path | None:
    """Rule 2; raises InvalidConfig for a named file that is not there."""
    whose = ""
    if named is None and (text := environment.get(CONFIG_VARIABLE)):
        named, whose = Path(text), f", which {CONFIG_VARIABLE} names"
    if named is not None:
        if not named.is_file():
            raise InvalidConfig(f"{named}: there is no such file{whose}")
        return named
    for folder in (start, *start.parents):
        for found in (folder / CONFIG_FILE, folder / DEVNET_FOLDER / CONFIG_FILE):
            if found.is_file():
                return found
    return None


def needed(value: T | None, name: str) -> T:
    """A setting that a verb cannot do without; raises InvalidConfig naming the three ways to give it."""
    if value is None or value == []:
        raise InvalidConfig(
            f"{name} is not set: give {OPTIONS[name]}, {PREFIX}{name.upper()} or {name} in {CONFIG_FILE}; "
            "or start `executor devnet` in this folder"
        )
    return value


def _of_file(file: Path, environment: Mapping[str, str]) -> dict[str, Any]:
    try:
        with file.open("rb") as opened:
            data = opened.read(MAX_CONFIG_BYTES + 1)
    except OSError as error:
        raise InvalidConfig(f"{file}: {error.strerror}") from error
    if len(data) > MAX_CONFIG_BYTES:
        raise InvalidConfig(f"{file}: more than {MAX_CONFIG_BYTES} bytes")
    try:
        plain = tomllib.loads(data.decode("utf-8"))
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise InvalidConfig(f"{file}: not TOML: {error}") from error
    settings = _checked(plain, str(file))
    written = settings.model_dump(exclude_unset=True)
    for name in LISTS & written.keys():
        written[name] = [_filled(url, environment, f"{file}: {name}") for url in written[name]]
    if settings.key_file is not None:
        written["key_file"] = file.resolve().parent / settings.key_file.expanduser()
    return written


def _of_environment(environment: Mapping[str, str]) -> dict[str, Any]:
    found: dict[str, Any] = {}
    for variable, text in environment.items():
        if not variable.startswith(PREFIX) or variable in OTHERS or not text:
            continue
        name = variable.removeprefix(PREFIX).lower()
        if name not in OPTIONS:
            near = get_close_matches(name, OPTIONS, n=1, cutoff=0.7)
            if near:  # else it is another program's
                raise InvalidConfig(f"{variable}: unknown; did you mean {PREFIX}{near[0].upper()}?")
            continue
        if name in LISTS:
            found[name] = text.replace(",", " ").split()
        elif name in INTEGERS:
            if not text.isdecimal() or len(text) > 16:
                raise InvalidConfig(f"{variable}: {text[:40]!r} is not a number")
            found[name] = int(text)
        else:
            found[name] = text
        _checked({name: found[name]}, variable)
    return found


def _checked(plain: Mapping[str, Any], where: str) -> Settings:
    try:
        return Settings.model_validate(dict(plain))
    except ValidationError as error:
        raise InvalidConfig(f"{where}: {_explain(error, is_named=where.startswith(('--', PREFIX)))}") from error


WORDS: Final[Mapping[str, str]] = {
    "int_type": "a whole number, without quotes",
    "list_type": 'a list, such as ["https://…"]',
    "string_type": "text, in quotes",
    "bool_type": "true or false, without quotes",
    "dict_type": "a table: [resolve], then a line for each host",
    "too_long": "too many of them",
}


def _explain(error: ValidationError, *, is_named: bool) -> str:
    """What is wrong, with the key unless it `is_named`; never the value: a URL may hold a key."""
    every = error.errors(include_url=False, include_input=False)
    unknown = [each for each in every if each["type"] == "extra_forbidden"]
    first = (unknown or every)[0]  # an unknown key is what a missing one was meant to be
    key = ".".join(str(part) for part in first["loc"])
    if unknown:
        near = get_close_matches(key, Settings.model_fields, n=1, cutoff=0.4)
        known = f"the keys are {', '.join(Settings.model_fields)}"
        return f"unknown key {key}; " + (f"did you mean {near[0]}?" if near else known)
    told = WORDS.get(first["type"], first["msg"])
    if first["type"] == "string_pattern_mismatch":
        is_url = str(first["loc"][0]) in LISTS
        told = "an http or https URL without user and password" if is_url else "0x and 40 hex digits"
    return told if is_named else f"{key}: {told}"


def _filled(url: str, environment: Mapping[str, str], where: str) -> str:
    def value(found: re.Match[str]) -> str:
        if found[1] not in environment:
            raise InvalidConfig(f"{where}: the environment has no {found[1]}")
        return environment[found[1]]

    return _VARIABLE.sub(value, url)
