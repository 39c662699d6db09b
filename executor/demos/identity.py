"""A pass for who is of age: sealed attributes, a provider behind an API key, a verdict (docs/identity-gate.md)."""

from __future__ import annotations

import asyncio
import os
import sys
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Final

from executor.chain.accounts import dev_accounts
from executor.chain.logs import SeenRequest
from executor.crypto.digests import keccak256
from executor.demos.examples import example
from executor.demos.facts import Facts
from executor.demos.markers import Markers
from executor.demos.stage import OWNER, Stage
from executor.errors import HostFault
from executor.keys.private_inputs import seal_private_input
from executor.model.codec import encode_json
from executor.model.ids import Address, FunctionId, RequestId
from executor.model.receipt import Receipt
from executor.testing.identity_provider import API_KEY, PEOPLE

NAME: Final = "identity"
ABOUT: Final = "A pass for who is of age: sealed attributes and a secret API key, and nobody reads either."

CONTRACT: Final = "IdentityGate"
POLICY: Final = bytes(keccak256(b"of-age"))
LIFETIME_S: Final = 30 * 86_400
BINDING_DELAY_S: Final = 3_600
SHARE: Final = 100 * 10**18  # of the token, what each person may take once
NULLIFIER_KEY: Final = "marker-of-the-nullifiers-key-8a61"
SECRETS: Final = {"NULLIFIER_KEY": NULLIFIER_KEY, "PROVIDER_KEY": API_KEY}
REFUSALS: Final = (
    *("RunFailed", "Malformed", "OtherRequest", "Replaced", "PolicyClosed", "Expired", "NullifierTaken"),
)  # as IIdentityGate.sol has them
ALICE, BOB, CAROL, MALLORY = 6, 5, 4, 8  # accounts; Carol's is Alice's second one
DOCUMENTS: Final = {ALICE: "X1234567", BOB: "X7654321", CAROL: "X1234567"}
MARKERS: Final = Markers([API_KEY, NULLIFIER_KEY, *PEOPLE, *(str(person["number"]) for person in PEOPLE.values())])


@dataclass(slots=True)
class Gate:
    """The gate on a network, what is behind it, and every request that was made of it."""

    stage: Stage
    function: FunctionId
    address: Address
    claim: Address
    asked: dict[RequestId, Address] = field(default_factory=dict)  # and by whom

    def text(self, account: int, document: str) -> bytes:
        """What a person seals: about whom, for which account, policy and gate, so that a copy is of no use."""
        about = {"account": str(address_of(account)), "document": document, "gate": str(self.address)}
        return encode_json(about | {"policy": "0x" + POLICY.hex()})

    def seal(self, account: int, document: str) -> bytes:
        """The same, for the members of this epoch alone."""
        return seal_private_input(self.stage.devnet.epoch, self.function, self.address, self.text(account, document))

    async def ask(self, account: int, envelope: bytes) -> SeenRequest:
        """An account asks about itself."""
        seen = await self.stage.requested(
            await self.stage.transact(CONTRACT, self.address, "request", POLICY, envelope, account=account)
        )
        self.asked[seen.request_id] = address_of(account)
        return seen

    async def answered(self, request: RequestId) -> tuple[Receipt, str]:
        """Its receipt, and the gate's own event about who asked: one delivery may answer several."""
        await self.stage.delivered(request)
        receipt = await self.stage.receipt(request)
        told = self.stage.happened(CONTRACT, self.address, await self.stage.delivery(receipt))
        (event,) = [each for each in told if Address.from_hex(each["account"]) == self.asked[request]]
        why = f" {REFUSALS[event['refusal']]}" if event.name == "AnswerRefused" else ""
        return receipt, event.name + why

    async def is_verified(self, account: int) -> bool:
        """What the gate says to other contracts."""
        return bool(await self.stage.view(CONTRACT, self.address, "isVerified", address_of(account), POLICY))

    async def take(self, account: int) -> Any:
        """An account claims its share behind the gate."""
        return await self.stage.transact("GatedClaim", self.claim, "claim", account=account)


def address_of(account: int) -> Address:
    """A development account's address."""
    return dev_accounts()[account].address


async def open_gate(stage: Stage) -> Gate:
    """Function, gate with its policy, and a token of which each person behind it gets a share."""
    function = await stage.register("identity-gate", example("identity_gate"))
    arguments = (stage.devnet.deployment.router, address_of(OWNER), function, BINDING_DELAY_S)
    address = await stage.deploy(CONTRACT, *arguments)
    await stage.transact(CONTRACT, address, "setSubscription", await stage.pay_for(address))
    await stage.transact(CONTRACT, address, "openPolicy", POLICY, LIFETIME_S)
    token = await stage.deploy("DemoToken", "Share", "SHARE")
    claim = await stage.deploy("GatedClaim", address, POLICY, token, SHARE)
    await stage.transact("DemoToken", token, "mint", claim, 10 * SHARE)
    stage.story.line("", "it may open sealed inputs, call identity.test, and read two secrets of its owner's")
    stage.story.line("contracts", f"IdentityGate {address}, GatedClaim {claim}")
    return Gate(stage, function, address, claim)


