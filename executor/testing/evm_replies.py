"""What chains answer a node in a test: replies under the names below, read through evm@1's own rules.

    evm.call://CHAIN/TO/DATA        return data, 0x-hex
    evm.balance://CHAIN/ADDRESS     wei, an integer or decimal text
    evm.block://CHAIN/NUMBER        {"number", "hash", "parent_hash", "timestamp", "base_fee_wei"}, each optional
    evm.block://CHAIN/finalized     the same, or a number alone
    evm.logs://CHAIN/ADDRESS        a list of {"topics", "data", "block_number", "index", "transaction"}, each optional

Rule 1. A name may end with @NUMBER: then it is for that block only, and comes before the same name without.
Rule 2. Names are lower case; `*` at the end, and `error`, are as for URLs (replies.py). The error "evm-reverted" is a
        revert; another is the code that the guest gets.
Rule 3. Blocks that have no reply are made up: the request's own stands on its parent. A read that has none is refused
        as `evm-unavailable`, and remembered for the report.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Final, Protocol

from executor.capabilities.errors import CallRefused
from executor.capabilities.evm import EvmCapability, EvmSettings
from executor.crypto.digests import keccak256
from executor.errors import InvalidValue
from executor.model.evm import Call, CallResult, Header, Log, LogFilter
from executor.model.ids import Address, Digest
from executor.model.manifest import EvmCapability as EvmTerms
from executor.model.request import Request

BLOCK_S: Final = 12  # between made-up blocks
SCHEMES: Final = ("evm.call://", "evm.balance://", "evm.block://", "evm.logs://")


class Found(Protocol):
    """A reply (replies.py), as far as chains need it."""

    @property
    def body(self) -> bytes:
        """What is told."""

    @property
    def error(self) -> str:
        """Or a code."""


class LookUp(Protocol):
    """Finds the reply of a name, or None."""

    def __call__(self, name: str, /) -> Found | None: ...


def is_chain(name: str) -> bool:
    """Whether a name of a world is one of these."""
    return name.startswith(SCHEMES)


@dataclass(slots=True)
class RepliedChain:
    """One chain over replies, for one observe run of a request."""

    id: int
    request: Request
    look_up: LookUp
    missing: set[str] = field(default_factory=set)
    _numbers: dict[Digest, int] = field(default_factory=dict)

    async def header(self, block: int | Digest | str) -> Header | None:
        """The reply's, with what it leaves out made up."""
        if isinstance(block, Digest) and block in self._numbers:
            block = self._numbers[block]
        if isinstance(block, int):
            told = self._plain(f"evm.block://{self.id}/{block}", needed=False) or {}
        else:
            told = self._plain(f"evm.block://{self.id}/{block}")
        number = block if isinstance(block, int) else _natural(told["number"] if isinstance(told, dict) else told)
        header = _header(told if isinstance(told, dict) else {}, self._made_up(number))
        self._numbers[header.hash] = header.number
        return header

    async def call(self, block: Digest, call: Call) -> CallResult:
        """The reply's bytes, or a revert."""
        found = self._find(f"evm.call://{self.id}/{call.to}/0x{call.data.hex()}", block)
        if found.error == "evm-reverted":
            return CallResult(False, b"")
        return CallResult(True, _bytes(_plain(found)))

    async def call_many(self, block: Digest, calls: Sequence[Call]) -> list[CallResult]:
        """One by one."""
        return [await self.call(block, call) for call in calls]

    async def balance(self, block: Digest, address: Address) -> int:
        """The reply's number."""
        return _natural(_plain(self._find(f"evm.balance://{self.id}/{address}", block)))

    async def logs(self, block: Header, wanted: LogFilter) -> list[Log]:
        """Those of the replies that stand in the block and are asked for."""
        return await self.log_range(block.number, block, wanted)

    async def log_range(self, first: int, last: Header, wanted: LogFilter) -> list[Log]:
        """Those between two blocks."""
        found = []
        for address in wanted.addresses:
            plain = _plain(self._find(f"evm.logs://{self.id}/{address}", last.hash))
            for each in plain if isinstance(plain, list) else [plain]:
                log = self._log(address, each, last)
                if first <= log.block_number <= last.number and wanted.takes(log.address, log.topics):
                    found.append(log)
        return sorted(found, key=lambda log: (log.block_number, log.index))

    def _find(self, name: str, block: Digest | None) -> Found:
        number = None if block is None else self._numbers.get(block)
        found = (None if number is None else self.look_up(f"{name}@{number}")) or self.look_up(name)
        if found is None:
            self.missing.add(name)
            raise CallRefused("evm-unavailable", f"no reply for {name}")
        if found.error and found.error != "evm-reverted":
            raise CallRefused(found.error, name)
        return found

    def _plain(self, name: str, *, needed: bool = True) -> Any:
        if not needed and self.look_up(name) is None:
            return None
        return _plain(self._find(name, None))

    def _made_up(self, number: int) -> Header:
        own = self.request
        time = max(0, own.block_timestamp - BLOCK_S * (own.block_number - number))
        return Header(number, self._hash(number), self._hash(number - 1), time, 0)

    def _hash(self, number: int) -> Digest:
        if self.id == self.request.chain_id and number == self.request.block_number - 1:
            return self.request.parent_hash
        return Digest(keccak256(f"block {number} of chain {self.id}".encode()))

    def _log(self, address: Address, plain: Any, last: Header) -> Log:
        if not isinstance(plain, Mapping):
            raise CallRefused("evm-unavailable", "the reply of evm.logs is a list of objects")
        number = _natural(plain.get("block_number", last.number))
        made_up = last if number == last.number else self._made_up(number)
        return Log(
            address=address,
            topics=tuple(_digest(topic) for topic in plain.get("topics", [])),
            data=_bytes(plain.get("data", "0x")),
            block_number=number,
            block_hash=made_up.hash,
            transaction=_digest(plain["transaction"]) if "transaction" in plain else made_up.hash,
            index=_natural(plain.get("index", 0)),
        )


