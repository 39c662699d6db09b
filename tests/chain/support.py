"""A committee with fixed keys, its contracts on a development chain, and attestations by any of its members."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Self

from eth_abi.abi import encode as abi_encode

from executor.chain.accounts import dev_accounts
from executor.chain.calls import transact
from executor.chain.client import ChainClient
from executor.chain.consumer import PriceConsumer
from executor.chain.deploy import Deployment, Registration, deploy_devnet
from executor.chain.devchain import Devchain
from executor.chain.epochs import load_epoch
from executor.chain.functions import register_function
from executor.chain.logs import SeenRequest, decode, router_logs
from executor.chain.sender import TransactionSender
from executor.chain.signing import dev_account
from executor.chain.subscriptions import add_consumer
from executor.chain.transmitter import Transmitter
from executor.crypto import bls, secp256k1
from executor.crypto.digests import (
    attestation_digest,
    function_id,
    keccak256,
    make_report,
    possession_digest,
    report_leaf,
    transcript_hash,
)
from executor.crypto.merkle import merkle_root
from executor.crypto.proofs import build_proof
from executor.model.committee import Epoch, Possession
from executor.model.function import Function
from executor.model.ids import Address, ProfileId
from executor.model.manifest import Terms
from executor.model.outcome import Returned
from executor.model.report import Attestation, Report, Scheme, Vote
from executor.model.view import NO_VIEW

MEMBERS = 4
SOURCE = Function(b"a module", Terms(), b"a function")
FUNCTION = function_id(SOURCE)
PROFILE = ProfileId(keccak256(b"a profile"))
SIGNER_KEYS = [bytes(keccak256(b"signer %d" % member)) for member in range(MEMBERS)]
BLS_KEYS = [bls.secret_from_seed(bytes(keccak256(b"bls %d" % member))) for member in range(MEMBERS)]


def registrations() -> list[Registration]:
    """Members 0 to 3, operated by development accounts 1 to 4."""
    return [registration(member) for member in range(MEMBERS)]


def registration(member: int) -> Registration:
    secret = BLS_KEYS[member]

    async def prove(chain_id: int, committee: Address, operator: Address) -> Possession:
        key = bls.to_evm_g2(bls.public_key(secret))
        digest = possession_digest(chain_id, committee, operator, key)
        return Possession(secp256k1.sign(SIGNER_KEYS[member], digest), bls.prove_possession(secret, digest))

    return Registration(
        operator=dev_account(dev_accounts()[member + 1]),
        signer=secp256k1.address_of(SIGNER_KEYS[member]),
        bls_key=bls.public_key(secret),
        encryption_key=bytes(keccak256(b"encryption %d" % member)),
        endpoint=f"http://127.0.0.1:{8000 + member}",
        prove_possession=prove,
    )


def attest(epoch: Epoch, reports: Sequence[Report], scheme: Scheme, members: Sequence[int] = (0, 1, 3)) -> Attestation:
    """An attestation by these members."""
    root = merkle_root([report_leaf(report) for report in reports])
    digest = attestation_digest(epoch.identity, root)
    votes = [
        Vote(member, secp256k1.sign(SIGNER_KEYS[member], digest), bls.sign(BLS_KEYS[member], digest))
        for member in members
    ]
    return Attestation(scheme, tuple(reports), build_proof(scheme, epoch, votes))


def answer(seen: SeenRequest, price: int, timestamp: int | None = None) -> tuple[Report, bytes]:
    """A report that the price is `price`, by default at the request's time, and its output."""
    output = abi_encode(["uint256", "uint64"], [price, timestamp or seen.request.block_timestamp])
    outcome = Returned(output, 12_345)
    return make_report(seen.request_id, seen.request.function_id, transcript_hash(()), outcome, NO_VIEW), output


@dataclass
class Scene:
    """A chain with everything on it. Development account 0 deploys and requests, 5 transmits."""

    chain: Devchain
    deployment: Deployment
    client: ChainClient
    epoch: Epoch
    consumer: PriceConsumer
    requester: TransactionSender
    transmitter: Transmitter

    @classmethod
    async def open(cls, chain: Devchain, deployment: Deployment | None = None) -> Self:
        """Deploy unless deployed, and connect."""
        if deployment is None:
            deployer = dev_account(dev_accounts()[0])
            deployment = await deploy_devnet(chain.url, chain.chain_id, deployer, registrations(), profile_id=PROFILE)
        client = ChainClient([chain.url], chain.chain_id, deployment.router)
        await client.connect()
        requester = TransactionSender(client, dev_account(dev_accounts()[0]))
        await register_function(client, requester, SOURCE)
        return cls(
            chain=chain,
            deployment=deployment,
            client=client,
            epoch=await load_epoch(client, deployment.epoch),
            consumer=PriceConsumer(client, deployment.consumer, deployment.subscription),
            requester=requester,
            transmitter=Transmitter(client, TransactionSender(client, dev_account(dev_accounts()[5]))),
        )

    async def request(self, input: bytes = b"input") -> SeenRequest:
        """A request of the consumer, mined."""
        return await self.consumer.request(self.requester, FUNCTION, input)

    async def request_by_eater(
        self, count: int, callback_gas_limit: int, *, two_faced: bool = False
    ) -> list[SeenRequest]:
        """Requests of a new consumer whose callback burns all its gas; a two-faced one spends none in estimates."""
        # Called by the router: INVALID, or only where gas has a price. Else what it is called with goes to the router.
        end = "5b3a15603357fe5b00" if two_faced else "5bfe"
        runtime = b"\x73" + self.client.router + bytes.fromhex("803314602c57365f5f375f5f365f5f855af115602c5700" + end)
        made = await self.requester.send(None, bytes.fromhex("600b380380600b5f395ff3") + runtime)
        assert made.contract is not None
        await add_consumer(self.client, self.requester, self.deployment.subscription, made.contract)
        arguments = (self.deployment.subscription, FUNCTION, b"", callback_gas_limit)
        seen = []
        for _ in range(count):
            receipt = await transact(self.requester, "Router", made.contract, "request", *arguments)
            block = await self.client.block_by_hash(receipt.location.block_hash)
            assert block is not None
            (log,) = router_logs(receipt.logs, self.client.router)
            found = decode(log, block, self.client.chain_id, self.client.router)
            assert isinstance(found, SeenRequest)
            seen.append(found)
        return seen

    async def mine(self, blocks: int = 1) -> None:
        """Empty blocks."""
        for _ in range(blocks):
            await self.client.rpc.call("evm_mine")
