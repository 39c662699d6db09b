"""The functions a node holds: bytes by hash, with quotas. Anyone may upload, nobody can forge: an id is its content."""

from __future__ import annotations

from executor.crypto.digests import function_id
from executor.errors import InvalidEncoding, InvalidManifest, InvalidValue
from executor.model.codec import decode_json, encode_json
from executor.model.function import Function
from executor.model.ids import Digest, FunctionId, RequestId
from executor.model.manifest import MAX_MANIFEST_BYTES, parse_terms
from executor.model.profile import PROFILE
from executor.store.blobs import Blobs
from executor.store.journal import Journal

KIND = "function"
MAX_RECORD_BYTES = MAX_MANIFEST_BYTES + 1_024  # terms, two hashes and a size
MAX_UPLOAD_BYTES = 40 * 1024 * 1024  # a 16 MiB module and a 1 MiB source as hex, and their envelope


def pack_function(function: Function) -> bytes:
    """The upload form: canonical JSON of module, source and terms, bytes as hex."""
    return encode_json(
        {
            "module": "0x" + function.module.hex(),
            "source": "0x" + function.source.hex(),
            "terms": decode_json(function.terms.canonical(), limit=MAX_UPLOAD_BYTES),
        }
    )


def unpack_function(data: bytes) -> Function:
    """The function in an upload; raises InvalidEncoding, InvalidManifest or InvalidValue (a size over its ceiling)."""
    plain = decode_json(data, limit=MAX_UPLOAD_BYTES)
    match plain:
        case {"module": str(module), "source": str(source), "terms": dict(terms), **others} if not others:
            function = Function(_bytes(module, "module"), parse_terms(terms), _bytes(source, "source"))
        case _:
            raise InvalidEncoding("an upload has the keys module, source (hex) and terms (an object)")
    ceilings = PROFILE.ceilings
    for name, size, limit in (
        ("module", len(function.module), ceilings.module_bytes),
        ("source", len(function.source), ceilings.source_bytes),
    ):
        if size > limit:
            raise InvalidValue(f"{name}: {size} bytes, the ceiling is {limit}")
    if len(function.terms.canonical()) > MAX_MANIFEST_BYTES:
        raise InvalidManifest(f"terms of more than {MAX_MANIFEST_BYTES} bytes")
    return function


class FunctionStore:
    """Functions by id, on disk; raises InvalidValue when a quota is full."""

    def __init__(self, journal: Journal, blobs: Blobs, *, max_functions: int, max_bytes: int) -> None:
        self._journal = journal
        self._blobs = blobs
        self._max_functions = max_functions
        self._max_bytes = max_bytes
        self._records = {
            FunctionId(key): decode_json(value, limit=MAX_RECORD_BYTES) for key, value in journal.load(KIND)
        }
        self._cache: dict[FunctionId, Function] = {}

    def __contains__(self, function: FunctionId) -> bool:
        return function in self._records

    def add(self, function: Function) -> FunctionId:
        """Keep a function; adding one twice changes nothing."""
        identity = function_id(function)
        if identity in self._records:
            return identity
        if len(self._records) >= self._max_functions:
            raise InvalidValue(f"this node holds {len(self._records)} functions, its quota")
        used = sum(record["size"] for record in self._records.values())
        size = len(function.module) + len(function.source)
        if used + size > self._max_bytes:
            raise InvalidValue(f"this node holds {used} bytes of functions; {size} more are over its quota")
        record = {
            "module": str(self._blobs.put(function.module)),
            "source": str(self._blobs.put(function.source)),
            "terms": decode_json(function.terms.canonical(), limit=MAX_UPLOAD_BYTES),
            "size": size,
        }
        self._journal.save(RequestId(identity), KIND, encode_json(record))
        self._records[identity] = record
        return identity

    def load(self, function: FunctionId) -> Function | None:
        """The function, or None when this node does not hold it."""
        if (kept := self._cache.get(function)) is not None:
            return kept
        if (record := self._records.get(function)) is None:
            return None
        module = self._blobs.find(Digest.from_hex(record["module"]))
        source = self._blobs.find(Digest.from_hex(record["source"]))
        if module is None or source is None:
            return None
        try:
            loaded = Function(module, parse_terms(record["terms"]), source)
        except InvalidManifest:  # kept under an older release with other ceilings
            return None
        if len(self._cache) >= 64:
            self._cache.pop(next(iter(self._cache)))
        self._cache[function] = loaded
        return loaded

    def ids(self) -> list[FunctionId]:
        """All ids, sorted."""
        return sorted(self._records)


def _bytes(text: str, name: str) -> bytes:
    try:
        return bytes.fromhex(text.removeprefix("0x"))
    except ValueError as error:
        raise InvalidEncoding(f"{name}: not hex") from error
