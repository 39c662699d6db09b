"""The reader of a network's events."""

from aiohttp import web

from executor.model.ids import RequestId
from executor.node.api import LAST_EVENT
from executor.store.events import EventLog
from executor.testing.network import NetworkReader
from executor.testing.processes import free_ports

REQUEST = RequestId(b"\x01" * 32)


async def test_a_node_that_counts_anew_is_read_from_its_first_event(tmp_path):
    """It was restarted while nobody read it: its numbers are below those the reader remembers."""
    log = EventLog(tmp_path / "events.jsonl")
    log.add("seen", REQUEST)
    log.add("delivered", REQUEST)

    async def events(request: web.Request) -> web.Response:
        found = await log.wait_after(
            int(request.query.get("after", "0")), min(0.1, float(request.query.get("wait", "0")))
        )
        return web.json_response([event.plain() for event in found], headers={LAST_EVENT: str(log.last)})

    app = web.Application()
    app.router.add_get("/v1/events", events)
    runner = web.AppRunner(app)
    await runner.setup()
    (port,) = free_ports(1)
    await web.TCPSite(runner, "127.0.0.1", port).start()
    async with NetworkReader([f"http://127.0.0.1:{port}"]) as reader:
        found = reader.follow({0: 62}, REQUEST, 20)
        assert [(await anext(found))[1]["kind"] for _ in range(2)] == ["seen", "delivered"]
        await found.aclose()
    await runner.cleanup()
