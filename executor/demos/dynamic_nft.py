"""Tokens that show a match: a sale starts the function, three score feeds are read, and a liar is outvoted."""

from __future__ import annotations

import base64
import json
import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Final

import aiohttp
from eth_abi.abi import encode

from executor.chain.accounts import dev_accounts
from executor.chain.client import Receipt as Mined
from executor.crypto.digests import keccak256
from executor.demos.examples import example
from executor.demos.stage import Stage
from executor.errors import HostFault
from executor.model.ids import Address, FunctionId, RegistrationId, RequestId
from executor.model.receipt import Receipt
from executor.model.trigger_config import LogConfig
from executor.testing.match_feeds import REFEREE

NAME: Final = "dynamic-nft"
ABOUT: Final = "Tokens that show a match: three score feeds, a log trigger, and a refresh with a liar."

CONTRACT: Final = "DynamicNft"
MATCH: Final = 7001
TEAMS: Final = {"home": "Åland United", "away": "Lakeside Rovers"}
DELAY_S: Final = 3_600  # the shortest that another function may be announced before it is believed
CALLBACK_GAS: Final = 150_000  # DynamicNft.CALLBACK_GAS
TRANSFER: Final = keccak256(b"Transfer(address,address,uint256)")
ADA, BEN = 4, 5  # accounts: who gets the token, and who buys it
LIAR: Final = 3
TIMEOUT_S: Final = 10.0
_TEXT: Final = re.compile(r"<text [^>]*>([^<]*)</text>")


async def play(stage: Stage) -> bool:
    """Mint, a goal and a sale, which start the function, another goal, and a refresh with a liar in the committee."""
    story, match = stage.story, Match(stage)
    story.chapter("The tokens, their function, and its trigger")
    await match.move(status="live", minute=23, home_score=0, away_score=0)
    nft = await launch(stage)

    story.chapter("Ada gets a token: its Transfer starts the function")
    token, minted = await nft.mint(ADA)
    first = await nft.shown(token, await nft.started(minted))

    story.chapter("A goal; Ada sells the token to Ben, and again the Transfer starts the function")
    await match.move(minute=24, home_score=1)
    second = await nft.shown(token, await nft.started(await nft.sell(token, ADA, BEN)))
    holds = await stage.verify(second.receipt) and (first.score, second.score) == ((0, 0), (1, 0))

    story.chapter(
        f"Another goal; node {LIAR} lies: nines for digits, and ten times each number. Ben asks for a refresh"
    )
    await match.move(minute=31, away_score=1)
    await stage.lie(LIAR)
    third = await nft.shown(token, await nft.refresh(BEN))
    for seller, buyer in ((BEN, ADA), (ADA, BEN), (BEN, ADA)):
        if LIAR in story.outvoted:  # the fastest quorum settles a slot, sometimes without it
            break
        story.line("", f"node {LIAR} came too late to be heard; once more, by a sale")
        third = await nft.shown(token, await nft.started(await nft.sell(token, seller, buyer)))
    await stage.lie(LIAR, "")
    return await stage.verify(third.receipt) and third.score == (1, 1) and holds


class Match:
    """The referee's device, which the feeds follow."""

    def __init__(self, stage: Stage, identity: int = MATCH) -> None:
        self._stage = stage
        self._url = f"http://{stage.devnet.overrides[REFEREE]}"
        self._identity = identity

    async def move(self, **changes: str | int) -> None:
        """Have the match stand so."""
        await self._put(f"/matches/{self._identity}", {**TEAMS, **changes})
        self._stage.story.line("match", ", ".join(f"{name} {value}" for name, value in changes.items()))

    async def spoil(self, feed: str, fault: str) -> None:
        """Have a feed lie ("lying"), or be right again ("")."""
        await self._put(f"/faults/{feed}", fault)

    async def _put(self, path: str, value: object) -> None:
        timeout = aiohttp.ClientTimeout(total=TIMEOUT_S)
        async with (
            aiohttp.ClientSession(timeout=timeout) as session,
            session.put(self._url + path, json=value) as answer,
        ):
            if answer.status != 200:
                raise HostFault(f"{REFEREE} answered {answer.status}: {(await answer.text())[:200]}")


@dataclass(frozen=True, slots=True)
class Shown:
    """What a delivery made of a token."""

    receipt: Receipt
    metadata: dict[str, Any]
    events: tuple[str, ...]

    @property
    def attributes(self) -> dict[str, Any]:
        """By trait."""
        return {each["trait_type"]: each["value"] for each in self.metadata["attributes"]}

    @property
    def score(self) -> tuple[int, int]:
        """Home and away."""
        return self.attributes["Home score"], self.attributes["Away score"]


