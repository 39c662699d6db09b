"""Calldata, return values, logs and reverts of the contracts, by their committed ABI."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from functools import cache
from typing import Any, ClassVar, Protocol, Self, TypeVar

from eth_abi.abi import decode as abi_decode
from eth_abi.abi import encode as abi_encode
from eth_abi.exceptions import DecodingError
from eth_hash.auto import keccak

from executor.chain.bindings import Artifact, load
from executor.errors import InvalidEncoding

PANIC = bytes.fromhex("4e487b71")
REVERT_TEXT = bytes.fromhex("08c379a0")

# contracts/src/interfaces/IEpochVerifier.sol: epoch verifiers are created by the committee and have no artifact.
VERIFIER_ERRORS: tuple[dict[str, Any], ...] = tuple(
    {"type": "error", "name": name, "inputs": [{"name": argument, "type": "uint256"} for argument in arguments]}
    for name, arguments in (
        ("BadProofLength", ("length",)),
        ("SignerOutOfRange", ("bitmap", "n")),
        ("QuorumNotReached", ("signers", "quorum")),
        ("BadSignature", ("member",)),
        ("BadAggregate", ()),
    )
)


class Event(Protocol):
    """A generated event class (executor/chain/bindings)."""

    TOPIC: ClassVar[bytes]

    @classmethod
    def from_args(cls, args: Mapping[str, Any]) -> Self:
        """The event from its decoded arguments by ABI name."""


E = TypeVar("E", bound=Event)


class Interface:
    """One contract's ABI."""

    def __init__(self, artifact: Artifact) -> None:
        self.artifact = artifact
        entries = artifact.abi
        self._functions = {entry["name"]: entry for entry in entries if entry["type"] == "function"}
        self._events = {entry["name"]: entry for entry in entries if entry["type"] == "event"}
        self._errors = {_selector(entry): entry for entry in [*entries, *VERIFIER_ERRORS] if entry["type"] == "error"}
        constructors = [entry for entry in entries if entry["type"] == "constructor"]
        self._constructor = constructors[0] if constructors else {"inputs": []}

    def creation(self, *arguments: object) -> bytes:
        """The data of the transaction that creates the contract."""
        code = bytes.fromhex(self.artifact.bytecode.removeprefix("0x"))
        return code + abi_encode(_types(self._constructor["inputs"]), arguments)

    def calldata(self, name: str, *arguments: object) -> bytes:
        """The data of a call."""
        entry = self._functions[name]
        return _selector(entry) + abi_encode(_types(entry["inputs"]), arguments)

    def result(self, name: str, raw: bytes) -> Any:
        """What a call returned; one value as itself, several as a tuple. Raises InvalidEncoding."""
        values = _decode(_types(self._functions[name]["outputs"]), raw)
        return values[0] if len(values) == 1 else values

    def event(self, kind: type[E], topics: Sequence[bytes], raw: bytes) -> E:
        """The event in a log; raises InvalidEncoding if the log is not one."""
        inputs = self._events[kind.__name__]["inputs"]
        indexed = [entry for entry in inputs if entry["indexed"]]
        plain = [entry for entry in inputs if not entry["indexed"]]
        if not topics or topics[0] != kind.TOPIC or len(topics) != len(indexed) + 1:
            raise InvalidEncoding(f"the log is no {kind.__name__}")
        values = [*_decode(_types(indexed), b"".join(topics[1:])), *_decode(_types(plain), raw)]
        return kind.from_args({entry["name"]: value for entry, value in zip([*indexed, *plain], values, strict=True)})

    def reason(self, raw: bytes) -> str:
        """A revert's return data for people."""
        try:
            if raw[:4] == REVERT_TEXT:
                return str(_decode(["string"], raw[4:])[0])
            if raw[:4] == PANIC:
                return f"Panic({_decode(['uint256'], raw[4:])[0]:#x})"
            entry = self._errors[raw[:4]]
            values = _decode(_types(entry["inputs"]), raw[4:])
        except (KeyError, InvalidEncoding):
            return f"0x{raw[:36].hex()}" if raw else "no reason given"
        return f"{entry['name']}({', '.join(_shown(value) for value in values)})"


@cache
def interface(name: str) -> Interface:
    """The interface of a committed contract."""
    return Interface(load(name))


def _decode(types: Sequence[str], raw: bytes) -> tuple[Any, ...]:
    try:
        return abi_decode(types, raw)
    except (DecodingError, ValueError, OverflowError, RecursionError, MemoryError) as error:
        raise InvalidEncoding(f"not the ABI encoding of ({','.join(types)}): {error}") from error


def _selector(entry: Mapping[str, Any]) -> bytes:
    return keccak(f"{entry['name']}({','.join(_solidity_types(entry['inputs']))})".encode())[:4]


def _solidity_types(inputs: Sequence[Mapping[str, Any]]) -> list[str]:
    return [_canonical(entry, entry["type"]) for entry in inputs]


def _types(inputs: Sequence[Mapping[str, Any]]) -> list[str]:
    """Types to decode by: text is read as bytes, so that an operator's malformed UTF-8 spoils nothing."""
    return [kind.replace("string", "bytes") for kind in _solidity_types(inputs)]


def _canonical(entry: Mapping[str, Any], kind: str) -> str:
    if not kind.startswith("tuple"):
        return kind
    return f"({','.join(_solidity_types(entry['components']))}){kind.removeprefix('tuple')}"


def _shown(value: object) -> str:
    return "0x" + value.hex() if isinstance(value, bytes) else str(value)
