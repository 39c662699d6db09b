"""Epochs of the committee contract as the model's values."""

from __future__ import annotations

from typing import Final as Constant

from executor.chain.bindings import committee as binding
from executor.chain.client import ChainClient
from executor.chain.contracts import revert_reason
from executor.chain.member_url import member_url
from executor.crypto import bls
from executor.errors import ChainError, InvalidValue, RpcRefused
from executor.model.committee import Epoch, Member, Verifier
from executor.model.ids import Address, ProfileId
from executor.model.report import Scheme

VERIFIER_CONTRACTS: Constant = {Scheme.ECDSA: "EcdsaQuorumVerifier", Scheme.BLS: "BlsVerifier"}


async def current_epoch(client: ChainClient) -> int:
    """Number of the current epoch; 0 before the first."""
    number: int = await client.read(client.contract("Committee", client.committee).functions.currentEpoch())
    return number


async def load_epoch(client: ChainClient, number: int) -> Epoch:
    """The epoch with its members' keys and its verifiers' schemes.

    Raises ChainError for an epoch that does not exist or that holds something this version cannot work with.
    """
    views = client.contract("Committee", client.committee).functions
    try:
        raw = await client.read(views.epochInfo(number))
        rows = await client.read(views.epochMembers(number))
    except RpcRefused as error:
        raise ChainError(f"epoch {number}: {revert_reason(error.data)}") from error
    info = binding.Epoch.from_abi(raw)
    try:
        return Epoch(
            chain_id=client.chain_id,
            router=client.router,
            committee=client.committee,
            number=number,
            profile_id=ProfileId(info.profile_id),
            round_length_s=info.round_length,
            members=tuple(_member(index, binding.Member.from_abi(row)) for index, row in enumerate(rows)),
            verifiers=tuple([await _verifier(client, Address.from_hex(each)) for each in info.verifiers]),
        )
    except InvalidValue as error:
        raise ChainError(f"epoch {number}: {error}") from error


async def is_final(client: ChainClient, epoch: Epoch) -> bool:
    """Whether a finalized block has the epoch, as it is here; raises ChainError.

    Views are asked at the head, which every endpoint can answer; it is asked for after the finalized block.
    """
    final = await client.head("finalized")
    views = client.contract("Committee", client.committee).functions
    stands = await load_epoch(client, epoch.number) == epoch
    info = binding.Epoch.from_abi(await client.read(views.epochInfo(epoch.number)))
    return stands and info.start_block <= final.number


def _member(index: int, record: binding.Member) -> Member:
    return Member(
        index=index,
        operator=Address.from_hex(record.operator),
        signer=Address.from_hex(record.signer),
        bls_key=bls.from_evm_g2(record.public_key),
        encryption_key=record.encryption_key,
        endpoint=member_url(record.endpoint),
    )


async def _verifier(client: ChainClient, address: Address) -> Verifier:
    name = await client.read(
        client.contract("BlsVerifier", address).functions.scheme()
    )  # the same view in every verifier
    try:
        return Verifier(Scheme(name), address)
    except ValueError as error:
        raise ChainError(f"the verifier {address} has the scheme {name!r}, which this version does not know") from error