@dataclass(frozen=True, slots=True)
class Nft:
    """A deployed DynamicNft, its function, and its trigger."""

    stage: Stage
    address: Address
    function: FunctionId
    registration: RegistrationId
    match: int

    async def mint(self, account: int) -> tuple[int, Mined]:
        """A new token of the match for an account; minting emits Transfer."""
        mined = await self.stage.transact(CONTRACT, self.address, "mint", _address(account), self.match)
        token: int = self.stage.happened(CONTRACT, self.address, mined)[0]["tokenId"]
        self.stage.story.line("minted", f"token {token} = match {self.match} << 32 | {token & 0xFFFFFFFF}")
        return token, mined

    async def sell(self, token: int, seller: int, buyer: int) -> Mined:
        """Hand a token on, which emits Transfer."""
        accounts = _address(seller), _address(buyer)
        return await self.stage.transact(CONTRACT, self.address, "transferFrom", *accounts, token, account=seller)

    async def started(self, cause: Mined) -> RequestId:
        """The run that an event of this transaction started."""
        return await self.stage.triggered(self.registration, cause.location.block_number)

    async def refresh(self, account: int) -> RequestId:
        """Ask how the match stands, as anybody may."""
        mined = await self.stage.transact(CONTRACT, self.address, "refresh", self.match, account=account)
        return (await self.stage.requested(mined)).request_id

    async def known(self) -> Sequence[Any]:
        """What the contract knows of the match: the fields of its struct."""
        fields: Sequence[Any] = await self.stage.view(CONTRACT, self.address, "matchInfo", self.match)
        return fields

    async def shown(self, token: int, request: RequestId) -> Shown:
        """Follow a run to its end, and tell what the token shows then."""
        stage = self.stage
        await stage.delivered(request)
        receipt = await stage.receipt(request)
        events = stage.happened(CONTRACT, self.address, await stage.delivery(receipt))
        for event in events:
            arguments = ", ".join(f"{name} {value}" for name, value in event.arguments.items())
            stage.story.line("event", f"{event.name}({arguments})")
        uri = await stage.view(CONTRACT, self.address, "tokenURI", token)
        shown = Shown(receipt, read_metadata(uri), tuple(event.name for event in events))
        stage.story.line("tokenURI", shown.metadata["name"], "bold green")
        stage.story.line("attributes", ", ".join(f"{name}: {value}" for name, value in shown.attributes.items()))
        stage.story.line("picture", " | ".join(picture_texts(shown.metadata["image"])))
        return shown


async def launch(stage: Stage, match: int = MATCH) -> Nft:
    """Deploy the tokens, bound to the function, and register the trigger of their own transfers."""
    function = await stage.register(NAME, example("dynamic_nft"))
    owner = _address(0)
    address = await stage.deploy(CONTRACT, stage.devnet.deployment.router, owner, bytes(function), owner, DELAY_S)
    stage.story.line("contract", f"{CONTRACT} {address} believes this function and triggers of its owner's")
    subscription = await stage.pay_for(address)
    await stage.transact(CONTRACT, address, "setSubscription", subscription)
    config = LogConfig(addresses=[str(address)], topics=[["0x" + TRANSFER.hex()]], confirmations=0, per_hour=20)
    own = encode(["uint64"], [match])
    registration = await stage.trigger(function, config, address, callback_gas_limit=CALLBACK_GAS, input=own)
    stage.story.line("trigger", f"{registration}: any Transfer of the contract, at most 20 an hour")
    return Nft(stage, address, function, registration, match)


def read_metadata(uri: str) -> dict[str, Any]:
    """The JSON in a token's data URI; raises ValueError for another URI."""
    head, _, data = uri.partition(",")
    if head != "data:application/json;base64":
        raise ValueError(f"not a data URI of JSON: {uri[:60]}")
    metadata: dict[str, Any] = json.loads(base64.b64decode(data, validate=True))
    return metadata


def picture_texts(image: str) -> list[str]:
    """The lines of text in the picture."""
    svg = base64.b64decode(image.removeprefix("data:image/svg+xml;base64,"), validate=True).decode()
    return _TEXT.findall(svg)


def _address(account: int) -> Address:
    return dev_accounts()[account].address
