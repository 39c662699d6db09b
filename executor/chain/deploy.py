"""Puts the contracts on a development chain, registers members and starts an epoch."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final as Constant

from executor.chain.client import ChainClient, Receipt
from executor.chain.contracts import calldata, creation, revert_reason
from executor.chain.epochs import VERIFIER_CONTRACTS, current_epoch
from executor.chain.sender import Account, TransactionSender
from executor.crypto import bls
from executor.errors import InvalidConfig, RpcRefused, TransactionFailed
from executor.model.codec import Natural, decode, encode
from executor.model.committee import Verifier
from executor.model.ids import Address, ProfileId
from executor.model.report import Scheme
from executor.model.request import ZERO_ADDRESS

MAX_FILE_BYTES: Constant = 64 * 1024
OPERATOR_FUNDS_WEI: Constant = 10 * 10**18  # registration and a day of deliveries on a development chain
ROUND_LENGTH_S: Constant = 4

ProvePossession = Callable[[int, Address, Address], Awaitable[bytes]]
"""(chain id, committee, operator) -> compressed proof; `SignerClient.prove_possession`."""


@dataclass(frozen=True, slots=True)
class Registration:
    """What one operator registers; `operator` pays for it and becomes the member."""

    operator: Account
    signer: Address
    bls_key: bytes
    encryption_key: bytes
    endpoint: str
    prove_possession: ProvePossession


@dataclass(frozen=True, slots=True)
class Deployment:
    """Where everything is; written to and read from a file as canonical JSON."""

    chain_id: Natural
    router: Address
    committee: Address
    verifiers: tuple[Verifier, ...]
    consumer: Address
    epoch: Natural
    block_number: Natural

    def write(self, path: Path) -> None:
        """Write the file."""
        path.write_bytes(encode(self))

    @classmethod
    def read(cls, path: Path) -> Deployment:
        """Read the file; raises InvalidConfig."""
        try:
            return decode(cls, path.read_bytes(), limit=MAX_FILE_BYTES)
        except (OSError, ValueError) as error:
            raise InvalidConfig(f"{path}: {error}") from error


async def deploy_devnet(
    rpc_url: str,
    chain_id: int,
    deployer: Account,
    members: Sequence[Registration],
    *,
    profile_id: ProfileId,
    round_length_s: int = ROUND_LENGTH_S,
    verifiers: Sequence[Scheme | str] = (Scheme.ECDSA, Scheme.BLS),
) -> Deployment:
    """Deploy committee, router, verifiers and PriceConsumer, register `members` in order and start the first epoch.

    Operators with less than a tenth of OPERATOR_FUNDS_WEI are funded by the deployer. Raises ChainError.
    """
    client = ChainClient([rpc_url], chain_id, ZERO_ADDRESS)
    try:
        sender = TransactionSender(client, deployer)
        committee = await _create(sender, "Committee", deployer.address)
        router = await _create(sender, "Router", deployer.address, committee)
        named = [
            Verifier(scheme, await _create(sender, VERIFIER_CONTRACTS[scheme])) for scheme in map(Scheme, verifiers)
        ]
        consumer = await _create(sender, "PriceConsumer", router)
        for member in members:
            await _fund(client, sender, member.operator.address)
            await register(client, committee, member)
        receipt = await start_epoch(
            sender,
            committee,
            [member.operator.address for member in members],
            profile_id,
            round_length_s,
            [verifier.address for verifier in named],
        )
        async with ChainClient([rpc_url], chain_id, router) as connected:
            epoch = await current_epoch(connected)
    finally:
        await client.close()
    return Deployment(chain_id, router, committee, tuple(named), consumer, epoch, receipt.location.block_number)


async def register(client: ChainClient, committee: Address, member: Registration) -> Receipt:
    """Register one operator's keys with a proof of possession; raises TransactionFailed."""
    proof = await member.prove_possession(client.chain_id, committee, member.operator.address)
    return await _transact(
        TransactionSender(client, member.operator),
        committee,
        "register",
        member.signer,
        member.encryption_key,
        bls.to_evm_g2(member.bls_key),
        bls.to_evm_g1(proof),
        member.endpoint,
    )


async def start_epoch(
    owner: TransactionSender,
    committee: Address,
    operators: Sequence[Address],
    profile_id: ProfileId,
    round_length_s: int,
    verifiers: Sequence[Address],
) -> Receipt:
    """Begin an epoch of registered operators; raises TransactionFailed."""
    arguments = (list(operators), profile_id, round_length_s, list(verifiers))
    return await _transact(owner, committee, "startEpoch", *arguments)


async def _create(sender: TransactionSender, name: str, *arguments: object) -> Address:
    receipt = await sender.send(None, creation(name, *arguments))
    if not receipt.succeeded or receipt.contract is None:
        raise TransactionFailed(f"{name} was not created in {receipt.location.transaction}")
    return receipt.contract


async def _transact(sender: TransactionSender, committee: Address, name: str, *arguments: object) -> Receipt:
    try:
        receipt = await sender.send(committee, calldata("Committee", name, *arguments))
    except RpcRefused as error:
        raise TransactionFailed(f"{name}: {revert_reason(error.data) if error.data else error.message}") from error
    if not receipt.succeeded:
        raise TransactionFailed(f"{name} reverted in {receipt.location.transaction}")
    return receipt


async def _fund(client: ChainClient, sender: TransactionSender, address: Address) -> None:
    if await client.balance(address) < OPERATOR_FUNDS_WEI // 10:
        await sender.send(address, value_wei=OPERATOR_FUNDS_WEI)
