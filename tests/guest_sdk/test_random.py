"""Draws, their stream and time in the JavaScript SDK: the vectors that every SDK and Randomness.sol share."""

from __future__ import annotations

import json

import pytest
from eth_hash.auto import keccak

from .harness import ROOT, Calls, Guest

VECTORS = json.loads((ROOT / "fixtures" / "vectors" / "randomness.json").read_text())
DRAWS = [bytes([number]) * 32 for number in (7, 8, 9)]


def calls(draws: list[bytes] | None = None) -> Calls:
    """The host's answers: keccak, and one draw after another."""
    left = list(DRAWS if draws is None else draws)
    return {"crypto.keccak256": lambda data: (0, keccak(data)), "random.draw": lambda _: (0, left.pop(0))}


def shown(quickjs: Guest, body: str, *, draws: list[bytes] | None = None) -> object:
    """What the expression gives, through JSON; bigints as strings."""
    source = f"""
import {{ hex, random, time }} from "executor";
const plain = (_, value) =>
  typeof value === "bigint" ? String(value) : value instanceof Uint8Array ? hex.encode(value) : value;
export default () => JSON.stringify((() => {{ {body} }})(), plain);
"""
    run = quickjs.run(source, calls=calls(draws))
    assert run.ending == "returned", run.text
    return json.loads(run.text)


@pytest.mark.parametrize("row", VECTORS["streams"], ids=lambda row: str(row["tcId"]))
def test_numbers_are_the_vectors(quickjs: Guest, row: dict) -> None:
    """Words that are refused included: the largest n refuse half of them."""
    limits = ",".join(f"{each['n']}n" for each in row["numbers"])
    body = f"const s = random.stream(hex.decode('{row['seed']}')); return [{limits}].map((n) => s.below(n));"
    assert shown(quickjs, body) == [each["number"] for each in row["numbers"]]


@pytest.mark.parametrize("row", VECTORS["samples"], ids=lambda row: row["comment"])
def test_samples_are_the_vectors(quickjs: Guest, row: dict) -> None:
    """Of numbers, of a list, and a shuffle where all are taken; a list is not changed."""
    stream, n, k = f"random.stream(hex.decode('{row['seed']}'))", int(row["n"]), int(row["k"])
    assert shown(quickjs, f"return {stream}.sample({n}n, {k});") == row["chosen"]
    chosen = [int(number) for number in row["chosen"]]
    assert shown(quickjs, f"return {stream}.sample({n}, {k});") == chosen
    if n <= 1_000:
        listed = f"const list = Array.from({{length: {n}}}, (_, i) => i);"
        body = f"{listed} return [{stream}.sample(list, {k}), list.every((item, i) => item === i)];"
        assert shown(quickjs, body) == [chosen, True]
    if n == k:
        assert shown(quickjs, f"return {stream}.shuffle(Array.from({{length: {n}}}, (_, i) => i));") == chosen


def test_bytes_are_whole_words_the_last_one_cut(quickjs: Guest) -> None:
    """word 0 ++ word 1 ++ …, and the next call begins with a fresh word."""
    words = [keccak(bytes(32) + number.to_bytes(32, "big")).hex() for number in range(4)]
    body = "const s = random.stream(new Uint8Array(32)); return [s.bytes(40), s.bytes(0), s.bytes(32), s.bytes(1)];"
    assert shown(quickjs, body) == ["0x" + (words[0] + words[1])[:80], "0x", "0x" + words[2], "0x" + words[3][:2]]


def test_one_stream_goes_on_over_all_helpers(quickjs: Guest) -> None:
    """Seeded by the run's next draw when it is first used, and by no other."""
    seed = "0x" + DRAWS[1].hex()
    mine = "[r.bytes(5), r.below(1000), r.shuffle([1,2,3,4]), r.sample(10n, 3)]"
    body = f"const first = random.draw(); const of = (r) => {mine}; return [first, of(random), random.draw()];"
    expected = shown(quickjs, f"const of = (r) => {mine}; return of(random.stream(hex.decode('{seed}')));")
    assert shown(quickjs, body) == ["0x" + DRAWS[0].hex(), expected, "0x" + DRAWS[2].hex()]


@pytest.mark.parametrize(
    ("expression", "error"),
    [
        ("random.below(0)", "RangeError: there is no number below zero"),
        ("random.below(-1n)", "RangeError: there is no number below zero"),
        ("random.below(1n << 256n)", "RangeError: there is no number below zero, and none of 257 bits"),
        ("random.below(1.5)", "TypeError: below takes a safe integer or a bigint, not 1.5"),
        ("random.below('6')", "TypeError: below takes a safe integer or a bigint, not "),
        ("random.sample([1, 2], 3)", "RangeError: a sample of 3 out of 2"),
        ("random.sample([1, 2], -1)", "RangeError: sample takes a count, not -1"),
        ("random.bytes(1.5)", "RangeError: bytes takes a count, not 1.5"),
        ("random.stream(new Uint8Array(31))", "RangeError: a stream's seed has 32 bytes, not 31"),
        ("random.stream('seed')", "TypeError: a stream's seed"),
    ],
)
def test_wrong_arguments_are_named(quickjs: Guest, expression: str, error: str) -> None:
    """Before anything is chosen."""
    run = quickjs.run(f'import {{ random }} from "executor"; export default () => {{ {expression}; }}', calls=calls())
    assert (run.ending, run.text.startswith(error)) == ("failed", True), run.text


def test_nobody_draws_while_looking(quickjs: Guest) -> None:
    """It would be this node's draw alone: the observation fails, and the log says why."""
    source = (
        'import { median, observe, random } from "executor"; export default () => observe(median, () => random.draw());'
    )
    run = quickjs.run(source, calls=calls(), observing=True)
    assert (run.ending, run.kind, run.text) == ("proposed", 1, "threw")
    assert "draws come after all observations" in run.logs[0][1]


def test_a_draw_without_a_grant_says_so(quickjs: Guest) -> None:
    """A code, as from any capability."""
    run = quickjs.run('import { random } from "executor"; export default () => random.draw();')
    assert (run.ending, run.text.split(" (")[0]) == ("failed", "CapabilityError: random.draw failed: not-granted")


def test_the_agreed_time_is_the_requests(quickjs: Guest) -> None:
    """What Date shows, too, in seconds; no call but the context's."""
    body = "`${time.now()} ${Date.now() / 1000} ${new Date().getTime() / 1000}`"
    source = f'import {{ time }} from "executor"; export default () => {body};'
    run = quickjs.run(source)
    assert run.text == "1700000000 1700000000 1700000000"
    assert {name for name, _ in run.calls} == {"input.context"}


def test_the_real_time_is_an_observation(quickjs: Guest) -> None:
    """The node's own clock, proposed under median; agreed, an exact decimal. Outside observe there is none."""
    source = """
import { time } from "executor";
export default () => `${time.observed({ label: "now" }).scaled(3)}`;
"""
    clock: Calls = {"time.now": lambda _: (0, b"1700000003.125")}
    looking = quickjs.run(source, calls=clock, observing=True)
    assert (looking.ending, looking.kind, looking.text) == ("proposed", 0, "1700000003.125")
    assert looking.specs == [b'{"aggregate":"median","label":"now"}']
    agreed = quickjs.run(source, transcript=[(0, b"1700000002.5")])
    assert agreed.text == "1700000002500"
    outside = quickjs.run('import { time } from "executor"; export default () => time.local();', calls=clock)
    assert outside.text.startswith("TypeError: time.now works only inside observe")
