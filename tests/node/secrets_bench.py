"""Members' desks in one process, each behind a real server: real keys, boxes and journals."""

from contextlib import asynccontextmanager
from dataclasses import replace

import aiohttp
import pytest
from aiohttp import web
from aiohttp.test_utils import TestServer
from node_bench import ROUTER, make_epoch, make_keys, make_request

from executor.capabilities.errors import CallRefused
from executor.chain.accounts import dev_accounts
from executor.crypto.digests import function_id, secret_digest
from executor.crypto.secp256k1 import sign
from executor.errors import SignerUnavailable
from executor.keys.calls import LocalSigner
from executor.keys.record import SignerRecord
from executor.keys.signer import Signer
from executor.model.function import Function
from executor.model.ids import Address
from executor.model.manifest import Capabilities, PrivateInputCapability, SecretsCapability, Terms
from executor.node.secrets.claims import make_secret
from executor.node.secrets.desk import SecretDesk
from executor.node.secrets.routes import SecretRoutes
from executor.node.secrets.seat import context_of
from executor.node.secrets.store import SecretStore
from executor.store.events import EventLog
from executor.store.journal import Journal

NOW = 1_700_000_000.0
DAY = 86_400
OWNER, STRANGER = dev_accounts()[:2]
CONSUMER = Address(b"\x07" * 20)
MARKER = b"marker-7f3a"


def function_of(owner=OWNER.address, names=("API_KEY", "OTHER"), source=b""):
    granted = SecretsCapability(names=list(names), owner=None if owner is None else str(owner))
    capabilities = Capabilities(secrets=granted, private_input=PrivateInputCapability())
    return Function(b"\0asm\x01\0\0\0", Terms(capabilities=capabilities), source)


FUNCTION = function_of()
IDENTITY = function_id(FUNCTION)


class Clock:
    def __init__(self):
        self.now = NOW

    def __call__(self):
        return self.now


class Desk:
    """One member: its desk behind a real server, its keys, its journal."""

    def __init__(self, folder, index, clock, **quotas):
        self.folder, self.index, self.clock = folder, index, clock
        self.quotas = {"total": 64, "per_account": 16} | quotas
        self.functions = {IDENTITY: FUNCTION.terms}
        self.refusal = None
        self.charged = []
        folder.mkdir(exist_ok=True)
        keys, path = make_keys(index), folder / "record.sqlite3"
        self.record = SignerRecord.create(path, keys.public.signer)
        self.signer = LocalSigner(Signer(keys, self.record))
        self.events = EventLog(folder / "events.jsonl")
        self.open()

    def open(self):
        self.journal = Journal(self.folder / "journal.sqlite3")
        self.store = SecretStore(self.journal, clock=self.clock, **self.quotas)
        self.desk = SecretDesk(
            self.store,
            chain_id=31337,
            router=ROUTER,
            check_account=self.check_account,
            terms_of=self.functions.get,
            events=self.events,
            clock=self.clock,
        )

    def reopen(self):
        """A restart: only the journal survives."""
        self.journal.close()
        self.open()

    async def check_account(self, account, subscription):
        self.charged.append((account, subscription))
        if self.refusal is not None:
            raise self.refusal

    def kinds(self):
        return [event.kind for event in self.events.after(0)]

    async def value(self, name="API_KEY", *, function=FUNCTION, epoch=1):
        request = replace(make_request(function=function, epoch=epoch), consumer=CONSUMER)
        return await self.desk.open_for(function, request).secret(name)

    async def text(self, envelope, *, function=FUNCTION, epoch=1, consumer=CONSUMER):
        request = replace(make_request(function=function, epoch=epoch), consumer=consumer)
        return await self.desk.open_for(function, request).input(envelope)

    async def refusal_of(self, name="API_KEY", **where):
        with pytest.raises(CallRefused) as refused:
            await self.value(name, **where)
        return refused.value.code


@asynccontextmanager
async def members(folder, n=4, **quotas):
    """n desks that serve epoch 1, each at its registered endpoint."""
    clock = Clock()
    desks = [Desk(folder / str(index), index, clock, **quotas) for index in range(n)]
    servers = []
    for each in desks:
        app = web.Application()
        SecretRoutes(each.desk).register(app.router)
        servers.append(TestServer(app))
        await servers[-1].start_server()
    endpoints = [str(server.make_url("")) for server in servers]
    epoch = make_epoch(n)
    epoch = replace(
        epoch, members=tuple(replace(m, endpoint=url) for m, url in zip(epoch.members, endpoints, strict=True))
    )
    for each in desks:
        each.epoch = epoch
        each.desk.serve(epoch, each.index, each.signer)
    try:
        yield desks
    finally:
        for server, each in zip(servers, desks, strict=True):
            await server.close()
            each.journal.close()
            each.record.close()


def secret(epoch, value=MARKER, *, owner=OWNER, key=None, name="API_KEY", version=1, expires=int(NOW) + DAY, **other):
    made = make_secret(
        key or owner.private_key,
        owner.address,
        other.pop("sealed_for", epoch),
        other.pop("function", IDENTITY),
        name,
        value,
        version=version,
        expires=expires,
        subscription=7,
    )
    return replace(made, **other)


def signed(each, owner=OWNER):
    """The same, signed for whatever it says now."""
    digest = secret_digest(context_of(each), each.subscription, each.sealed)
    return replace(each, signature=sign(owner.private_key, digest))


async def read(asker, member):
    """Have one member read what another has."""
    async with aiohttp.ClientSession() as session:
        await asker.desk.read_from(session, asker.desk.seat_of(1), member)


class Broken:
    """A signer that does not answer."""

    async def sign_message(self, *_):
        raise SignerUnavailable("gone")

    async def unseal(self, _ciphertext):
        raise SignerUnavailable("gone")
