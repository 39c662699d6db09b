"""Every digest and every domain tag, in one file (docs/wire.md §1 and §2).

A digest is keccak256(abi.encode(TAG, fields...)). Ids of model values are functions here, because the model hashes
nothing. Solidity twin: contracts/src/libraries/.
"""

from __future__ import annotations

from functools import lru_cache
from typing import TYPE_CHECKING, assert_never
from typing import Final as Constant

from eth_hash.auto import keccak

from executor.crypto.words import abi_encode
from executor.model.codec import encode
from executor.model.committee import EpochIdentity
from executor.model.ids import (
    Address,
    Digest,
    EntryHash,
    EpochDigest,
    EventHash,
    FunctionId,
    ManifestHash,
    ModuleId,
    NameId,
    ProfileId,
    RegistrationId,
    RequestId,
    Root,
    SpecHash,
    TranscriptHash,
)
from executor.model.observation import Observation
from executor.model.outcome import Failed, Final, Returned, Trapped
from executor.model.profile import Profile
from executor.model.report import Report, Status
from executor.model.request import Request
from executor.model.transcript import Entry, Transcript
from executor.model.trigger import BlockTick, ClockTick, HomeBlock, HttpCall, LogEvent, TriggerEvent
from executor.model.view import View

if TYPE_CHECKING:  # manifests take longer to import than everything else here
    from executor.model.function import Function
    from executor.model.manifest import Terms


def _tag(name: str) -> bytes:
    return keccak(b"executor/v1/" + name.encode("ascii"))


TAG_FUNCTION: Constant = _tag("function")
TAG_MANIFEST: Constant = _tag("manifest")
TAG_PROFILE: Constant = _tag("profile")
TAG_EPOCH: Constant = _tag("epoch")
TAG_REQUEST: Constant = _tag("request")
TAG_SPEC: Constant = _tag("spec")
TAG_ENTRY: Constant = _tag("entry")
TAG_TRANSCRIPT: Constant = _tag("transcript")
TAG_OBSERVATION: Constant = _tag("observation")
TAG_PREPARE: Constant = _tag("prepare")
TAG_MESSAGE: Constant = _tag("message")
TAG_POSSESSION: Constant = _tag("possession")
TAG_COUNTER: Constant = _tag("counter")
TAG_TICKET: Constant = _tag("ticket")
TAG_RANDOMNESS: Constant = _tag("randomness")
TAG_DRAW: Constant = _tag("draw")
TAG_NAME: Constant = _tag("name")
TAG_REGISTRATION: Constant = _tag("registration")
TAG_TRIGGER: Constant = _tag("trigger")
TAG_LOG: Constant = _tag("log")
TAG_CRON: Constant = _tag("cron")
TAG_BLOCK: Constant = _tag("block")
TAG_HTTP: Constant = _tag("http")
TAG_UPLOAD: Constant = _tag("upload")
TAG_SECRET: Constant = _tag("secret")
TAG_SEALING: Constant = _tag("sealing")
TAG_LISTING: Constant = _tag("listing")
TAG_ENVELOPE: Constant = _tag("envelope")
TAG_IDEMPOTENCY: Constant = _tag("idempotency")
TAG_DEALING: Constant = _tag("dealing")
TAG_DKG: Constant = _tag("dkg")
TAG_OPENED: Constant = _tag("opened")
TAG_SETTLED: Constant = _tag("settled")
TAG_MEMBERS: Constant = _tag("members")

EIP712_DOMAIN: Constant = keccak(b"EIP712Domain(string name,string version,uint256 chainId,address verifyingContract)")
EIP712_ATTESTATION: Constant = keccak(b"Attestation(address committee,uint64 epoch,bytes32 root)")
EIP712_TRIGGER: Constant = keccak(
    b"Trigger(bytes32 registration,uint64 blockNumber,uint64 nonce,uint64 expires,bytes32 bodyHash)"
)
EIP712_DRAW_KEY: Constant = keccak(b"DrawKey(address committee,uint64 epoch,bytes publicKey,bytes32 dkgHash)")


