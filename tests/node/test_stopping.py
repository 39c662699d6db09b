"""How a node ends: what is begun is carried out, nothing else is; in a bounded time, and at once when asked twice."""

import asyncio
import signal
import subprocess
import sys

import pytest
from node_bench import make_request, one_slot, until

from executor.crypto.digests import request_id
from executor.errors import WorkersBusy
from executor.node import driver as driver_module
from executor.node.conditions import Conditions
from executor.protocol.record import decode_record


async def test_a_driver_that_stops_ends_its_step_and_begins_no_other(committee):
    """The signer answers late: the step's Save, signature and message are carried out, what waits behind is not."""
    (node,) = await committee(1, one_slot)
    asked, may = asyncio.Event(), asyncio.Event()
    sign = node.driver._signer.sign

    async def slow(statement):
        asked.set()
        await may.wait()
        return await sign(statement)

    node.driver._signer.sign = slow
    key = await node.see(make_request())
    await asyncio.wait_for(asked.wait(), 8)
    node.driver.stop()
    await node.driver.seen(request_id(make_request(1)), make_request(1), None)
    await asyncio.sleep(0.05)
    assert not node.task.done()
    may.set()
    await asyncio.wait_for(node.task, 8)
    (own,) = decode_record(node.journal.find(key, "record")).observations
    assert own.signature != b""
    assert node.journal.find(request_id(make_request(1)), "record") is None


async def test_a_driver_that_stops_waits_for_transmissions_and_for_no_run(committee):
    """A transaction is on its way; a run is pure, and begun again after the restart."""
    (node,) = await committee(1)
    sent = asyncio.Event()

    async def transmit(effect):
        node.transmitted.append(effect)
        await sent.wait()

    node.driver._transmit = transmit
    await node.see(make_request())
    await until(lambda: node.transmitted)
    node.runs.gate.clear()
    await node.see(make_request(1))
    await until(lambda: node.driver.under_way == 2)
    node.driver.stop()
    await until(lambda: node.driver.under_way == 1)
    assert not node.task.done()
    sent.set()
    await asyncio.wait_for(node.task, 8)


async def test_an_idle_driver_stops_at_once(committee):
    (node,) = await committee(1)
    await asyncio.sleep(0)
    node.driver.stop()
    await asyncio.wait_for(node.task, 1)


SCRIPT = """
import asyncio
from executor.node.shutdown import Shutdown

async def main():
    shutdown = Shutdown()
    async def work():
        print("serving", flush=True)
        await shutdown.asked.wait()
        print("stopping", flush=True)
        await asyncio.sleep({sleeps})
        print("stopped", flush=True)
    await shutdown.run(work(), {timeout})

asyncio.run(main())
"""


def start(sleeps, timeout):
    text = SCRIPT.format(sleeps=sleeps, timeout=timeout)
    child = subprocess.Popen([sys.executable, "-c", text], stdout=subprocess.PIPE, text=True)
    assert child.stdout.readline() == "serving\n"
    child.send_signal(signal.SIGTERM)
    assert child.stdout.readline() == "stopping\n"
    return child


@pytest.mark.parametrize(
    ("sleeps", "timeout", "again", "said", "code"),
    [(0.1, 30, False, "stopped\n", 0), (60, 0.2, False, "", 0), (60, 60, True, "", 130)],
    ids=["in order", "cut off in time", "at once when asked twice"],
)
def test_a_process_ends_when_asked(sleeps, timeout, again, said, code):
    """One signal asks, the time is bounded, a second signal needs no politeness."""
    child = start(sleeps, timeout)
    if again:
        child.send_signal(signal.SIGINT)
    assert (said, code) == (child.communicate(timeout=30)[0], child.returncode)


async def test_a_saturated_pool_sheds_and_says_so(committee):
    """Told once a run, tried again by the machine alone; readiness names the workers until a run ends."""
    (node,) = await committee(1)
    conditions = Conditions()
    node.driver._conditions = conditions
    busy = node.runs.run

    def refuse(_transcript):
        raise WorkersBusy("1024 runs wait for a worker already")

    node.runs.run = refuse
    await node.see(make_request())
    await until(lambda: node.told("shed"))
    assert (node.runs.executed, node.told("abstained")) == (1, [])
    assert conditions.reasons == {"workers": "1024 runs wait for a worker already"}
    node.runs.run = busy
    await until(lambda: node.attested, 20)
    assert conditions.reasons == {}


async def test_work_under_way_is_bounded(committee, monkeypatch):
    """One run too many is told, and asked for again."""
    monkeypatch.setattr(driver_module, "MAX_UNDER_WAY", 1)
    (node,) = await committee(1)
    node.runs.gate.clear()
    for nonce in range(3):
        await node.see(make_request(nonce))
    await until(lambda: len(node.told("shed")) == 2)
    assert node.driver.under_way == 1
    assert str(request_id(make_request(1))) == node.told("shed")[0]["request_id"]
