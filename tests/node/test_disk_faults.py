"""A disk that fails a node: the node ends, and nothing that was not journaled first was signed or sent."""

import asyncio

import pytest
from node_bench import make_request, no_slot, one_slot, until

from executor.errors import StoreError
from executor.model.ids import RequestId
from executor.protocol.record import decode_record
from executor.store.journal import Journal
from executor.store.schema import ENTRIES


class Watched:
    """Signer and wire of a node, noting after how many committed saves each signature and message left."""

    def __init__(self, node) -> None:
        self.node, self.left = node, []
        self._signer, self._wire = node.driver._signer, node.driver._wire
        node.driver._signer = node.driver._wire = self

    async def sign(self, statement):
        self.left.append(("sign", self.node.journal.sequence))
        return await self._signer.sign(statement)

    async def send(self, recipient, payload, *, sealed=False):
        self.left.append(("send", self.node.journal.sequence))
        await self._wire.send(recipient, payload, sealed=sealed)


def fill(journal: Journal) -> None:
    """From now on the file cannot grow: SQLite then says what it says of a full disk."""
    pages = journal._connection.exec_driver_sql("PRAGMA page_count").scalar_one()
    journal._connection.exec_driver_sql(f"PRAGMA max_page_count = {pages}")
    journal._connection.rollback()


@pytest.mark.parametrize("run", [no_slot, one_slot])
async def test_a_save_that_fails_is_followed_by_no_signature_and_no_message(committee, run):
    """The disk is full from the first record on."""
    (node,) = await committee(1, run)
    for number in range(4):  # no free space is left within the file's pages
        node.journal.save(RequestId(bytes([number + 1]) * 32), "filler", bytes(4_000))
    watched = Watched(node)
    fill(node.journal)
    promised = node.record.counter
    key = await node.see(make_request())
    await until(node.task.done)
    failed = node.task.exception()
    assert failed.split(StoreError)[1] is None
    assert "journal.sqlite3" in str(failed.exceptions[0])
    assert "make room, then start again" in str(failed.exceptions[0])
    assert watched.left == []
    assert node.record.counter == promised
    with pytest.raises(StoreError, match="nothing more until it is opened again"):
        node.journal.find(key, "record")


async def test_a_disk_with_room_again_lets_the_node_go_on(committee):
    """After the operator made room and started it again."""
    (node,) = await committee(1, one_slot)
    fill(node.journal)
    await node.see(make_request())
    for number in range(64):
        if node.task.done():
            break
        await node.see(make_request(number + 1))
    await until(node.task.done)
    await node.stop()
    await node.start()
    await node.see(make_request())
    await until(lambda: node.attested)


async def test_every_signature_and_message_leaves_after_its_save(committee):
    """In a sound run each step commits before anything of it leaves; one commit holds all Saves of a step."""
    (node,) = await committee(1, one_slot)
    watched = Watched(node)
    key = await node.see(make_request())
    await until(lambda: node.attested)
    saves = [saved for what, saved in watched.left if what == "sign"]
    assert saves == sorted(saves)
    assert min(saves) >= 1
    assert decode_record(node.journal.find(key, "record")).attestation is not None


async def test_a_record_whose_bytes_changed_on_disk_ends_the_node_before_it_signs(committee):
    """A flipped bit within a value breaks no structure of the file, so the entry's own digest tells."""
    (node,) = await committee(1, one_slot)
    key = await node.see(make_request())
    await until(lambda: node.attested)
    watched = Watched(node)
    promised = node.record.counter
    connection = node.journal._connection
    connection.execute(ENTRIES.update().values(value=node.journal.find(key, "record")[:-1] + b"\x00"))
    connection.commit()
    await node.driver.delivered(key)
    await node.see(make_request())
    await until(node.task.done)
    assert node.task.exception().split(StoreError)[1] is None
    assert watched.left == []
    assert node.record.counter == promised
    node.journal.close()
    with pytest.raises(StoreError, match="is not what was saved"):
        await asyncio.to_thread(Journal, node.folder / "journal.sqlite3")