KEPT_SPEC_BYTES: Constant = 4_096  # the profile's ceiling; what a peer claims may be larger, and is not kept


def _digest(tag: bytes, types: str, *values: object) -> bytes:
    return keccak(abi_encode(["bytes32", *types.split()], [tag, *values]))


def keccak256(data: bytes) -> Digest:
    """Plain keccak256."""
    return Digest(keccak(data))


def module_id(module: bytes) -> ModuleId:
    """keccak256 of the WASM bytes: the one untagged digest."""
    return ModuleId(keccak(module))


def manifest_hash(terms: Terms) -> ManifestHash:
    """Hash of limits and capabilities."""
    return ManifestHash(_digest(TAG_MANIFEST, "bytes32", keccak(terms.canonical())))


def function_id(function: Function) -> FunctionId:
    """Identity of (module, source, terms)."""
    return function_id_of(module_id(function.module), function.source, function.terms)


def function_id_of(module: ModuleId, source: bytes, terms: Terms) -> FunctionId:
    """The same, when only the module's id is at hand."""
    return FunctionId(_digest(TAG_FUNCTION, "bytes32 bytes32 bytes32", module, keccak(source), manifest_hash(terms)))


def profile_id(profile: Profile) -> ProfileId:
    """Identity of the machine's rules."""
    return ProfileId(_digest(TAG_PROFILE, "bytes32", keccak(encode(profile))))


@lru_cache(maxsize=256)
def epoch_digest(epoch: EpochIdentity) -> EpochDigest:
    """Identity of the epoch on its chain."""
    values = (epoch.chain_id, epoch.router, epoch.committee, epoch.number)
    return EpochDigest(_digest(TAG_EPOCH, "uint256 address address uint64", *values))


def request_id(request: Request) -> RequestId:
    """Identity of a request, asked for or triggered; the router computes the same on chain."""
    if (origin := request.origin) is not None:
        home = HomeBlock(request.block_number, request.block_timestamp, request.parent_hash)
        started_by = event_hash(origin.event, request.input, home)
        place = (request.chain_id, request.router, origin.registration)
        return triggered_request_id(*place, request.function_id, request.epoch, started_by)
    return RequestId(
        _digest(
            TAG_REQUEST,
            "uint256 address uint64 uint64 uint64 bytes32 address uint64 bytes32 uint64 bytes32 uint32 address",
            request.chain_id,
            request.router,
            request.nonce,
            request.block_number,
            request.block_timestamp,
            request.parent_hash,
            request.sender,
            request.subscription,
            request.function_id,
            request.epoch,
            keccak(request.input),
            request.callback_gas_limit,
            request.consumer,
        )
    )


def name_id(owner: Address, name: bytes) -> NameId:
    """Identity of a name that `owner` made in the function registry, given as the bytes published."""
    return NameId(_digest(TAG_NAME, "address bytes32", owner, keccak(name)))


def registration_id(chain_id: int, triggers: Address, owner: Address, nonce: int) -> RegistrationId:
    """Identity of the trigger that `owner` registered after `nonce` others."""
    values = (chain_id, triggers, owner, nonce)
    return RegistrationId(_digest(TAG_REGISTRATION, "uint256 address address uint64", *values))


def event_hash(event: TriggerEvent, input: bytes, home: HomeBlock) -> EventHash:
    """Identity of what started a run, and everything beside registration, function and epoch that the run may see."""
    match event:
        case LogEvent(source_chain_id, block_hash, transaction_hash, log_index):
            tag, types = TAG_LOG, "uint256 bytes32 bytes32 uint32"
            values: tuple[object, ...] = (source_chain_id, block_hash, transaction_hash, log_index)
        case ClockTick(scheduled_time):
            tag, types, values = TAG_CRON, "uint64", (scheduled_time,)
        case BlockTick(number):
            tag, types, values = TAG_BLOCK, "uint64", (number,)
        case HttpCall(payload_digest):
            tag, types, values = TAG_HTTP, "bytes32", (payload_digest,)
        case _ as unreachable:
            assert_never(unreachable)
    context = (keccak(input), home.number, home.timestamp, home.parent_hash)
    return EventHash(_digest(tag, f"{types} bytes32 uint64 uint64 bytes32", *values, *context))


