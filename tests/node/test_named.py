"""Where owners say that functions' bytes are, remembered in the journal."""

import asyncio

import pytest

from executor.chain.registry import Named
from executor.crypto.digests import keccak256
from executor.errors import ChainUnavailable
from executor.model.ids import FunctionId
from executor.node import named as named_module
from executor.node.named import MAX_URI, MAX_URIS, NamedFunctions
from executor.store.journal import Journal


def key(number):
    return FunctionId(keccak256(b"%d" % number))


@pytest.fixture
def journal(tmp_path):
    opened = Journal(tmp_path / "journal.sqlite3")
    yield opened
    opened.close()


def test_the_latest_urls_of_a_function_are_kept_newest_first(journal):
    """Anyone may publish any function: a few each, also after a restart; nothing but http."""
    named = NamedFunctions(journal)
    for number in range(MAX_URIS + 2):
        named.note(Named(key(1), f"https://example.org/{number}"))
    named.note(Named(key(1), "https://example.org/3"))
    for useless in ("", "ipfs://x", "file:///etc/passwd", "https://ü.example", "https://" + "x" * MAX_URI):
        named.note(Named(key(1), useless))
    expected = [f"https://example.org/{number}" for number in (3, 5, 4, 2)]
    assert named.uris(key(1)) == expected
    assert NamedFunctions(journal).uris(key(1)) == expected
    assert named.uris(key(2)) == []


def test_the_longest_known_are_forgotten(journal, monkeypatch):
    monkeypatch.setattr(named_module, "MAX_FUNCTIONS", 3)
    named = NamedFunctions(journal)
    for number in (1, 2, 3, 1, 4):
        named.note(Named(key(number), f"https://example.org/{number}"))
    for known in (named, NamedFunctions(journal)):
        assert [bool(known.uris(key(number))) for number in (1, 2, 3, 4)] == [True, False, True, True]


class Reader:
    """A registry's logs, one block a call; None is an endpoint that is away."""

    def __init__(self, *blocks, next_block=0):
        self.blocks, self.next_block = blocks, next_block

    async def read(self):
        if self.next_block >= len(self.blocks):
            await asyncio.sleep(3_600)
        found, self.blocks = (
            self.blocks[self.next_block],
            (*self.blocks[: self.next_block], [], *self.blocks[self.next_block + 1 :]),
        )
        if found is None:
            raise ChainUnavailable("no endpoint answers")
        self.next_block += 1
        return found


async def test_following_goes_on_where_it_was(journal):
    """After an endpoint that was away, and after a restart."""
    told = []
    named = NamedFunctions(journal)
    reader = Reader([Named(key(1))], None, [Named(key(2), "https://example.org/2")])
    task = asyncio.create_task(named.follow(reader, told.append, 0.001))
    async with asyncio.timeout(5):
        while reader.next_block < 3 or named.cursor(0) < 3:  # noqa: ASYNC110 # any condition
            await asyncio.sleep(0.01)
    task.cancel()
    await asyncio.gather(task, return_exceptions=True)
    assert told == [key(1), key(2)]
    assert NamedFunctions(journal).cursor(0) == 3
    assert NamedFunctions(journal).cursor(9) == 9
    assert NamedFunctions(journal).uris(key(2)) == ["https://example.org/2"]
