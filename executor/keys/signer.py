"""The signer: the only place where secrets are used (K1).

It is given values, never digests: each digest is computed here, under the tag of its kind, so nobody who can talk to
the signer can make one kind of signature pass for another. Votes and Prepares are recorded before they are signed.
"""

from __future__ import annotations

from typing import assert_never

from eth_account import Account

from executor.crypto import bls, secp256k1
from executor.crypto.digests import (
    attestation_digest,
    epoch_digest,
    message_digest,
    observation_digest,
    possession_digest,
    prepare_digest,
    report_leaf,
)
from executor.crypto.merkle import merkle_root
from executor.errors import InvalidValue
from executor.keys.keyset import KeySet
from executor.keys.messages import (
    Answer,
    Ask,
    Bytes,
    Keys,
    ProvePossession,
    ReportSignatures,
    ShowKeys,
    SignMessage,
    SignObservation,
    SignPrepare,
    SignReports,
    SignTransaction,
    Transaction,
    Unseal,
)
from executor.keys.record import SignerRecord
from executor.keys.sealing import unseal
from executor.model.ids import Digest


class Signer:
    """Keys and their record behind one verb; not safe for concurrent calls."""

    def __init__(self, keys: KeySet, record: SignerRecord) -> None:
        self._keys = keys
        self._record = record

    def answer(self, ask: Ask) -> Answer:
        """Raises SigningRefused, InvalidValue, or StoreError when the record cannot be written."""
        match ask:
            case ShowKeys():
                return Keys(self._keys.public, self._record.counter)
            case SignObservation():
                return self._sign_observation(ask)
            case SignPrepare():
                return self._sign_prepare(ask)
            case SignReports():
                return self._sign_reports(ask)
            case SignMessage():
                epoch = epoch_digest(ask.epoch)
                return self._signed(message_digest(epoch, ask.sender, ask.recipient, ask.payload))
            case SignTransaction():
                return Bytes(self._sign_transaction(ask.transaction))
            case ProvePossession():
                return self._prove_possession(ask)
            case Unseal():
                return Bytes(unseal(self._keys.encryption, ask.ciphertext))
            case _:
                assert_never(ask)

    def _sign_observation(self, ask: SignObservation) -> Bytes:
        epoch = epoch_digest(ask.epoch)
        digest = observation_digest(
            epoch, ask.request_id, ask.function_id, ask.so_far, ask.slot, ask.spec, ask.observation
        )
        return self._signed(digest)

    def _sign_prepare(self, ask: SignPrepare) -> Bytes:
        epoch = epoch_digest(ask.epoch)
        self._record.admit_prepare(epoch, ask.request_id, ask.view, ask.transcript_hash)
        return self._signed(prepare_digest(epoch, ask.request_id, ask.function_id, ask.transcript_hash, ask.view))

    def _sign_reports(self, ask: SignReports) -> ReportSignatures:
        root = merkle_root([report_leaf(report) for report in ask.reports])
        self._record.admit_reports(epoch_digest(ask.epoch), ask.reports)
        digest = attestation_digest(ask.epoch, root)
        return ReportSignatures(
            root=root,
            ecdsa=secp256k1.sign(self._keys.signer, digest),
            bls=bls.sign(self._keys.bls, digest) if ask.bls else b"",
        )

    def _sign_transaction(self, transaction: Transaction) -> bytes:
        if transaction.chain_id == 0:
            raise InvalidValue("a transaction names its chain")
        fields = {
            "type": 2,  # EIP-1559
            "chainId": transaction.chain_id,
            "nonce": transaction.nonce,
            "to": transaction.to or b"",
            "value": transaction.value,
            "data": transaction.data,
            "gas": transaction.gas,
            "maxFeePerGas": transaction.max_fee_per_gas,
            "maxPriorityFeePerGas": transaction.max_priority_fee_per_gas,
        }
        try:
            return bytes(Account.sign_transaction(fields, self._keys.transmitter).raw_transaction)
        except (ValueError, TypeError) as error:
            raise InvalidValue(f"not a transaction: {error}") from error

    def _prove_possession(self, ask: ProvePossession) -> Bytes:
        key = bls.to_evm_g2(bls.public_key(self._keys.bls))
        digest = possession_digest(ask.chain_id, ask.committee, ask.operator, key)
        return Bytes(bls.prove_possession(self._keys.bls, digest))

    def _signed(self, digest: Digest) -> Bytes:
        return Bytes(secp256k1.sign(self._keys.signer, digest))
