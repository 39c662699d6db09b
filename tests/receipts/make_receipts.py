"""Real receipts: real keys, real signatures, a real run of a small guest."""

from __future__ import annotations

from functools import lru_cache

import wasmtime

from executor.crypto import bls, secp256k1
from executor.crypto.digests import (
    attestation_digest,
    epoch_digest,
    function_id,
    make_report,
    observation_digest,
    payload,
    prepare_digest,
    profile_id,
    report_leaf,
    request_id,
    transcript_hash,
)
from executor.crypto.merkle import merkle_root
from executor.crypto.proofs import build_proof
from executor.model.billing import GWEI, Asset, Prices, Quote, charge, quote
from executor.model.codec import encode_json
from executor.model.committee import Epoch, Member, Verifier
from executor.model.draw_key import ShownDrawKey
from executor.model.function import Function
from executor.model.ids import Address, Digest
from executor.model.manifest import parse_terms
from executor.model.observation import Kind, Observation, SignedObservation
from executor.model.outcome import Returned
from executor.model.profile import PROFILE
from executor.model.receipt import Bill, ChainLocation, Receipt
from executor.model.report import Attestation, Report, Scheme, Status, Vote
from executor.model.request import Request
from executor.model.transcript import Entry, Transcript, observed
from executor.model.view import Certificate, Prepare, View
from executor.protocol.strategies import agree, alone_member
from executor.receipts import build_receipt
from executor.vm import execute, load

SPEC = encode_json({"aggregate": "median", "label": "eth-usd"})
SINGLE = encode_json({"aggregate": "single", "label": "order"})


def guest(spec: bytes) -> str:
    """Observes twice with one spec and returns both agreed values one after the other."""
    return f"""
(module
  (import "executor" "observe" (func $observe (param i32 i32) (result i64)))
  (import "executor" "propose" (func $propose (param i32 i32 i32)))
  (import "executor" "read" (func $read (param i32)))
  (memory (export "memory") 1)
  (data (i32.const 0) "{spec.decode().replace('"', chr(92) + '"')}")
  (data (i32.const 256) "3000.5")
  (func (export "alloc") (param i32) (result i32) (i32.const 4096))
  (func $look (param $at i32) (result i32) (local $answer i64)
    (local.set $answer (call $observe (i32.const 0) (i32.const {len(spec)})))
    (if (i64.eq (local.get $answer) (i64.const -1))
      (then (call $propose (i32.const 0) (i32.const 256) (i32.const 6)) (unreachable)))
    (call $read (local.get $at))
    (i32.add (local.get $at) (i32.wrap_i64 (local.get $answer))))
  (func (export "run") (param i32 i32) (result i64) (local $end i32)
    (local.set $end (call $look (call $look (i32.const 1024))))
    (i64.or (i64.const {1024 << 32}) (i64.extend_i32_u (i32.sub (local.get $end) (i32.const 1024))))))
"""


PRICES = Prices(
    fuel_price=100 * GWEI, slot_price=2_000 * GWEI, delivery_gas=250_000, max_tip=3, headroom=200, premium=1_000
)
SECRETS = [bytes([index + 1]) * 32 for index in range(4)]
BLS_SECRETS = [bls.secret_from_seed(bytes([index + 1]) * 32) for index in range(4)]


def address(number: int) -> Address:
    """Some address."""
    return Address(number.to_bytes(20, "big"))


def make_function(spec: bytes = SPEC) -> Function:
    """The guest above under terms that are not the default ones."""
    terms = parse_terms({"capabilities": {"http": {"hosts": ["http://exchange-a.test"], "methods": ["GET"]}}})
    return Function(wasmtime.wat2wasm(guest(spec)), terms)


def make_epoch() -> Epoch:
    """Four members and both verifiers."""
    members = tuple(
        Member(
            index=index,
            operator=address(100 + index),
            signer=secp256k1.address_of(SECRETS[index]),
            bls_key=bls.public_key(BLS_SECRETS[index]),
            encryption_key=bytes([index]) * 32,
            endpoint=f"http://127.0.0.1:{9000 + index}",
        )
        for index in range(4)
    )
    verifiers = (Verifier(Scheme.ECDSA, address(11)), Verifier(Scheme.BLS, address(12)))
    return Epoch(31337, address(1), address(2), 7, profile_id(PROFILE), 4, members, verifiers)


def make_request(function: Function) -> Request:
    """A request that says something in every field."""
    return Request(
        chain_id=31337,
        router=address(1),
        nonce=3,
        block_number=20,
        block_timestamp=1_700_000_000,
        parent_hash=Digest(bytes([9]) * 32),
        sender=address(4),
        subscription=1,
        function_id=function_id(function),
        epoch=7,
        input=b"in",
        callback_gas_limit=100_000,
        consumer=address(5),
    )


