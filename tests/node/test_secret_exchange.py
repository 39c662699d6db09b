"""Secrets between members, and between owners and members, over HTTP."""

import asyncio
import json
from dataclasses import replace

import aiohttp
from aiohttp import web
from aiohttp.test_utils import TestServer
from node_bench import ROUTER
from secrets_bench import (
    DAY,
    IDENTITY,
    MARKER,
    NOW,
    OWNER,
    STRANGER,
    Broken,
    function_of,
    members,
    read,
    secret,
)

from executor.crypto.digests import function_id
from executor.model.codec import encode
from executor.node.secrets.claims import HEADER, sign_list_claim
from executor.node.secrets.exchange import MAX_AGE_S, PATH, Offered, Wanted
from executor.node.secrets.routes import PLACES
from executor.node.secrets.store import MAX_SECRET_BYTES
from executor.transport.envelope import encode_envelope, make_envelope


async def test_a_member_that_withholds_is_passed_over(desks):
    """It was given the secret and says that it has none; the next one is asked."""
    first, liar, third, _ = desks
    await first.desk.put(secret(first.epoch))
    await liar.desk.put(secret(first.epoch))
    liar.store._kept.clear()
    await read(third, 1)
    assert await third.refusal_of() == "secret-missing"
    await read(third, 0)
    assert await third.value() == MARKER


async def test_what_a_member_makes_up_is_refused_and_costs_the_rest_nothing(desks):
    first, liar, third, _ = desks
    await first.desk.put(secret(first.epoch, name="OTHER"))
    forged = replace(secret(first.epoch, b"forged"), signature=bytes(64))
    liar.store.add(forged)
    liar.store.add(secret(first.epoch, name="OTHER"))
    await read(third, 1)
    assert (await third.refusal_of(), await third.value("OTHER")) == ("secret-missing", MARKER)
    (told,) = [event.fields for event in third.events.after(0) if event.kind == "secrets-refused"]
    assert (told["member"], told["count"]) == (1, 1)
    assert "is not account" in told["first"]


async def test_a_deletion_is_handed_on_and_many_secrets_come_in_parts(tmp_path):
    names = [f"N{number}" for number in range(40)]
    function = function_of(names=names)
    async with members(tmp_path, 2, per_account=64) as (one, two):
        for each in (one, two):
            each.functions[function_id(function)] = function.terms
        for name in names:
            await one.desk.put(secret(one.epoch, name=name, function=function_id(function)))
        await read(two, 0)
        assert await two.value("N39", function=function) == MARKER
        await one.desk.put(secret(one.epoch, None, name="N39", function=function_id(function), version=2))
        await read(two, 0)
        assert await two.refusal_of("N39", function=function) == "secret-missing"
        assert two.kinds() == ["secret-kept"] * 40 + ["secret-deleted"]


async def question(asker, to, *, payload=None, sender=None, recipient=None, signer=None, sealed=False):
    """Ask as a member does, with something changed; status and text."""
    wanted = payload if payload is not None else encode(Wanted(0, b"", int(asker.clock.now)))
    made = await make_envelope(
        asker.epoch,
        signer or asker.signer,
        asker.index if sender is None else sender,
        to.index if recipient is None else recipient,
        wanted,
        sealed=sealed,
    )
    url = asker.epoch.members[to.index].endpoint.rstrip("/") + PATH
    async with aiohttp.ClientSession() as session, session.post(url, data=encode_envelope(made)) as answer:
        return answer.status, await answer.text()


async def test_only_members_are_given_sealed_texts(desks):
    first, second, third, _ = desks
    await first.desk.put(secret(first.epoch))
    status, text = await question(second, first)
    assert (status, len(json.loads(text)["secrets"])) == (200, 1)
    old = encode(Wanted(0, b"", int(NOW - MAX_AGE_S - 1)))
    for changed, reason in [
        ({"signer": third.signer}, "not signed by member 1"),
        ({"sender": 9}, "another member's"),
        ({"sender": 0}, "another member's"),
        ({"recipient": 2}, "to member 0"),
        ({"sealed": True}, "open"),
        ({"payload": old}, "asked 121 s ago"),
    ]:
        status, text = await question(second, first, **changed)
        assert (status, reason in text) == (403, True), (changed, text)
    assert (await question(second, first, payload=b"[]"))[0] == 422
    first.desk.abandon(1)
    assert await question(second, first) == (403, '{"error": "this node does not serve that epoch"}')


async def test_an_answer_of_another_form_is_passed_over(desks):
    asker = desks[0]

    async def flood(_request):
        made = secret(asker.epoch)
        return web.Response(body=encode(Offered(b"", 9, (made,) * 17)))

    app = web.Application()
    app.router.add_post(PATH, flood)
    async with TestServer(app) as server:
        changed = [replace(asker.epoch.members[1], endpoint=str(server.make_url("")))]
        asker.epoch = replace(asker.epoch, members=(asker.epoch.members[0], *changed, *asker.epoch.members[2:]))
        asker.desk.serve(asker.epoch, 0, asker.signer)
        await read(asker, 1)
    assert asker.kinds() == []


