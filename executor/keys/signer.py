"""The signer: the only place where secrets are used (K1).

It is given values, never digests: each digest is computed here, under the tag of its kind, so nobody who can talk to
the signer can make one kind of signature pass for another. Votes and Prepares are recorded before they are signed.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TypeAlias, assert_never

from eth_account import Account

from executor.crypto import bls, secp256k1
from executor.crypto.digests import counter_digest, epoch_digest, message_digest, possession_digest
from executor.errors import InvalidValue, SigningRefused
from executor.keys.draw_messages import DealShares, ForgetShares, JudgeDealing, OpenShare, SignDrawKey, SignPart
from executor.keys.draw_shares import DrawShares
from executor.keys.keyset import KeySet, PublicKeys
from executor.keys.messages import (
    Answer,
    Begin,
    Bytes,
    Counted,
    CounterStated,
    Keys,
    OfKeys,
    OfRecord,
    OfShares,
    Proved,
    ProvePossession,
    ShowCounter,
    ShowKeys,
    Signed,
    SignMessage,
    SignStatement,
    SignTransaction,
    StateCounter,
    Transaction,
    Unseal,
)
from executor.keys.promises import promises_of
from executor.keys.record import Admission, SignerRecord
from executor.keys.sealing import unseal
from executor.model.committee import Possession
from executor.model.ids import Address, Digest
from executor.protocol.statements import ReportsStatement, Signatures, statement_digest

Judged: TypeAlias = Answer | SigningRefused | InvalidValue


class Signer:
    """Keys and their record behind two verbs; not safe for concurrent calls."""

    def __init__(self, keys: KeySet, record: SignerRecord) -> None:
        self._keys = keys
        self._record = record
        self._shares = DrawShares(keys, record)

    @property
    def public(self) -> PublicKeys:
        """The public keys."""
        return self._keys.public

    def answer(self, ask: OfKeys | OfRecord | OfShares) -> Answer:
        """Raises SigningRefused, InvalidValue, or StoreError when the record cannot be written."""
        match ask:
            case SignStatement():
                (judged,) = self.sign_all([ask])
                if isinstance(judged, Exception):
                    raise judged
                return judged
            case Begin(epoch, mark):
                return Counted(self._record.begin(epoch, mark))
            case ShowCounter():
                return self._compare(ask)
            case ShowKeys():
                return Keys(self.public, self._record.counter)
            case StateCounter(epoch):
                counter = self._record.counter
                digest = counter_digest(epoch_digest(epoch), counter)
                return CounterStated(counter, secp256k1.sign(self._keys.signer, digest))
            case SignMessage():
                digest = message_digest(epoch_digest(ask.epoch), ask.sender, ask.recipient, ask.payload)
                return Bytes(secp256k1.sign(self._keys.signer, digest))
            case SignTransaction():
                return Bytes(self._sign_transaction(ask.transaction))
            case ProvePossession(chain_id, committee, operator):
                return Proved(prove_possession(self._keys, chain_id, committee, operator))
            case Unseal():
                return Bytes(unseal(self._keys.encryption, ask.ciphertext))
            case DealShares() | JudgeDealing() | OpenShare() | SignDrawKey() | SignPart() | ForgetShares():
                return self._shares.answer(ask)
            case _:
                assert_never(ask)

    def sign_all(self, asks: Sequence[SignStatement]) -> list[Judged]:
        """Sign what waits: all of it recorded by one sync of the disk, and each refused for itself.

        Raises StoreError when the record cannot be written: nothing is signed then.
        """
        digests: list[Digest | InvalidValue] = [_digest(ask) for ask in asks]
        admitted = [ask for ask, digest in zip(asks, digests, strict=True) if not isinstance(digest, InvalidValue)]
        refusals = iter(
            self._record.admit(
                [Admission(ask.statement.epoch, promises_of(ask.statement), ask.mark) for ask in admitted]
            )
        )
        counter = self._record.counter
        judged: list[Judged] = []
        for ask, digest in zip(asks, digests, strict=True):
            if isinstance(digest, InvalidValue):
                judged.append(digest)
            elif (refusal := next(refusals)) is not None:
                judged.append(refusal)
            else:
                judged.append(Signed(self._sign(ask, digest), counter))
        return judged

    def _sign(self, ask: SignStatement, digest: Digest) -> Signatures:
        wants_bls = ask.bls and isinstance(ask.statement, ReportsStatement)
        return Signatures(
            ecdsa=secp256k1.sign(self._keys.signer, digest),
            bls=bls.sign(self._keys.bls, digest) if wants_bls else b"",
        )

    def _compare(self, ask: ShowCounter) -> Counted:
        """Believed only over this signer's own signature: nobody else can bar it."""
        digest = counter_digest(epoch_digest(ask.epoch), ask.counter)
        if not secp256k1.is_signed_by(digest, ask.signature, self.public.signer):
            raise InvalidValue("a counter that this signer never stated")
        return Counted(self._record.compare(ask.epoch, ask.counter, ask.latest_epoch))

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


def prove_possession(keys: KeySet, chain_id: int, committee: Address, operator: Address) -> Possession:
    """Proofs that an operator holds the signer's and the BLS key that it registers."""
    key = bls.to_evm_g2(bls.public_key(keys.bls))
    digest = possession_digest(chain_id, committee, operator, key)
    return Possession(secp256k1.sign(keys.signer, digest), bls.prove_possession(keys.bls, digest))


def _digest(ask: SignStatement) -> Digest | InvalidValue:
    try:
        return statement_digest(ask.statement)
    except InvalidValue as error:
        return error