def sign_entry(epoch: Epoch, request: Request, so_far: Transcript, prices: dict[int, str], spec: bytes = SPEC) -> Entry:
    """The next entry, observed by these members."""
    observations = []
    for member, price in prices.items():
        observation = Observation(Kind.VALUE, price.encode())
        digest = observation_digest(
            epoch_digest(epoch.identity), request_id(request), request.function_id, transcript_hash(so_far),
            len(so_far), spec, observation,
        )  # fmt: skip
        observations.append(SignedObservation(member, observation, secp256k1.sign(SECRETS[member], digest)))
    kind, value = agree(spec, [signed.observation for signed in observations], epoch.n, epoch.f)
    return Entry(spec, kind, value, tuple(observations))


def sign_certificate(epoch: Epoch, request: Request, transcript: Transcript, round: int) -> Certificate:
    """Prepares of members 0, 1 and 2."""
    view, hashed = View(round, len(transcript)), transcript_hash(transcript)
    digest = prepare_digest(epoch_digest(epoch.identity), request_id(request), request.function_id, hashed, view)
    prepares = tuple(Prepare(index, view, hashed, secp256k1.sign(SECRETS[index], digest)) for index in range(3))
    return Certificate(view, transcript, prepares)


def make_bill(request: Request, function: Function, report: Report) -> Bill:
    """Quoted at a base fee of 1 gwei, delivered by 80,000 gas at 2 gwei."""
    held = quote(PRICES, Asset.NATIVE, function.terms.limits, request.callback_gas_limit, GWEI)
    taken = charge(PRICES, Asset.NATIVE, held, report.fuel_used, report.slots, 80_000, 2 * GWEI)
    return Bill(Asset.NATIVE, Quote(held, 3), PRICES, taken)


@lru_cache(maxsize=4)
def make_receipt(scheme: Scheme = Scheme.ECDSA) -> Receipt:
    """A receipt of a batch of two reports, attested by members 0, 2 and 3."""
    function, epoch = make_function(), make_epoch()
    request = make_request(function)
    first = sign_entry(epoch, request, (), {0: "3001.5", 1: "3000.25", 3: "2999"})
    transcript = (first, sign_entry(epoch, request, (first,), {0: "10", 2: "11", 3: "12"}))
    return attest(scheme, function, request, transcript)


@lru_cache(maxsize=1)
def single_receipt() -> Receipt:
    """A receipt of two looks under `single`: the one member's observation, and none."""
    function, epoch = make_function(SINGLE), make_epoch()
    request = make_request(function)
    alone = alone_member(request_id(request), epoch.n)
    first = sign_entry(epoch, request, (), {alone: "order 7"}, SINGLE)
    return attest(Scheme.ECDSA, function, request, (first, sign_entry(epoch, request, (first,), {}, SINGLE)))


def attest(
    scheme: Scheme,
    function: Function,
    request: Request,
    transcript: Transcript,
    draw_key: ShownDrawKey | None = None,
) -> Receipt:
    """A receipt of this transcript, in a batch of two reports, attested by members 0, 2 and 3."""
    epoch = make_epoch()
    seen = observed(transcript)
    certificate = sign_certificate(epoch, request, seen, round=425_000_000) if seen else None
    outcome = execute(load(function), request, transcript)
    assert isinstance(outcome, Returned)
    identifier, hashed = request_id(request), transcript_hash(transcript)
    report = make_report(
        identifier, request.function_id, hashed, outcome, certificate.view if certificate else View(0, 0)
    )
    zero = Digest(bytes([1]) * 32)
    other = Report(type(identifier)(zero), request.function_id, hashed, Status.RETURNED, 1, 1, 5, zero)
    reports = (report, other)
    root = merkle_root([report_leaf(item) for item in reports])
    digest = attestation_digest(epoch.identity, root)
    votes = [Vote(i, secp256k1.sign(SECRETS[i], digest), bls.sign(BLS_SECRETS[i], digest)) for i in (0, 2, 3)]
    return build_receipt(
        function=function,
        epoch=epoch,
        request=request,
        transcript=transcript,
        certificate=certificate,
        payload=payload(outcome),
        votes=votes,
        attestation=Attestation(scheme, reports, build_proof(scheme, epoch, votes)),
        requested=ChainLocation(zero, 20, zero),
        delivered=ChainLocation(zero, 22, zero),
        bill=make_bill(request, function, report),
        draw_key=draw_key,
    )
