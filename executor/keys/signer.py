"""The signer: the only place where secrets are used (K1).

It is given values, never digests: each digest is computed here, under the tag of its kind, so nobody who can talk to
the signer can make one kind of signature pass for another. Votes and Prepares are recorded before they are signed.
"""

from __future__ import annotations

from typing import assert_never

from eth_account import Account

from executor.crypto import bls, secp256k1
from executor.crypto.digests import epoch_digest, message_digest, possession_digest
from executor.errors import InvalidValue
from executor.keys.keyset import KeySet
from executor.keys.messages import (
    Answer,
    Ask,
    Bytes,
    Keys,
    Proved,
    ProvePossession,
    ShowKeys,
    Signed,
    SignMessage,
    SignStatement,
    SignTransaction,
    Transaction,
    Unseal,
)
from executor.keys.record import SignerRecord
from executor.keys.sealing import unseal
from executor.model.committee import Possession
from executor.protocol.statements import (
    ObservationStatement,
    PrepareStatement,
    ReportsStatement,
    Signatures,
    Statement,
    statement_digest,
)


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
            case SignStatement():
                return Signed(self._sign_statement(ask))
            case SignMessage():
                digest = message_digest(epoch_digest(ask.epoch), ask.sender, ask.recipient, ask.payload)
                return Bytes(secp256k1.sign(self._keys.signer, digest))
            case SignTransaction():
                return Bytes(self._sign_transaction(ask.transaction))
            case ProvePossession():
                return self._prove_possession(ask)
            case Unseal():
                return Bytes(unseal(self._keys.encryption, ask.ciphertext))
            case _:
                assert_never(ask)

    def _sign_statement(self, ask: SignStatement) -> Signatures:
        digest = statement_digest(ask.statement)
        self._admit(ask.statement)
        wants_bls = ask.bls and isinstance(ask.statement, ReportsStatement)
        return Signatures(
            ecdsa=secp256k1.sign(self._keys.signer, digest),
            bls=bls.sign(self._keys.bls, digest) if wants_bls else b"",
        )

    def _admit(self, statement: Statement) -> None:
        """Recorded here, before anything is signed."""
        match statement:
            case ObservationStatement():
                pass  # only Prepares and votes are recorded (keys/record.py)
            case PrepareStatement(epoch, request, _, transcript, view):
                self._record.admit_prepare(epoch_digest(epoch), request, view, transcript)
            case ReportsStatement(epoch, reports):
                self._record.admit_reports(epoch_digest(epoch), reports)
            case _:
                assert_never(statement)

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

    def _prove_possession(self, ask: ProvePossession) -> Proved:
        key = bls.to_evm_g2(bls.public_key(self._keys.bls))
        digest = possession_digest(ask.chain_id, ask.committee, ask.operator, key)
        signer = secp256k1.sign(self._keys.signer, digest)
        return Proved(Possession(signer, bls.prove_possession(self._keys.bls, digest)))
