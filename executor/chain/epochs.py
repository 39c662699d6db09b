"""Epochs of the committee contract as the model's values."""

from __future__ import annotations

from typing import Final as Constant

from executor.chain.bindings import committee as binding
from executor.chain.client import ChainClient
from executor.chain.contract import interface
from executor.chain.rpc import RpcRefused
from executor.crypto import bls
from executor.errors import ChainError, InvalidValue
from executor.model.committee import Epoch, Member, Verifier
from executor.model.ids import Address, ProfileId
from executor.model.report import Scheme

VERIFIER_CONTRACTS: Constant = {Scheme.ECDSA: "EcdsaQuorumVerifier", Scheme.BLS: "BlsVerifier"}


async def current_epoch(client: ChainClient) -> int:
    """Number of the current epoch; 0 before the first."""
    return int(await client.read(client.committee, interface("Committee"), "currentEpoch"))


async def load_epoch(client: ChainClient, number: int) -> Epoch:
    """The epoch with its members' keys and its verifiers' schemes.

    Raises ChainError for an epoch that does not exist or that holds something this version cannot work with.
    """
    committee = interface("Committee")
    try:
        raw = await client.read(client.committee, committee, "epochInfo", number)
        rows = await client.read(client.committee, committee, "epochMembers", number)
    except RpcRefused as error:
        raise ChainError(f"epoch {number}: {committee.reason(error.data)}") from error
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


def _member(index: int, record: binding.Member) -> Member:
    # Text is decoded as bytes (contract.py): an endpoint that is not UTF-8 is its operator's own loss.
    endpoint = bytes(record.endpoint)  # type: ignore[arg-type]
    return Member(
        index=index,
        operator=Address.from_hex(record.operator),
        signer=Address.from_hex(record.signer),
        bls_key=bls.from_evm_g2(record.public_key),
        encryption_key=record.encryption_key,
        endpoint=endpoint.decode("utf-8", "replace"),
    )


async def _verifier(client: ChainClient, address: Address) -> Verifier:
    name = bytes(await client.read(address, interface("BlsVerifier"), "scheme"))  # the same view in every verifier
    try:
        return Verifier(Scheme(name.decode("ascii")), address)
    except ValueError as error:
        raise ChainError(f"the verifier {address} has the scheme {name!r}, which this version does not know") from error
