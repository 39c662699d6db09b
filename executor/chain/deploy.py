"""Puts the contracts on a development chain, registers members, starts an epoch and funds a subscription."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import astuple, dataclass
from pathlib import Path
from typing import Final as Constant

from executor.chain.calls import transact
from executor.chain.client import ChainClient, Receipt
from executor.chain.contracts import creation
from executor.chain.epochs import VERIFIER_CONTRACTS, current_epoch
from executor.chain.operators import ProvePossession, Registered, registration_arguments
from executor.chain.sender import Account, TransactionSender
from executor.chain.subscriptions import add_consumer, create_subscription
from executor.errors import InvalidConfig, TransactionFailed
from executor.model.billing import GWEI, Prices
from executor.model.codec import Natural, decode, encode
from executor.model.committee import Verifier
from executor.model.ids import Address, ProfileId
from executor.model.report import Scheme
from executor.model.request import ZERO_ADDRESS

MAX_FILE_BYTES: Constant = 64 * 1024
OPERATOR_FUNDS_WEI: Constant = 10 * 10**18  # registration and a day of deliveries on a development chain
MIN_STAKE_WEI: Constant = 10**18  # a tenth of those funds
SUBSCRIPTION_FUNDS_WEI: Constant = 100 * 10**18  # thousands of requests at a development chain's fees
ROUND_LENGTH_S: Constant = 4
PRICES: Constant = Prices(
    fuel_price=100 * GWEI,
    slot_price=2_000 * GWEI,
    delivery_gas=250_000,  # above the dearest single delivery in docs/gas.md
    max_tip=3,
    headroom=200,  # the base fee can double in six full blocks (EIP-1559)
    premium=1_000,
)


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
    functions: Address
    triggers: Address
    beacon: Address
    verifiers: tuple[Verifier, ...]
    consumer: Address
    subscription: Natural
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
    first: int | None = None,
) -> Deployment:
    """Deploy every contract, register `members` in order, start the first epoch and fund a subscription.

    The first epoch is of the first `first` members, by default of all.

    The deployer owns the contracts and the subscription, whose one consumer is a PriceConsumer. Operators with less
    than a tenth of OPERATOR_FUNDS_WEI are funded by the deployer. Raises ChainError.
    """
    client = ChainClient([rpc_url], chain_id, ZERO_ADDRESS)
    try:
        sender = TransactionSender(client, deployer)
        committee = await create(sender, "Committee", deployer.address, MIN_STAKE_WEI, 0)
        functions = await create(sender, "FunctionRegistry")
        router = await create(
            sender, "Router", deployer.address, committee, functions, ZERO_ADDRESS, 0, astuple(PRICES)
        )
        triggers = await create(sender, "Triggers", router)
        await transact(sender, "Router", router, "setTriggers", triggers)
        named = [
            Verifier(scheme, await create(sender, VERIFIER_CONTRACTS[scheme])) for scheme in map(Scheme, verifiers)
        ]
        for member in members:
            await _fund(client, sender, member.operator.address)
            await register(client, committee, member, stake_wei=MIN_STAKE_WEI)
        operators = [member.operator.address for member in members[:first]]
        addresses = [verifier.address for verifier in named]
        receipt = await start_epoch(sender, committee, operators, profile_id, round_length_s, addresses)
        beacon = await create(sender, "Beacon")
        consumer = await create(sender, "PriceConsumer", router)
        async with ChainClient([rpc_url], chain_id, router) as connected:
            epoch = await current_epoch(connected)
            owner = TransactionSender(connected, deployer)
            subscription = await create_subscription(connected, owner, value_wei=SUBSCRIPTION_FUNDS_WEI)
            await add_consumer(connected, owner, subscription, consumer)
    finally:
        await client.close()
    return Deployment(
        chain_id=chain_id,
        router=router,
        committee=committee,
        functions=functions,
        triggers=triggers,
        beacon=beacon,
        verifiers=tuple(named),
        consumer=consumer,
        subscription=subscription,
        epoch=epoch,
        block_number=receipt.location.block_number,
    )


async def register(client: ChainClient, committee: Address, member: Registration, *, stake_wei: int = 0) -> Receipt:
    """Register one operator's keys with proofs of possession, and pay in stake; raises TransactionFailed."""
    registered = Registered(member.signer, member.encryption_key, member.bls_key, member.endpoint)
    proofs = await member.prove_possession(client.chain_id, committee, member.operator.address)
    return await transact(
        TransactionSender(client, member.operator),
        *("Committee", committee, "register"),
        *registration_arguments(registered, proofs),
        value_wei=stake_wei,
    )


async def start_epoch(
    owner: TransactionSender,
    committee: Address,
    operators: Sequence[Address],
    profile_id: ProfileId,
    round_length_s: int,
    verifiers: Sequence[Address],
) -> Receipt:
    """Propose an epoch of registered operators and begin it, where changes need no delay; raises TransactionFailed."""
    arguments = (list(operators), profile_id, round_length_s, list(verifiers))
    await transact(owner, "Committee", committee, "proposeEpoch", *arguments)
    return await transact(owner, "Committee", committee, "startEpoch", *arguments)


async def create(sender: TransactionSender, name: str, *arguments: object) -> Address:
    """Put a committed contract on chain; raises TransactionFailed."""
    receipt = await sender.send(None, creation(name, *arguments))
    if not receipt.succeeded or receipt.contract is None:
        raise TransactionFailed(f"{name} was not created in {receipt.location.transaction}")
    return receipt.contract


async def _fund(client: ChainClient, sender: TransactionSender, address: Address) -> None:
    if await client.balance(address) < OPERATOR_FUNDS_WEI // 10:
        await sender.send(address, value_wei=OPERATOR_FUNDS_WEI)
