"""Draws and their stream in the C SDK, by a guest built here: the vectors that every SDK and Randomness.sol share."""

from __future__ import annotations

import json
import struct
from importlib.util import module_from_spec, spec_from_file_location

import pytest
from eth_hash.auto import keccak

from .harness import ROOT, Calls, Guest

VECTORS = json.loads((ROOT / "fixtures" / "vectors" / "randomness.json").read_text())
SAMPLES = [row for row in VECTORS["samples"] if int(row["n"]) < 2**32]
SEED = bytes(range(32))
SOURCE = r"""
#include "executor.h"

/* The command, then: numbers below each u32; a sample of (len, count); so many bytes; whether a word counts for n
   (W: of 64 bits). */
EXECUTOR_FUNCTION(input) {
    if (input.at[0] == 'd') return executor_draw();
    executor_stream stream = executor_stream_of((executor_bytes){input.at + 1, 32});
    executor_bytes rest = {input.at + 33, input.len - 33};
    uint32_t *made = executor_alloc(rest.len + 4), count = rest.len / 4;
    switch (input.at[0]) {
    case 'b':
        for (uint32_t i = 0; i < count; i++) made[i] = executor_below(&stream, executor_read_u32(rest, 4 * i));
        return (executor_bytes){(const uint8_t *)made, rest.len};
    case 's': {
        uint32_t len = executor_read_u32(rest, 0), taken = executor_read_u32(rest, 4), *items = executor_alloc(4 * len);
        for (uint32_t i = 0; i < len; i++) items[i] = i;
        executor_sample(&stream, items, len, taken);
        return (executor_bytes){(const uint8_t *)items, 4 * taken};
    }
    case 'W': {
        uint64_t n = executor_read_u32(rest, 0) | (uint64_t)executor_read_u32(rest, 4) << 32;
        *(uint64_t *)made = executor_word_below_64((executor_bytes){input.at + 1, 32}, n);
        return (executor_bytes){(const uint8_t *)made, 8};
    }
    case 'r': return executor_random_bytes(&stream, executor_read_u32(rest, 0));
    default:
        made[0] = executor_word_below((executor_bytes){input.at + 1, 32}, executor_read_u32(rest, 0));
        return (executor_bytes){(const uint8_t *)made, 4};
    }
}
"""
CALLS: Calls = {"crypto.keccak256": lambda data: (0, keccak(data)), "random.draw": lambda _: (0, SEED)}


@pytest.fixture(scope="module")
def choices(tmp_path_factory: pytest.TempPathFactory) -> Guest:
    """The guest above, built as the committed ones are."""
    spec = spec_from_file_location("c_recipe", ROOT / "guest-sdk" / "c" / "build.py")  # a script, one of two `build`s
    assert spec is not None
    assert spec.loader is not None
    recipe = module_from_spec(spec)
    spec.loader.exec_module(recipe)
    folder = tmp_path_factory.mktemp("choices")
    (folder / "choices.c").write_text(SOURCE)
    return Guest.load(recipe.build(folder / "choices.c", folder / "choices.wasm"))


def numbers(run_output: bytes) -> list[int]:
    return [each for (each,) in struct.iter_unpack("<I", run_output)]


def asked(choices: Guest, command: str, seed: bytes, *values: int) -> bytes:
    run = choices.run(None, command.encode() + seed + struct.pack(f"<{len(values)}I", *values), calls=CALLS)
    assert run.ending == "returned", run.text
    return run.output


@pytest.mark.parametrize("row", VECTORS["streams"], ids=lambda row: str(row["tcId"]))
def test_numbers_are_the_vectors(choices: Guest, row: dict) -> None:
    """As far as they fit 32 bits."""
    fitting = row["numbers"][:10]
    made = asked(choices, "b", bytes.fromhex(row["seed"][2:]), *(int(each["n"]) for each in fitting))
    assert numbers(made) == [int(each["number"]) for each in fitting]


@pytest.mark.parametrize("row", SAMPLES, ids=lambda row: row["comment"])
def test_samples_are_the_vectors(choices: Guest, row: dict) -> None:
    """k = n is a shuffle."""
    made = asked(choices, "s", bytes.fromhex(row["seed"][2:]), int(row["n"]), int(row["k"]))
    assert numbers(made) == [int(each) for each in row["chosen"]]


def test_bytes_are_whole_words_the_last_one_cut(choices: Guest) -> None:
    """word 0 ++ word 1."""
    words = b"".join(keccak(SEED + number.to_bytes(32, "big")) for number in range(2))
    for count in (0, 1, 32, 33, 40, 64):
        assert asked(choices, "r", SEED, count) == words[:count]


@pytest.mark.parametrize("n", [1, 2, 3, 5, 255, 256, 1_000_003, 2**32 - 1])
def test_words_at_the_top_are_refused(choices: Guest, n: int) -> None:
    """The first that is refused, the last that counts, and the last of all; n says refused."""
    accepted = 2**256 // n * n
    for word in {accepted - 1, accepted, 2**256 - 1, 2**256 - 2**64, 0, n, 2**255}:
        if word < 2**256:
            (found,) = numbers(asked(choices, "w", word.to_bytes(32, "big"), n))
            assert found == (word % n if word < accepted else n), word


@pytest.mark.parametrize("n", [1, 3, 2**32 - 1, 2**32, 2**32 + 1, 10**18, 2**63 - 1, 2**63, 2**63 + 1, 2**64 - 1])
def test_words_at_the_top_are_refused_for_limits_of_64_bits(choices: Guest, n: int) -> None:
    """The same, where a limit needs more bits than half a word has."""
    accepted = 2**256 // n * n
    for word in {accepted - 1, accepted, 2**256 - 1, 2**256 - 2**64, 0, n, 2**255, 2**255 + n - 1}:
        if word < 2**256:
            made = asked(choices, "W", word.to_bytes(32, "big"), n % 2**32, n >> 32)
            assert int.from_bytes(made, "little") == (word % n if word < accepted else n), word


def test_the_counter_carries(choices: Guest) -> None:
    """300 words of one stream: past the first byte of their number."""
    words = [int.from_bytes(keccak(SEED + number.to_bytes(32, "big")), "big") for number in range(300)]
    assert numbers(asked(choices, "b", SEED, *[1 << 31] * 300)) == [word % (1 << 31) for word in words]


def test_a_draw_is_the_hosts_and_a_refused_one_fails(choices: Guest) -> None:
    """The grant is missing: the run fails with words."""
    assert choices.run(None, b"d", calls=CALLS).output == SEED
    assert choices.run(None, b"d").ending == "failed"


def test_wrong_arguments_end_the_run(choices: Guest) -> None:
    """A number below zero; a sample larger than what it is of."""
    for command, values in (("b", (0,)), ("s", (2, 3))):
        run = choices.run(None, command.encode() + SEED + struct.pack(f"<{len(values)}I", *values), calls=CALLS)
        assert run.ending == "failed", command
