# ruff: noqa: ARG002 - what only counts frames has no use for what the rest of the pass is told
"""Lets the engine see its own depth: a global that counts the stack slots in use, as the machine's metering does.

QuickJS limits recursion by its stack in linear memory, but WebAssembly keeps most locals elsewhere: a C function may
recurse and take next to nothing there. The machine counts slots (docs/metering.md, "Stack") and stops a guest that
runs out of them. With the same count in its own hands the engine stops first, with an error that JavaScript can catch.
"""

from executor.vm.metering import encoding as e
from executor.vm.metering.instrument import rewrite_bodies
from executor.vm.metering.snippets import Globals, Scratch, Snippets

GLOBAL = "stack_slots"
# What counting adds to a function's own frame: two more operands at its end.
COUNTING_SLOTS = 2


class SlotCounter(Snippets):
    """Counts frames, and leaves everything else as it is."""

    def __init__(self, slots: bytes) -> None:
        super().__init__(Globals(slots, slots, slots, slots, slots))
        self.slots = slots

    def enter(self, slots: int) -> bytes:
        """A frame begins."""
        taken = e.global_get(self.slots) + e.i32(slots + COUNTING_SLOTS) + e.I32_ADD
        return taken + e.global_set(self.slots)

    def leave(self, slots: int) -> bytes:
        """It ends."""
        given = e.global_get(self.slots) + e.i32(slots + COUNTING_SLOTS) + e.I32_SUB
        return given + e.global_set(self.slots)

    def charge(self, scratch: Scratch, cost: int, *, entry: bool, check: bool) -> bytes:
        """Nothing: the machine charges."""
        return b""

    def charge_whole(self, cost: int) -> bytes:
        """Nothing."""
        return b""

    def flush(self, scratch: Scratch) -> bytes:
        """Nothing."""
        return b""

    def around_call(self, scratch: Scratch, call: bytes) -> bytes:
        """The call."""
        return call

    def around_import(self, scratch: Scratch, call: bytes) -> bytes:
        """The call."""
        return call

    def bulk(self, scratch: Scratch, instruction: bytes, *, elements: bool) -> bytes:
        """The instruction."""
        return instruction

    def grow(self, scratch: Scratch) -> bytes:
        """The instruction."""
        return e.MEMORY_GROW

    def canonical(self, scratch: Scratch, width: int) -> bytes:
        """Nothing."""
        return b""

    def canonical_vector(self, scratch: Scratch, width: int) -> bytes:
        """Nothing."""
        return b""


def count_slots(wasm: bytes, index: int) -> bytes:
    """The module with its frames counted in the global of this index."""
    return rewrite_bodies(wasm, SlotCounter(e.unsigned(index)))
