"""The functions a node holds: bytes by hash, with quotas. Who may upload says uploads.py; nobody can forge content."""

from __future__ import annotations

import time
from collections import Counter
from collections.abc import Callable, Collection, Mapping
from typing import Any

from executor.crypto.digests import function_id, keccak256
from executor.errors import InvalidEncoding, InvalidManifest, InvalidValue
from executor.model.codec import decode_json, encode_json
from executor.model.function import Function
from executor.model.ids import Address, Digest, FunctionId, RequestId
from executor.model.manifest import MAX_MANIFEST_BYTES, parse_terms
from executor.model.profile import PROFILE
from executor.node.kept_functions import KeptFunctions
from executor.store.blobs import Blobs
from executor.store.journal import Journal

KIND = "function"
MAX_RECORD_BYTES = MAX_MANIFEST_BYTES + 1_024  # terms, two hashes, a size, an account and a time
IDLE_S = 86_400  # a function that runs once a day is not fetched anew every day
USE_NOTED_EVERY_S = 3_600  # each note is a write to the journal, and idleness is counted in days
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
    """Functions by id, on disk.

    Rule 1. What an account uploaded counts against that account's quota; everything held counts against the node's.
    Rule 2. A function is dropped only for room, when no open request names it and it was idle for a day; the one
            unused for longest goes first. A function that an open request waits for may take the place of any that no
            open request names.
    Rule 3. A record is written after its blobs and deleted before them: a blob without a record is dropped at a start.
    """

    def __init__(
        self,
        journal: Journal,
        blobs: Blobs,
        *,
        max_functions: int,
        max_bytes: int,
        account_functions: int | None = None,
        account_bytes: int | None = None,
        open_functions: Callable[[], Collection[FunctionId]] = tuple,
        clock: Callable[[], float] = time.time,
        kept: KeptFunctions | None = None,
    ) -> None:
        self._journal = journal
        self._blobs = blobs
        self._max_functions = max_functions
        self._max_bytes = max_bytes
        self._account_functions = account_functions
        self._account_bytes = account_bytes
        self._open_functions = open_functions
        self._clock = clock
        self._records: dict[FunctionId, dict[str, Any]] = {}
        self._uses: Counter[Digest] = Counter()  # of each blob: the module of a language is shared by its functions
        self._kept = KeptFunctions() if kept is None else kept
        for key, value in journal.load(KIND):
            record = {"account": "", "used": 0} | decode_json(value, limit=MAX_RECORD_BYTES)  # older ones lack these
            self._records[FunctionId(key)] = record
            self._uses.update(_blobs_of(record))
        blobs.keep_only(self._uses)
        self._sizes = {digest: blobs.size(digest) for digest in self._uses}

    def __contains__(self, function: FunctionId) -> bool:
        """Whether the function is held whole: a blob that an operator deleted is fetched again."""
        record = self._records.get(function)
        return record is not None and all(digest in self._blobs for digest in _blobs_of(record))

    def add(self, function: Function, account: Address | None = None, *, needed: bool = False) -> FunctionId:
        """Keep a function; adding one twice changes nothing. `needed` by an open request: Rule 2.

        Raises InvalidValue when a quota is full.
        """
        identity = function_id(function)
        size = len(function.module) + len(function.source)
        blobs = {keccak256(function.module): len(function.module), keccak256(function.source): len(function.source)}
        if identity not in self._records:
            if account is not None:
                self._check_account(account, size)
            self._make_room(blobs, needed=needed)
        elif identity in self:
            return identity
        record = {
            "module": str(self._blobs.put(function.module)),
            "source": str(self._blobs.put(function.source)),
            "terms": decode_json(function.terms.canonical(), limit=MAX_UPLOAD_BYTES),
            "size": size,
            "account": "" if account is None else str(account),
            "used": int(self._clock()),
        }
        self._journal.save(RequestId(identity), KIND, encode_json(record))
        if identity not in self._records:
            self._uses.update(_blobs_of(record))
        self._sizes |= blobs
        self._records[identity] = record
        return identity

    def load(self, function: FunctionId) -> Function | None:
        """The function, or None when this node does not hold it."""
        if (record := self._records.get(function)) is None:
            return None
        self._note_use(function, record)
        loaded = self._kept.find(function) or self._read(record)
        if loaded is not None:
            sizes = {"module": len(loaded.module), "source": len(loaded.source)}
            self._kept.use(function, loaded, {Digest.from_hex(record[name]): size for name, size in sizes.items()})
        return loaded

    def _read(self, record: Mapping[str, Any]) -> Function | None:
        module = self._kept.module(lambda other: self._records[other]["module"] == record["module"])
        if module is None:
            module = self._blobs.find(Digest.from_hex(record["module"]))
        source = self._blobs.find(Digest.from_hex(record["source"]))
        if module is None or source is None:
            return None
        try:
            return Function(module, parse_terms(record["terms"]), source)
        except InvalidManifest:  # kept under an older release with other ceilings
            return None

    def ids(self) -> list[FunctionId]:
        """All ids, sorted."""
        return sorted(self._records)

    def _check_account(self, account: Address, size: int) -> None:
        own = [record["size"] for record in self._records.values() if record["account"] == str(account)]
        if self._account_functions is not None and len(own) >= self._account_functions:
            raise InvalidValue(f"this node holds {len(own)} functions of account {account}, its quota")
        if self._account_bytes is not None and sum(own) + size > self._account_bytes:
            raise InvalidValue(
                f"this node holds {sum(own)} bytes of account {account}; {size} more are over its quota of "
                f"{self._account_bytes}"
            )

    def _make_room(self, blobs: Mapping[Digest, int], *, needed: bool) -> None:
        """Rule 2."""
        candidates: list[FunctionId] | None = None
        while (problem := self._problem(blobs)) is not None:
            if candidates is None:
                busy, idle_since = set(self._open_functions()), self._clock() - IDLE_S
                candidates = sorted(
                    (key for key, record in self._records.items() if needed or record["used"] <= idle_since),
                    key=lambda key: (self._records[key]["used"], key),
                    reverse=True,
                )
                candidates = [key for key in candidates if key not in busy]
            if not candidates:
                raise InvalidValue(problem)
            self._remove(candidates.pop())

    def _problem(self, blobs: Mapping[Digest, int]) -> str | None:
        if len(self._records) >= self._max_functions:
            return f"this node holds {len(self._records)} functions, its quota"
        used = sum(self._sizes.values())
        more = sum(size for digest, size in blobs.items() if digest not in self._sizes)
        if used + more > self._max_bytes:
            return f"this node holds {used} bytes of functions; {more} more are over its quota of {self._max_bytes}"
        return None

    def _remove(self, function: FunctionId) -> None:
        self._journal.delete(RequestId(function), KIND)  # Rule 3
        record = self._records.pop(function)
        self._kept.forget(function)
        for digest in _blobs_of(record):
            self._uses[digest] -= 1
            if not self._uses[digest]:
                del self._uses[digest], self._sizes[digest]
                self._blobs.remove(digest)

    def _note_use(self, function: FunctionId, record: dict[str, Any]) -> None:
        now = int(self._clock())
        if now - record["used"] >= USE_NOTED_EVERY_S:
            record["used"] = now
            self._journal.save(RequestId(function), KIND, encode_json(record))


def _blobs_of(record: Mapping[str, Any]) -> set[Digest]:
    return {Digest.from_hex(record["module"]), Digest.from_hex(record["source"])}


def _bytes(text: str, name: str) -> bytes:
    try:
        return bytes.fromhex(text.removeprefix("0x"))
    except ValueError as error:
        raise InvalidEncoding(f"{name}: not hex") from error
