"""Sets and lists of texts in C: the canonical form that the strategies of sets and lists take."""

import importlib.util
from pathlib import Path

import pytest
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

from executor.model.values import encode_items, encode_set

from .harness import ROOT, Guest

SOURCE = """
#include "executor.h"

/* The input: how to arrange, then texts of up to 255 bytes, each behind its length. */
EXECUTOR_FUNCTION(input) {
    executor_bytes texts[512];
    uint32_t count = 0;
    for (uint32_t i = 1; i < input.len; i += 1 + input.at[i])
        texts[count++] = (executor_bytes){input.at + i + 1, input.at[i]};
    return input.at[0] == 's' ? executor_set(texts, count) : executor_list(texts, count);
}
"""


@pytest.fixture(scope="module")
def guest(tmp_path_factory: pytest.TempPathFactory) -> Guest:
    """Built as guest-sdk/c/build.py builds the examples."""
    folder: Path = tmp_path_factory.mktemp("c")
    (folder / "items.c").write_text(SOURCE)
    spec = importlib.util.spec_from_file_location("c_build", ROOT / "guest-sdk" / "c" / "build.py")
    assert spec is not None
    assert spec.loader is not None
    build = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(build)
    return Guest.load(build.build(folder / "items.c", folder / "items.wasm"))


def arranged(guest: Guest, how: str, texts: list[str]) -> bytes:
    parts = [text.encode() for text in texts]
    return guest.run(None, how.encode() + b"".join(bytes([len(part)]) + part for part in parts)).output


TEXTS = st.lists(st.text(max_size=8), max_size=12)


@settings(max_examples=150, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(texts=TEXTS)
@example(texts=["\uffff", "\U0001f600", "a", "\ud7ff", "\ue000", "\U0010ffff", "a", ""])
@example(texts=["".join(map(chr, range(32))), '"\\/\x7f\u2028'])
def test_texts_have_the_one_form_that_the_host_takes(guest: Guest, texts: list[str]) -> None:
    """Python's encoding, byte for byte: order, duplicates, escapes."""
    assert encode_set(texts) == arranged(guest, "s", texts)
    assert encode_items(texts) == arranged(guest, "l", texts)
