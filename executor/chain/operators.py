"""What an operator does with its committee: register keys, pay in stake, leave, take out stake and earnings.

Each is a call that is made here and sent by whoever holds the operator's key, which need not be on this machine.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import Final as Constant
from typing import TypeAlias

from hexbytes import HexBytes
from web3.types import TxParams, Wei

from executor.chain.bindings import committee as binding
from executor.chain.calls import view
from executor.chain.client import ChainClient, checksum, well_formed
from executor.chain.contracts import REASONS, calldata
from executor.chain.epochs import current_epoch
from executor.chain.member_url import check_member_url
from executor.chain.reverts import explain
from executor.chain.terms import GRACE_PERIOD_S
from executor.crypto import bls
from executor.errors import InvalidValue, RpcRefused, TransactionFailed
from executor.model.billing import Asset
from executor.model.codec import Natural, from_plain
from executor.model.committee import Possession
from executor.model.ids import Address, ProfileId

MAX_ENDPOINT_BYTES: Constant = 256  # contracts/src/Operators.sol, MAX_ENDPOINT
UNBONDING_S: Constant = GRACE_PERIOD_S + 8 * 24 * 3600  # contracts/src/Stake.sol, UNBONDING_PERIOD

NOT_REGISTERED: Constant = next(key for key, name in REASONS.items() if name == "NotRegistered(address)")

ProvePossession: TypeAlias = Callable[[int, Address, Address], Awaitable[Possession]]
"""(chain id, committee, operator) -> proofs; `SignerClient.prove_possession`."""


@dataclass(frozen=True, slots=True)
class OperatorCall:
    """A transaction of the operator's account, unsigned; `contract` names the ABI."""

    contract: str
    to: Address
    function: str
    arguments: tuple[object, ...] = ()
    value_wei: int = 0

    @property
    def data(self) -> bytes:
        """The call's data."""
        return calldata(self.contract, self.function, *self.arguments)


@dataclass(frozen=True, slots=True)
class Registered:
    """What an operator registers: public keys, the BLS key compressed, and where its node serves."""

    signer: Address
    encryption_key: bytes
    bls_key: bytes
    endpoint: str


@dataclass(frozen=True, slots=True)
class Standing:
    """How an operator stands with its committee now; times are block timestamps."""

    now: int
    registered: Registered | None
    stake_wei: int
    least_wei: int
    exit_at: int
    slashed: bool
    epoch: int
    place: int | None
    last_epoch: int
    free_at: int | None
    profile_id: ProfileId | None
    proposed_at: int
    earned_wei: int


async def registration(
    client: ChainClient,
    operator: Address,
    registered: Registered,
    prove_possession: ProvePossession,
    *,
    stake_wei: int = 0,
) -> OperatorCall:
    """Registers keys with proofs of possession, and pays in stake; raises InvalidValue for an endpoint of no use."""
    check_member_url(registered.endpoint)
    if len(registered.endpoint) > MAX_ENDPOINT_BYTES:  # it is ASCII
        raise InvalidValue(f"an endpoint has at most {MAX_ENDPOINT_BYTES} bytes")
    proofs = await prove_possession(client.chain_id, client.committee, operator)
    arguments = registration_arguments(registered, proofs)
    return OperatorCall("Committee", client.committee, "register", arguments, stake_wei)


def registration_arguments(registered: Registered, proofs: Possession) -> tuple[object, ...]:
    """What `Committee.register` takes."""
    points = (bls.to_evm_g2(registered.bls_key), bls.to_evm_g1(proofs.bls))
    return (registered.signer, proofs.signer, registered.encryption_key, *points, registered.endpoint)


def add_stake(client: ChainClient, wei: int) -> OperatorCall:
    """Pays in more stake."""
    return OperatorCall("Committee", client.committee, "addStake", value_wei=wei)


def leave(client: ChainClient) -> OperatorCall:
    """Asks to be in no later epoch."""
    return OperatorCall("Committee", client.committee, "requestExit")


def stay(client: ChainClient) -> OperatorCall:
    """Takes that back."""
    return OperatorCall("Committee", client.committee, "cancelExit")


def withdraw_stake(client: ChainClient, to: Address) -> OperatorCall:
    """Takes the stake out, after the unbonding period."""
    return OperatorCall("Committee", client.committee, "withdrawStake", (to,))


def withdraw_earnings(client: ChainClient, to: Address) -> OperatorCall:
    """Takes out what was earned and settled, in the chain's coin."""
    return OperatorCall("Router", client.router, "withdrawEarnings", (int(Asset.NATIVE), to))


async def estimate(client: ChainClient, operator: Address, call: OperatorCall) -> int:
    """Gas the call needs now; raises TransactionFailed, in words, where the contract would refuse it."""
    fields = TxParams(
        {
            "from": checksum(operator),
            "to": checksum(call.to),
            "data": HexBytes(call.data),
            "value": Wei(call.value_wei),
        }
    )
    try:
        with well_formed():
            gas: int = from_plain(Natural, await client.w3.eth.estimate_gas(fields))
            return gas
    except RpcRefused as error:
        raise TransactionFailed(f"{call.function} would be refused: {explain(error)}") from error


async def load_standing(client: ChainClient, operator: Address) -> Standing:
    """How the operator stands; raises ChainError."""
    committee = ("Committee", client.committee)
    stake = binding.StakeInfo.from_abi(await view(client, *committee, "stakeOf", operator))
    hash, proposed_at = await view(client, *committee, "proposal")
    number = await current_epoch(client)
    info = binding.Epoch.from_abi(await view(client, *committee, "epochInfo", number)) if number else None
    members = [] if info is None else [Address.from_hex(each) for each in info.operators]
    return Standing(
        now=(await client.head()).timestamp,
        registered=await _registered(client, operator),
        stake_wei=stake.amount,
        least_wei=int(await view(client, *committee, "minStake")),
        exit_at=stake.exit_at,
        slashed=stake.slashed,
        epoch=number,
        place=members.index(operator) if operator in members else None,
        last_epoch=stake.last_epoch,
        free_at=await _free_at(client, stake, number),
        profile_id=None if info is None else ProfileId(info.profile_id),
        proposed_at=int(proposed_at) if any(hash) else 0,
        earned_wei=int(await view(client, "Router", client.router, "earned", int(Asset.NATIVE), operator)),
    )


async def _registered(client: ChainClient, operator: Address) -> Registered | None:
    call = client.contract("Committee", client.committee).functions.member(operator)
    try:
        raw = await client.read(call)
    except RpcRefused as error:
        if error.data[:4] == NOT_REGISTERED:
            return None
        raise
    found = binding.Member.from_abi(raw)
    key = bls.from_evm_g2(found.public_key)
    return Registered(Address.from_hex(found.signer), bytes(found.encryption_key), key, found.endpoint)


async def _free_at(client: ChainClient, stake: binding.StakeInfo, epoch: int) -> int | None:
    """When `withdrawStake` pays: Stake.sol's own reckoning; None while nothing leads there."""
    if not stake.amount or not stake.exit_at or (stake.last_epoch and stake.last_epoch == epoch):
        return None
    served_until = 0
    if stake.last_epoch:
        following = await view(client, "Committee", client.committee, "epochInfo", stake.last_epoch + 1)
        served_until = binding.Epoch.from_abi(following).start_time
    return UNBONDING_S + max(served_until, stake.exit_at)