def triggered_request_id(
    chain_id: int, router: Address, registration: RegistrationId, function: FunctionId, epoch: int, event: EventHash
) -> RequestId:
    """Identity of a request that a trigger made; the router computes the same on chain."""
    values = (chain_id, router, registration, function, epoch, event)
    return RequestId(_digest(TAG_TRIGGER, "uint256 address bytes32 bytes32 uint64 bytes32", *values))


def spec_hash(spec: bytes) -> SpecHash:
    """Identity of an observation spec (canonical JSON bytes)."""
    return _spec_hash(spec) if len(spec) <= KEPT_SPEC_BYTES else _spec_hash.__wrapped__(spec)


@lru_cache(maxsize=256)  # each observation of a slot names the same one
def _spec_hash(spec: bytes) -> SpecHash:
    return SpecHash(_digest(TAG_SPEC, "bytes32", keccak(spec)))


def entry_hash(slot: int, entry: Entry) -> EntryHash:
    """Identity of the entry at `slot`; the observation set is no part of it."""
    return _entry_hash(slot, entry.spec, int(entry.kind), entry.value)


@lru_cache(maxsize=1024)  # 32 kB each at most; every message about a request names the same few entries
def _entry_hash(slot: int, spec: bytes, kind: int, value: bytes) -> EntryHash:
    values = (slot, spec_hash(spec), kind, keccak(value))
    return EntryHash(_digest(TAG_ENTRY, "uint16 bytes32 uint8 bytes32", *values))


def transcript_hash(transcript: Transcript) -> TranscriptHash:
    """Identity of a transcript."""
    return _transcript_hash(tuple(entry_hash(slot, entry) for slot, entry in enumerate(transcript)))


@lru_cache(maxsize=4096)
def _transcript_hash(hashes: tuple[EntryHash, ...]) -> TranscriptHash:
    return TranscriptHash(_digest(TAG_TRANSCRIPT, "bytes32[]", hashes))


def observation_digest(
    epoch: EpochDigest,
    request: RequestId,
    function: FunctionId,
    so_far: TranscriptHash,
    slot: int,
    spec: bytes,
    observation: Observation,
) -> Digest:
    """What a member signs about what it saw for `slot`."""
    return Digest(
        _digest(
            TAG_OBSERVATION,
            "bytes32 bytes32 bytes32 bytes32 uint16 bytes32 uint8 bytes32",
            epoch,
            request,
            function,
            so_far,
            slot,
            spec_hash(spec),
            int(observation.kind),
            keccak(observation.value),
        )
    )


@lru_cache(maxsize=4096)
def prepare_digest(
    epoch: EpochDigest, request: RequestId, function: FunctionId, transcript: TranscriptHash, view: View
) -> Digest:
    """What a member signs to prepare a transcript in a view."""
    values = (epoch, request, function, transcript, view.round, view.slots)
    return Digest(_digest(TAG_PREPARE, "bytes32 bytes32 bytes32 bytes32 uint32 uint16", *values))


@lru_cache(maxsize=4096)
def settled_digest(
    epoch: EpochDigest, request: RequestId, function: FunctionId, transcript: TranscriptHash, view: View
) -> Digest:
    """What a member signs to say that a request is final and nothing but draws comes after this transcript."""
    values = (epoch, request, function, transcript, view.round, view.slots)
    return Digest(_digest(TAG_SETTLED, "bytes32 bytes32 bytes32 bytes32 uint32 uint16", *values))


def message_digest(epoch: EpochDigest, sender: int, recipient: int, payload: bytes) -> Digest:
    """What the envelope of a peer message signs; recipient 65535 means all."""
    return Digest(_digest(TAG_MESSAGE, "bytes32 uint16 uint16 bytes32", epoch, sender, recipient, keccak(payload)))


