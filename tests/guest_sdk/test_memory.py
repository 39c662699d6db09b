"""Memory beyond the limit is a JavaScript error, whatever asks for it."""

import pytest

from .harness import Guest

MIB = 1 << 20


@pytest.mark.parametrize(
    "body",
    [
        "const a = []; for (;;) a.push(new Array(1000).fill(1.5))",
        "const a = []; for (;;) a.push({})",
        "const a = []; for (;;) a.push(new Uint8Array(1 << 16))",
        "const a = []; for (;;) a.push('x'.repeat(1 << 16) + a.length)",
        "new Uint8Array(1 << 30)",
        "new ArrayBuffer(1 << 30)",
        "const m = new Map(); for (let i = 0; ; i++) m.set(i, i)",
        "let s = 'x'; const a = []; for (;;) a.push((s += 'yyyyyyyy').toUpperCase())",
        "let f = () => 1; for (;;) { const g = f; f = () => g }",
        "let n = 1n; for (;;) n <<= 100000n",
        "/(a|b)*c/.exec('ab'.repeat(2000000))",
        "const f = async () => await f(); return f()",
    ],
)
def test_exhausted_memory_fails(quickjs: Guest, body: str):
    """The run ends as Failed, never in a trap of the machine's."""
    run = quickjs.run(f"export default () => {{ {body} }}", memory_bytes=16 * MIB)
    assert run.ending == "failed", run.trap
    assert run.text.startswith("InternalError: out of memory") or run.text.startswith("RangeError")


def test_it_can_be_caught(quickjs: Guest):
    """A function may go on with less."""
    source = "export default () => { try { new Uint8Array(1 << 30) } catch (e) { return `${e.name}: ${e.message}` } }"
    assert quickjs.run(source, memory_bytes=16 * MIB).text == "InternalError: out of memory"


@pytest.mark.parametrize("where", ["source", "input"])
def test_no_room_for_what_the_host_brings(quickjs: Guest, where: str):
    """alloc fails the run when source or input do not fit."""
    large = " " * (8 * MIB)
    source, data = (large, b"") if where == "source" else ("export default () => ''", large.encode())
    run = quickjs.run(source, data, memory_bytes=4 * MIB)
    assert (run.ending, run.text) == ("failed", "InternalError: out of memory")


def test_four_mebibytes_are_enough_to_start(quickjs: Guest):
    """The smallest useful limit."""
    assert (
        quickjs.run("export default (input) => input.text()", b"x" * 65536, memory_bytes=4 * MIB).ending == "returned"
    )