async def command(stage: Stage, *arguments: object, env: Mapping[str, str] | None = None) -> str:
    """What `executor secrets ARGUMENTS` prints about this network; the owner's key is in its environment."""
    deployment = stage.devnet.deployment
    place = ("--rpc", stage.devnet.chain.url, "--chain-id", deployment.chain_id, "--router", deployment.router)
    process = await asyncio.create_subprocess_exec(
        *(sys.executable, "-c", "from executor.cli import main; main()", "secrets"),
        *map(str, (*arguments, *place)),
        env={**os.environ, "EXECUTOR_SECRETS_KEY": dev_accounts()[OWNER].private_key.hex(), **(env or {})},
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.PIPE,
    )
    out, error = await process.communicate()
    if process.returncode != 0 or MARKERS.found(out + error):
        raise HostFault(f"executor secrets {arguments[0]}: {error.decode()}")
    return out.decode()


async def put_secrets(stage: Stage, function: FunctionId) -> str:
    """The owner seals its two secrets to every member; what the command prints."""
    names = [word for name in SECRETS for word in ("--secret", name)]
    payer = ("--subscription", stage.devnet.deployment.subscription)
    return await command(stage, "put", function, *names, *payer, env=SECRETS)


async def play(stage: Stage) -> bool:
    """Show it."""
    facts, story = Facts(stage.story), stage.story
    story.chapter("The gate, and a claim behind it")
    gate = await open_gate(stage)
    story.chapter("executor secrets put: the owner seals its secrets to the four members")
    printed = await put_secrets(stage, gate.function)
    for line in printed.splitlines():
        story.line("", line)
    facts.holds("every member took both", printed.count("by 4 of 4 members") == len(SECRETS))
    envelope = await _pass(gate, facts)
    await _no_pass(gate, facts, envelope)

    story.chapter("What is written and told: files, journals, logs, receipts and metrics of all nodes")
    places = await MARKERS.searched(stage.devnet, list(gate.asked))
    leaks = {place: texts for place, texts in places.items() if texts}
    claim = f"of the secrets, documents and personal numbers none stands in {len(places)} places"
    facts.holds(f"{claim} ({', '.join(leaks)})" if leaks else claim, not leaks)
    sealed = await Markers([envelope.hex()]).searched(stage.devnet, list(gate.asked))
    facts.holds("the same search finds Alice's envelope, which is public", any(sealed.values()))

    story.chapter("Alice gives her pass up")
    await stage.transact(CONTRACT, gate.address, "revoke", POLICY, account=ALICE)
    facts.holds("the gate does not know her any more", not await gate.is_verified(ALICE))
    await facts.refused("she claims again", gate.take(ALICE), "NotVerified")
    return facts.held


async def _pass(gate: Gate, facts: Facts) -> bytes:
    """Alice is of age; her envelope."""
    stage, story = gate.stage, gate.stage.story
    story.chapter("Alice, whose document says that she is of age")
    await stage.mark()
    envelope = gate.seal(ALICE, DOCUMENTS[ALICE])
    story.line("sealed", f"{len(gate.text(ALICE, DOCUMENTS[ALICE]))} bytes about her, {len(envelope)} on chain")
    seen = await gate.ask(ALICE, envelope)
    receipt, event = await gate.answered(seen.request_id)
    facts.holds(f"the gate: {event}", event == "PassGranted" and await gate.is_verified(ALICE))
    facts.holds("the receipt verifies; to replay it nobody needs a secret", await stage.verify(receipt))
    await gate.take(ALICE)
    facts.holds("she takes her share", True)
    await facts.refused("and no second one", gate.take(ALICE), "AlreadyClaimed")
    return envelope


async def _no_pass(gate: Gate, facts: Facts, envelope: bytes) -> None:
    """A copy, a child, and Alice's second account: three requests at once."""
    stage, story = gate.stage, gate.stage.story
    story.chapter("Mallory with a copy of Alice's envelope, Bob who is a child, and Alice's second account")
    await stage.mark()
    copied = await gate.ask(MALLORY, envelope)
    child = await gate.ask(BOB, gate.seal(BOB, DOCUMENTS[BOB]))
    second = await gate.ask(CAROL, gate.seal(CAROL, DOCUMENTS[CAROL]))
    receipt, event = await gate.answered(copied.request_id)
    seen = {bytes(entry.value) for entry in receipt.transcript}
    facts.holds(f"Mallory: {event}; every node saw {b', '.join(seen).decode()}", seen == {b"other-request"})
    _, event = await gate.answered(child.request_id)
    facts.holds(f"Bob: {event}", event == "PassDenied")
    _, event = await gate.answered(second.request_id)
    facts.holds(f"the second account: {event}, since its person has one", event == "AnswerRefused NullifierTaken")
    for account in (MALLORY, BOB, CAROL):
        await facts.refused(f"account {account} claims", gate.take(account), "NotVerified")