def counter_digest(epoch: EpochDigest, counter: int) -> Digest:
    """What a member's signer states of its record: so many things were ever recorded."""
    return Digest(_digest(TAG_COUNTER, "bytes32 uint64", epoch, counter))


def possession_digest(chain_id: int, committee: Address, operator: Address, public_key: bytes) -> Digest:
    """What a BLS proof of possession signs; `public_key` is the EIP-2537 form, 256 bytes."""
    values = (chain_id, committee, operator, keccak(public_key))
    return Digest(_digest(TAG_POSSESSION, "uint256 address address bytes32", *values))


def ticket_digest(chain_id: int, beacon: Address, consumer: Address, nonce: int) -> Digest:
    """A consumer's ticket at the beacon contract."""
    return Digest(_digest(TAG_TICKET, "uint256 address address uint64", chain_id, beacon, consumer, nonce))


def ticket_randomness(drand_randomness: Digest, ticket: Digest) -> Digest:
    """What a ticket is worth when its round has this randomness by drand."""
    return Digest(_digest(TAG_RANDOMNESS, "bytes32 bytes32", drand_randomness, ticket))


def draw_digest(chain_id: int, router: Address, request: RequestId, ordinal: int) -> Digest:
    """What an epoch's draw key signs for a request's draw, and nothing else."""
    return Digest(_digest(TAG_DRAW, "uint256 address bytes32 uint32", chain_id, router, request, ordinal))


def upload_digest(chain_id: int, router: Address, function: FunctionId, expires: int) -> Digest:
    """What an account signs to have a node keep a function's bytes; `expires` is in seconds since the Unix epoch."""
    return Digest(_digest(TAG_UPLOAD, "uint256 address bytes32 uint64", chain_id, router, function, expires))


def idempotency_digest(request: RequestId, slot: int, ordinal: int) -> Digest:
    """The `Idempotency-Key` of an unsafe request: the `ordinal`-th of a look at a slot, counted from 0."""
    return Digest(_digest(TAG_IDEMPOTENCY, "bytes32 uint16 uint32", request, slot, ordinal))


def secret_context(
    epoch: EpochDigest, owner: Address, function: FunctionId, name: str, version: int, expires: int
) -> Digest:
    """What a secret's ciphertext is bound to."""
    values = (epoch, owner, function, keccak(name.encode("ascii")), version, expires)
    return Digest(_digest(TAG_SEALING, "bytes32 address bytes32 bytes32 uint64 uint64", *values))


def secret_digest(context: Digest, subscription: int, sealed: bytes) -> Digest:
    """What an owner signs to have members keep a secret, or with nothing sealed to have it deleted."""
    return Digest(_digest(TAG_SECRET, "bytes32 uint64 bytes32", context, subscription, keccak(sealed)))


def secret_list_digest(chain_id: int, router: Address, account: Address, expires: int) -> Digest:
    """What an account signs to be told what a node keeps of its secrets."""
    return Digest(_digest(TAG_LISTING, "uint256 address address uint64", chain_id, router, account, expires))


def private_input_context(epoch: EpochDigest, function: FunctionId, consumer: Address) -> Digest:
    """What a private input's ciphertext is bound to."""
    return Digest(_digest(TAG_ENVELOPE, "bytes32 bytes32 address", epoch, function, consumer))


@lru_cache(maxsize=4096)
def report_leaf(report: Report) -> Digest:
    """Leaf of a report: double keccak256, so that no inner node can pass for a leaf."""
    encoded = abi_encode(
        ["bytes32", "bytes32", "bytes32", "uint8", "uint32", "uint16", "uint64", "bytes32"],
        [
            report.request_id,
            report.function_id,
            report.transcript_hash,
            int(report.status),
            report.round,
            report.slots,
            report.fuel_used,
            report.output_hash,
        ],
    )
    return Digest(keccak(keccak(encoded)))