async def test_the_owner_is_told_what_is_known_and_nobody_else(desks):
    first = desks[0]
    await first.desk.put(secret(first.epoch, version=3))
    await first.desk.put(secret(first.epoch, None, name="OTHER", version=4))
    url = first.epoch.members[0].endpoint.rstrip("/") + "/v1/secrets"

    async def ask(header):
        headers = {} if header is None else {HEADER: header}
        async with aiohttp.ClientSession() as session, session.get(url, headers=headers) as answer:
            return answer.status, await answer.json()

    def claim(account=OWNER, key=None, expires=int(NOW) + 60, chain_id=31337):
        return sign_list_claim(key or account.private_key, account.address, chain_id, ROUTER, expires)

    assert await ask(claim()) == (
        200,
        [
            {
                "epoch": 1,
                "expires": int(NOW) + DAY,
                "function_id": str(IDENTITY),
                "name": "API_KEY",
                "state": "held",
                "version": 3,
            },
            {"epoch": 1, "expires": 0, "function_id": str(IDENTITY), "name": "OTHER", "state": "deleted", "version": 4},
        ],
    )
    assert await ask(claim(STRANGER)) == (200, [])
    wrong = [
        None,
        "{}",
        claim(key=STRANGER.private_key),
        claim(expires=int(NOW)),
        claim(chain_id=1),
        claim(expires=int(NOW) + 3_601),
    ]
    assert [(await ask(header))[0] for header in wrong] == [403] * len(wrong)


async def test_over_http_each_refusal_has_its_status(desks):
    first = desks[0]
    url = first.epoch.members[0].endpoint.rstrip("/") + "/v1/secrets"

    async def put(body):
        async with aiohttp.ClientSession() as session, session.put(url, data=body) as answer:
            return answer.status

    good = encode(secret(first.epoch))
    assert await put(good) == 200
    assert await put(good[:-1]) == 422
    assert await put(encode(secret(first.epoch, version=2, key=STRANGER.private_key))) == 403
    assert await put(bytes(MAX_SECRET_BYTES + 1)) == 413
    first.desk.serve(first.epoch, 0, Broken())
    assert await put(encode(secret(first.epoch, version=2))) == 503


async def test_a_running_desk_reads_from_the_others_by_itself(desks):
    first, second = desks[:2]
    await first.desk.put(secret(first.epoch))
    async with aiohttp.ClientSession() as session:
        running = asyncio.create_task(second.desk.run(lambda: session, poll_s=0.01))
        while not second.kinds():  # noqa: ASYNC110 # another task's
            await asyncio.sleep(0.01)
        running.cancel()
        await asyncio.gather(running, return_exceptions=True)
    assert await second.value() == MARKER


async def test_a_member_that_offers_without_end_gets_its_turn_and_no_more(desks):
    """Each answer is full of what nobody signed, and promises more."""
    asker, answers = desks[0], []

    async def endless(_request):
        answers.append(1)
        made = [replace(secret(asker.epoch, version=len(answers)), signature=bytes(64))] * 16
        return web.Response(body=encode(Offered(b"", len(answers), tuple(made))))

    app = web.Application()
    app.router.add_post(PATH, endless)
    async with TestServer(app) as server:
        liar = replace(asker.epoch.members[1], endpoint=str(server.make_url("")))
        asker.epoch = replace(asker.epoch, members=(asker.epoch.members[0], liar, *asker.epoch.members[2:]))
        asker.desk.serve(asker.epoch, 0, asker.signer)
        await read(asker, 1)
    assert (len(answers), asker.kinds()) == (4, ["secrets-refused"])
    assert asker.charged == []


async def test_slow_strangers_hold_up_neither_owners_nor_members(desks):
    """One address, which all connections here are, has half of a kind's places; owners' and members' are apart."""
    first, second = desks[:2]
    host, port = first.epoch.members[0].endpoint.removeprefix("http://").rstrip("/").split(":")
    head = b"PUT /v1/secrets HTTP/1.1\r\nhost: x\r\ncontent-length: 100\r\n\r\n{"
    writers = []
    for _ in range(PLACES):
        _, writer = await asyncio.open_connection(host, int(port))
        writer.write(head)
        await writer.drain()
        writers.append(writer)
    url = f"http://{host}:{port}/v1/secrets"
    async with aiohttp.ClientSession() as session:
        status = 0
        while status != 503:  # the strangers' bodies are being read by then
            async with session.put(url, data=b"{}") as answer:
                status, told = answer.status, await answer.text()
    assert f"{PLACES // 2} of {PLACES} places are taken" in told
    assert (await question(second, first))[0] == 200
    for writer in writers:
        writer.close()
