"""Identifiers and digests: fixed-length byte strings, one type each, so that they cannot be mixed up."""

from __future__ import annotations

from typing import Any, ClassVar, Self

from pydantic import GetCoreSchemaHandler, GetJsonSchemaHandler
from pydantic_core import CoreSchema, core_schema

from executor.errors import InvalidValue


class FixedBytes(bytes):
    """A byte string of exactly `size` bytes; raises InvalidValue otherwise. JSON form: 0x-prefixed lower-case hex."""

    size: ClassVar[int] = 0

    def __new__(cls, value: bytes) -> Self:
        if len(value) != cls.size:
            raise InvalidValue(f"{cls.__name__} is {cls.size} bytes, not {len(value)}")
        return super().__new__(cls, value)

    @classmethod
    def from_hex(cls, text: str) -> Self:
        """Parse hex with or without 0x; raises InvalidValue."""
        try:
            value = bytes.fromhex(text.removeprefix("0x"))
        except ValueError as error:
            raise InvalidValue(f"{cls.__name__} is 0x and {2 * cls.size} hex digits: {error}") from error
        return cls(value)

    def __str__(self) -> str:
        return "0x" + self.hex()

    def __repr__(self) -> str:
        return f"{type(self).__name__}({self})"

    @classmethod
    def __get_pydantic_core_schema__(cls, _source: Any, _handler: GetCoreSchemaHandler) -> CoreSchema:
        return core_schema.no_info_plain_validator_function(
            cls._validate, serialization=core_schema.to_string_ser_schema(when_used="json")
        )

    @classmethod
    def __get_pydantic_json_schema__(cls, _schema: CoreSchema, _handler: GetJsonSchemaHandler) -> dict[str, Any]:
        return {"type": "string", "pattern": f"^0x[0-9a-f]{{{2 * cls.size}}}$", "title": cls.__name__}

    @classmethod
    def _validate(cls, value: object) -> Self:
        match value:
            case str():
                return cls.from_hex(value)
            case bytes():
                return cls(value)
            case _:
                raise ValueError(f"{cls.__name__} is a hex string")


class Address(FixedBytes):
    """An EVM address."""

    size = 20


class Digest(FixedBytes):
    """A keccak256 digest."""

    size = 32


class ModuleId(Digest):
    """keccak256 of the WASM bytes."""


class ManifestHash(Digest):
    """Hash of a manifest's limits and capabilities."""


class FunctionId(Digest):
    """Identity of (module, source, manifest)."""


class ProfileId(Digest):
    """Identity of the machine's rules."""


class EpochDigest(Digest):
    """Identity of (chain, router, committee, epoch number)."""


class RequestId(Digest):
    """Identity of one request; commits to input and context."""


class SpecHash(Digest):
    """Identity of an observation spec."""


class EntryHash(Digest):
    """Identity of one transcript entry."""


class TranscriptHash(Digest):
    """Identity of a transcript."""


class Root(Digest):
    """Merkle root of reports; of a single report, its leaf."""


class NameId(Digest):
    """Identity of a name in the function registry: its maker and its text."""


class RegistrationId(Digest):
    """Identity of a registered trigger."""


class EventHash(Digest):
    """Identity of what started a triggered run, with its input and context."""
