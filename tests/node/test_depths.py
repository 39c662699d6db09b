"""A request is run once as many blocks stand over its own as its function asks for, or once it is finalized."""

import pytest
from node_bench import until
from test_requests import BLOCK, KEY, RAW, book_of, seen

from executor.chain.watcher import Scanned, Vanished
from executor.crypto.digests import function_id, request_id
from executor.errors import ChainUnavailable, InvalidManifest
from executor.model.function import Function
from executor.model.ids import RequestId
from executor.model.manifest import Capabilities, ChainTerms, Terms, parse_manifest
from executor.node.depths import Depths
from executor.node.receipts import ReceiptFiles
from executor.node.requests import RequestBook

ONE, TWO = RequestId(bytes([1]) * 32), RequestId(bytes([2]) * 32)


class Finality:
    """A chain's finalized head, which can be out of reach."""

    def __init__(self, number):
        self.number, self.asked, self.works = number, 0, True

    async def __call__(self):
        self.asked += 1
        if not self.works:
            raise ChainUnavailable("nobody answers")
        return self.number


@pytest.mark.parametrize(
    ("read", "asked", "last_read", "deep"),
    [
        (0, None, 100, True),
        (0, 1, 100, False),
        (0, 1, 101, True),
        (3, 3, 100, True),
        (3, 5, 101, False),
        (3, 5, 102, True),
        (0, "finalized", 10_000, False),
        ("finalized", 256, 100, True),
        ("finalized", "finalized", 100, True),
    ],
)
async def test_depth_counts_from_where_the_node_reads(read, asked, last_read, deep):
    """A block that was read has the node's own confirmations over it already; what is finalized is deep enough."""
    depths = Depths(read, Finality(0))
    await depths.reached(last_read)
    assert depths.is_deep(100, asked) == deep


async def test_finality_is_asked_for_only_while_somebody_waits_for_it():
    """And again with the next block when no endpoint answers."""
    finality = Finality(100)
    depths = Depths(0, finality)
    assert depths.hold(ONE, 100, 2)
    assert await depths.reached(101) == []
    assert finality.asked == 0
    assert depths.hold(TWO, 100, "finalized")
    finality.works = False
    assert await depths.reached(102) == [ONE]
    finality.works = True
    assert await depths.reached(103) == [TWO]
    assert (await depths.reached(104), finality.asked, len(depths)) == ([], 2, 0)


def patient(node, confirmations):
    """A book of a node that reads the head, and a request of a function that asks for more."""
    book_of(node)
    function = Function(
        b"\0asm\x01\0\0\0", Terms(capabilities=Capabilities(chain=ChainTerms(confirmations=confirmations)))
    )
    node.functions.add(function)
    book = RequestBook(
        sessions=node.sessions,
        journal=node.journal,
        functions=node.functions,
        events=node.events,
        receipts=ReceiptFiles(node.folder / "receipts"),
        load_bill=None,
        depths=Depths(0, Finality(BLOCK)),
    )
    return book, RAW.__class__(
        **{**{name: getattr(RAW, name) for name in RAW.__slots__}, "function_id": function_id(function)}
    )


@pytest.fixture
async def node(committee):
    """A committee of one whose runs do not end before they may."""
    (one,) = await committee(1)
    one.runs.gate.clear()
    return one


async def test_a_request_waits_for_the_blocks_its_function_asks_for(node):
    """Journaled and told at once, run later; its state says what it waits for."""
    book, request = patient(node, 2)
    key = request_id(request)
    await book.take(seen(request))
    assert (book.standing(key).state, book.counts["not-deep-enough"]) == ("not-deep-enough", 1)
    await book.take(Scanned(BLOCK + 2))
    assert book.standing(key).state == "not-deep-enough"
    await book.take(Scanned(BLOCK + 3))
    assert (book.standing(key).state, book.counts["not-deep-enough"]) == ("active", 0)
    await until(lambda: node.told("seen"))
    assert [event["confirmations"] for event in node.told("not-deep-enough")] == [2]


async def test_a_request_that_vanishes_while_it_waits_is_never_run(node):
    """That is what the waiting is for."""
    book, request = patient(node, "finalized")
    await book.take(seen(request))
    await book.take(Vanished(seen(request)))
    assert book.counts["not-deep-enough"] == 0
    await book.take(Scanned(BLOCK + 100))
    assert node.told("seen") == []
    assert KEY not in {key for key, _ in book.standings(10)}


@pytest.mark.parametrize("asked", ["0", "257", "true", '"safe"', "1.5"])
def test_a_depth_that_is_none_is_refused_by_name(asked):
    """Between 1 and 256 blocks, or `finalized`."""
    text = f"""[function]
name = "f"
language = "wasm"
source = "f.wasm"
[capabilities.chain]
confirmations = {asked}
"""
    with pytest.raises(InvalidManifest, match="confirmations"):
        parse_manifest(text)
