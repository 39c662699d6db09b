"""One function body being written: its bytes, its locals, and the labels a branch may name."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Final

from executor.testing.fuzz.encoding import signed, unsigned, vector
from executor.testing.fuzz.opcodes import LETTERS
from executor.testing.fuzz.shape import Shape
from executor.testing.fuzz.tape import Tape

MAX_BODY_BYTES: Final = 3_000
COUNTERS: Final = 3  # nested counted loops
SPARE: Final = "iIfFvr"  # every body has a local of each type to put results into
BLOCK, LOOP, IF, ELSE, END = b"\x02", b"\x03", b"\x04", b"\x05", b"\x0b"

Signature = tuple[str, str]


@dataclass(slots=True)
class Types:
    """The module's type section, which blocks add to."""

    signatures: list[Signature] = field(default_factory=list)

    def index(self, signature: Signature) -> int:
        """The index of this type."""
        if signature not in self.signatures:
            self.signatures.append(signature)
        return self.signatures.index(signature)


@dataclass(slots=True)
class Body:
    """State of one body; `labels` are the types a branch carries, innermost last."""

    tape: Tape
    shape: Shape
    types: Types
    parameters: str
    results: str
    locals: str = ""
    out: bytearray = field(default_factory=bytearray)
    labels: list[str] = field(default_factory=list)
    counting: int = 0

    def __post_init__(self) -> None:
        extra = "".join(self.tape.pick(SPARE) for _ in range(self.tape.below(6)))
        self.locals = self.parameters + SPARE + extra
        self.labels.append(self.results)

    @property
    def full(self) -> bool:
        """Whether only the simplest code should follow."""
        return self.tape.ended or len(self.out) > MAX_BODY_BYTES

    @property
    def counter(self) -> int:
        """The local of the innermost counted loop that is being opened."""
        return len(self.locals) + self.counting

    def emit(self, code: bytes, *numbers: int) -> None:
        """An instruction and its unsigned immediates."""
        self.out += code
        for number in numbers:
            self.out += unsigned(number)

    def number(self, value: int) -> None:
        """An i32 constant."""
        self.out += b"\x41" + signed(value)

    def local(self, letter: str) -> int:
        """A local of this type."""
        return self.tape.pick([index for index, item in enumerate(self.locals) if item == letter])

    def keep(self, letters: str) -> None:
        """Pop these into locals or drop them."""
        for letter in reversed(letters):
            if self.tape.below(4) == 3:
                self.emit(b"\x1a")
            else:
                self.emit(b"\x21", self.local(letter))

    @contextmanager
    def nested(self, kind: bytes, parameters: str = "", results: str = "") -> Iterator[None]:
        """A block, loop or if of this type, closed at the end; a loop's label carries its parameters."""
        self.out += kind + self._block_type(parameters, results)
        self.labels.append(parameters if kind == LOOP else results)
        yield
        self.labels.pop()
        self.out += END

    def _block_type(self, parameters: str, results: str) -> bytes:
        if not parameters and not results:
            return b"\x40"
        if not parameters and len(results) == 1:
            return bytes([LETTERS[results]])
        return signed(self.types.index((parameters, results)))

    def encoded(self) -> bytes:
        """The body with its locals, for the code section."""
        extra = self.locals[len(self.parameters) :] + "i" * COUNTERS
        groups = vector(b"\x01" + bytes([LETTERS[letter]]) for letter in extra)
        code = groups + bytes(self.out) + END
        return unsigned(len(code)) + code
