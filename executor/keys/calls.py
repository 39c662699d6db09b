"""The signer's verbs as async methods, over whatever carries an ask to it."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Protocol, TypeVar

from executor.errors import InvalidValue, SignerUnavailable
from executor.keys.draw_messages import (
    DealShares,
    Dealt,
    ForgetShares,
    Found,
    JudgeDealing,
    OpenShare,
    ShareOpened,
    SignDrawKey,
    SignPart,
)
from executor.keys.keyset import PublicKeys
from executor.keys.messages import (
    Answer,
    Ask,
    Begin,
    Bytes,
    Counted,
    CounterStated,
    Hello,
    KeyList,
    Keys,
    ListKeys,
    Lock,
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
    Unlock,
    Unseal,
    Up,
    Upcheck,
)
from executor.keys.signer import Signer
from executor.keys.standing import JournalMark
from executor.model.committee import Epoch, EpochIdentity, Possession
from executor.model.draw import CommitteeDraw
from executor.model.ids import Address, Digest, FunctionId
from executor.protocol.dealings import Dealing
from executor.protocol.key_plan import Plan
from executor.protocol.releases import Release
from executor.protocol.statements import Statement

T = TypeVar("T")


class SignerCalls(Protocol):
    """The verbs that follow from `ask`, which whoever inherits them brings.

    Every method raises SigningRefused, InvalidValue, or SignerUnavailable.
    """

    async def ask(self, ask: Ask) -> Answer:
        """Carry one ask to the signer and bring its answer."""
        ...

    async def is_locked(self) -> bool:
        """Whether the signer holds no secrets until somebody unlocks it."""
        return _only(Up, await self.ask(Upcheck())).locked

    async def list_keys(self) -> KeyList:
        """Every key set of the signer."""
        return _only(KeyList, await self.ask(ListKeys()))

    async def lock(self) -> None:
        """Have the signer forget its secrets."""
        _only(Up, await self.ask(Lock()))

    async def unlock(self, password: str) -> None:
        """Have the signer decrypt its keys again; raises InvalidValue for a wrong password."""
        _only(Up, await self.ask(Unlock(password)))

    async def public_keys(self) -> PublicKeys:
        """The node's public keys."""
        return _only(Keys, await self.ask(ShowKeys())).public

    async def record_counter(self) -> int:
        """How many things the signer ever recorded."""
        return _only(Keys, await self.ask(ShowKeys())).record_counter

    async def begin(self, epoch: EpochIdentity, mark: JournalMark) -> int:
        """Serve an epoch with this journal; the record's counter. SigningBarred when one of the two is an old copy."""
        return _only(Counted, await self.ask(Begin(epoch, mark))).record_counter

    async def sign(self, statement: Statement, mark: JournalMark, *, bls: bool) -> Signed:
        """Signatures over a statement; SigningRefused when it conflicts with one on record."""
        return _only(Signed, await self.ask(SignStatement(statement, bls, mark)))

    async def state_counter(self, epoch: EpochIdentity) -> CounterStated:
        """The record's counter, signed for the members of an epoch to keep."""
        return _only(CounterStated, await self.ask(StateCounter(epoch)))

    async def show_counter(self, epoch: EpochIdentity, counter: int, signature: bytes, latest_epoch: int) -> int:
        """Show what a peer kept; the record's counter. SigningBarred when the record holds less, from then on."""
        return _only(Counted, await self.ask(ShowCounter(epoch, counter, signature, latest_epoch))).record_counter

    async def sign_message(self, epoch: EpochIdentity, sender: int, recipient: int, payload: bytes) -> bytes:
        """Compact signature of a peer message's envelope."""
        return await self._bytes(SignMessage(epoch, sender, recipient, payload))

    async def sign_transaction(self, transaction: Transaction) -> bytes:
        """Raw bytes of the transmitter's signed transaction."""
        return await self._bytes(SignTransaction(transaction))

    async def prove_possession(self, chain_id: int, committee: Address, operator: Address) -> Possession:
        """Proofs of possession of the signer's and the BLS key."""
        return _only(Proved, await self.ask(ProvePossession(chain_id, committee, operator))).possession

    async def unseal(self, ciphertext: bytes) -> bytes:
        """What was sealed to the encryption key; InvalidValue for anything else."""
        return await self._bytes(Unseal(ciphertext))

    async def deal_shares(self, epoch: Epoch, plan: Plan, mark: JournalMark) -> Dealt:
        """Begin an epoch's draw key, and this member's dealing, if it has one to make: the same whenever it is asked.

        Comes before every other verb about the epoch's key.
        """
        return _only(Dealt, await self.ask(DealShares(epoch, plan, mark)))

    async def judge_dealing(self, epoch: EpochIdentity, dealing: Dealing) -> bool:
        """Whether this member's share in a dealing is good."""
        return _only(Found, await self.ask(JudgeDealing(epoch, dealing))).good

    async def open_share(self, epoch: EpochIdentity, dealings: Sequence[Dealing], mark: JournalMark) -> ShareOpened:
        """The public key of this member's share of the key that these dealings make; InvalidValue where it has none."""
        return _only(ShareOpened, await self.ask(OpenShare(epoch, tuple(dealings), mark)))

    async def sign_draw_key(self, epoch: EpochIdentity, public_key: bytes, hash: Digest, mark: JournalMark) -> Signed:
        """Signatures over the epoch's draw key, as a vote has them; SigningRefused when another one was signed."""
        return _only(Signed, await self.ask(SignDrawKey(epoch, public_key, hash, mark)))

    async def sign_part(
        self, epoch: EpochIdentity, function: FunctionId, draw: CommitteeDraw, release: Release, mark: JournalMark
    ) -> bytes:
        """This member's part of a released draw; InvalidValue where it holds no share, or the release is none."""
        return await self._bytes(SignPart(epoch, function, draw, release, mark))

    async def forget_shares(self, epoch: EpochIdentity) -> None:
        """Have the shares of an epoch that is over, and of its committee's earlier ones, deleted."""
        _only(Counted, await self.ask(ForgetShares(epoch)))

    async def _bytes(self, ask: Ask) -> bytes:
        return _only(Bytes, await self.ask(ask)).value


class LocalSigner(SignerCalls):
    """A signer in this process, for tests and simulated committees; nodes use `SignerClient`."""

    def __init__(self, signer: Signer) -> None:
        self._signer = signer

    async def ask(self, ask: Ask) -> Answer:
        """The signer's answer, at once."""
        if isinstance(ask, Hello | Upcheck | ListKeys | Lock | Unlock):
            raise InvalidValue(f"{ask.kind} is for a signer process")
        return self._signer.answer(ask)


def _only(kind: type[T], answer: object) -> T:
    if not isinstance(answer, kind):
        raise SignerUnavailable(f"the signer answered {type(answer).__name__} where {kind.__name__} belongs")
    return answer