@lru_cache(maxsize=256)
def _domain_separator(chain_id: int, router: Address) -> bytes:
    types = ["bytes32", "bytes32", "bytes32", "uint256", "address"]
    return keccak(abi_encode(types, [EIP712_DOMAIN, keccak(b"Executor"), keccak(b"1"), chain_id, router]))


@lru_cache(maxsize=4096)
def attestation_digest(epoch: EpochIdentity, root: Root) -> Digest:
    """EIP-712 digest that votes sign (ECDSA and BLS alike)."""
    struct = _digest(EIP712_ATTESTATION, "address uint64 bytes32", epoch.committee, epoch.number, root)
    return Digest(keccak(b"\x19\x01" + _domain_separator(epoch.chain_id, epoch.router) + struct))


def draw_key_digest(epoch: EpochIdentity, public_key: bytes, dkg_hash: Digest) -> Digest:
    """EIP-712 digest by which a quorum registers its epoch's draw key; `public_key` is the EIP-2537 form, 256 bytes."""
    values = (epoch.committee, epoch.number, keccak(public_key), dkg_hash)
    struct = _digest(EIP712_DRAW_KEY, "address uint64 bytes32 bytes32", *values)
    return Digest(keccak(b"\x19\x01" + _domain_separator(epoch.chain_id, epoch.router) + struct))


def dealing_hash(epoch: EpochDigest, dealer: int, commitments: bytes, sealed: bytes, opened: bytes) -> Digest:
    """Identity of a dealing: the epoch whose key it is for, its dealer, and its parts one after the other."""
    values = (epoch, dealer, keccak(commitments), keccak(sealed), keccak(opened))
    return Digest(_digest(TAG_DEALING, "bytes32 uint16 bytes32 bytes32 bytes32", *values))


def dkg_hash(epoch: EpochDigest, threshold: int, dealings: bytes) -> Digest:
    """Identity of a key's making: the agreed list of dealings, 34 bytes each."""
    return Digest(_digest(TAG_DKG, "bytes32 uint16 bytes32", epoch, threshold, keccak(dealings)))


def members_digest(epoch: EpochDigest, members: bytes) -> Digest:
    """An epoch's members: signer and encryption key of each, 52 bytes, one after the other."""
    return Digest(_digest(TAG_MEMBERS, "bytes32 bytes32", epoch, keccak(members)))


def key_context(made: Digest, member: int) -> Digest:
    """What the proof of an opened share is bound to."""
    return Digest(_digest(TAG_OPENED, "bytes32 uint16", made, member))


def http_payload_digest(
    chain_id: int,
    router: Address,
    registration: RegistrationId,
    block_number: int,
    nonce: int,
    expires: int,
    body: bytes,
) -> Digest:
    """EIP-712 digest that a signer of an http trigger signs; `block_number` is of a finalized block."""
    values = (registration, block_number, nonce, expires, keccak(body))
    struct = _digest(EIP712_TRIGGER, "bytes32 uint64 uint64 uint64 bytes32", *values)
    return Digest(keccak(b"\x19\x01" + _domain_separator(chain_id, router) + struct))


def payload(outcome: Final) -> bytes:
    """The bytes behind a report's output hash: output, error bytes, or the one-byte trap code."""
    match outcome:
        case Returned(output, _):
            return output
        case Failed(error, _):
            return error
        case Trapped(code, _):
            return bytes([code])


def make_report(
    request: RequestId, function: FunctionId, transcript: TranscriptHash, outcome: Final, view: View
) -> Report:
    """The report about an outcome that rests on the certificate of `view`."""
    status = {Returned: Status.RETURNED, Failed: Status.FAILED, Trapped: Status.TRAPPED}[type(outcome)]
    return Report(
        request_id=request,
        function_id=function,
        transcript_hash=transcript,
        status=status,
        round=view.round,
        slots=view.slots,
        fuel_used=outcome.fuel_used,
        output_hash=keccak256(payload(outcome)),
    )