def replied_evm(terms: EvmTerms, request: Request, look_up: LookUp, missing: set[str]) -> EvmCapability:
    """evm@1 over replies: the manifest, the limits and the codes are the network's; every listed chain is there."""
    chains = {each: RepliedChain(each, request, look_up, missing) for each in terms.chains}
    return EvmCapability(terms, request, EvmSettings(chains, wait_s=0.0))


def _plain(found: Found) -> Any:
    """JSON, or the text itself."""
    text = found.body.decode("utf-8", "replace").strip()
    try:
        return json.loads(text)
    except (ValueError, RecursionError):
        return text


def _header(told: Mapping[str, Any], made_up: Header) -> Header:
    return Header(
        number=made_up.number,
        hash=_digest(told["hash"]) if "hash" in told else made_up.hash,
        parent_hash=_digest(told["parent_hash"]) if "parent_hash" in told else made_up.parent_hash,
        timestamp=_natural(told.get("timestamp", made_up.timestamp)),
        base_fee_wei=_natural(told.get("base_fee_wei", made_up.base_fee_wei)),
    )


def _natural(plain: Any) -> int:
    try:
        number = int(plain, 0) if isinstance(plain, str) else plain
    except ValueError:
        number = None
    if isinstance(number, bool) or not isinstance(number, int) or not 0 <= number < 1 << 256:
        raise CallRefused("evm-unavailable", f"the reply has {str(plain)[:80]!r} where a natural number is expected")
    return number


def _bytes(plain: Any) -> bytes:
    if isinstance(plain, str) and plain.startswith("0x"):
        try:
            return bytes.fromhex(plain[2:])
        except ValueError:
            pass  # told below
    raise CallRefused("evm-unavailable", f"the reply has {str(plain)[:80]!r} where 0x-hex is expected")


def _digest(plain: Any) -> Digest:
    try:
        return Digest(_bytes(plain))
    except InvalidValue as error:
        raise CallRefused("evm-unavailable", str(error)) from error
