"""Every error the package raises, in one tree.

    ExecutorError
    ├── InvalidValue                a value breaks its own format or range
    │   ├── InvalidManifest         function.toml: unknown key, wrong type, limit over the ceiling
    │   ├── InvalidModule           a WASM module breaks the ABI, feature or import allow-list
    │   ├── InvalidSpec             an observation spec is not canonical or names no known strategy
    │   ├── InvalidEncoding         bytes are not the canonical encoding of any value
    │   ├── InvalidReceipt          a receipt is malformed
    │   ├── InvalidTrigger          a trigger's registration, or what would start a run by it
    │   └── InvalidConfig           a configuration file or argument
    ├── TranscriptMismatch          the transcript is not what the guest consumes (D2)
    ├── HostFault                   our fault, never signed: the node abstains (D4, D5)
    │   ├── WatchdogExpired         wall-clock limit of a run
    │   ├── WorkerDied              the worker process ended
    │   ├── WorkersBusy             too many runs wait for a worker
    │   └── FunctionSuspended       it failed us before; tried again after a while
    ├── PeerFault                   a member's message breaks a rule; carries who and which
    │   ├── NotAMember
    │   ├── BadSignature
    │   └── RuleBroken
    ├── VerificationFailed          an attestation, certificate or receipt check failed
    ├── ChainError
    │   ├── ChainUnavailable        too few RPC endpoints answer
    │   │   ├── ReplyTooLarge       a reply exceeds the bound
    │   │   └── ChainDisagreement   they answer, and not enough of them the same
    │   ├── RpcRefused              the node answered with an error
    │   ├── WrongChain              the endpoint serves another chain id
    │   └── TransactionFailed       reverted or not mined in time
    │       ├── TransactionReverted mined and undone: its gas is paid all the same
    │       ├── FeeTooHigh          the chain asks more for it than the operator allows
    │       └── InsufficientFunds   the account cannot pay for it
    ├── KeyStoreError
    │   └── WrongPassword
    ├── SigningRefused              the signer's record holds a conflicting signature (K1)
    │   └── SigningBarred           the record, or the journal that asks, is an old copy: it signs nothing
    ├── SignerUnavailable           the signer process does not answer
    │   └── SignerLocked            it holds no secrets until it is unlocked
    ├── StoreError                  the journal cannot be read or written
    ├── UploadRefused               this account may not upload here
    ├── TriggerRefused              a POST that no signer of the trigger signed, or whose time is over
    ├── DownloadFailed              nobody gave the bytes
    └── DrawUnavailable             no source gave a draw's proof; asked again later

A guest's fault is no exception: it is an `Outcome` (executor/model/outcome.py).
"""


class ExecutorError(Exception):
    """Root of everything this package raises on purpose."""


class InvalidValue(ExecutorError, ValueError):
    """A value breaks its own format or range."""


class InvalidManifest(InvalidValue):
    """A function manifest is wrong; the message names the key."""


class InvalidModule(InvalidValue):
    """A WASM module is refused at load time; the message names what and where."""


class InvalidSpec(InvalidValue):
    """An observation spec is not canonical JSON of a known strategy."""


class InvalidEncoding(InvalidValue):
    """Bytes are not the canonical encoding of any value of the type."""


class InvalidReceipt(InvalidValue):
    """A receipt file is malformed."""


class InvalidTrigger(InvalidValue):
    """A trigger's registration, or what would start a run by it, breaks docs/triggers.md; the message names the key."""


class InvalidConfig(InvalidValue):
    """A configuration value or command-line argument is wrong."""


class TranscriptMismatch(ExecutorError):
    """D2: the guest asked for another observation than the transcript holds, or ended before consuming it."""


class HostFault(ExecutorError):
    """Our own failure: never an outcome, never signed; the node abstains."""


class WatchdogExpired(HostFault):
    """D4: a run exceeded its wall-clock limit."""


class WorkerDied(HostFault):
    """The worker process ended before it answered."""


class WorkersBusy(HostFault):
    """More runs wait for a worker than the pool lets wait."""


class FunctionSuspended(HostFault):
    """A function whose loads or runs failed us is not tried again for a while."""


class PeerFault(ExecutorError):
    """A message of another member breaks a rule.

    `member` is the index of the member blamed, or None when the sender is unknown.
    """

    def __init__(self, message: str, member: int | None = None) -> None:
        super().__init__(message if member is None else f"member {member}: {message}")
        self.member = member


class NotAMember(PeerFault):
    """The sender is no member of the epoch (P4)."""


class BadSignature(PeerFault):
    """A signature does not verify under the member's registered key."""


class RuleBroken(PeerFault):
    """A well-signed message breaks a rule of the protocol."""


class VerificationFailed(ExecutorError):
    """A check of an attestation, certificate or receipt failed; `check` names it."""

    def __init__(self, check: str, message: str) -> None:
        super().__init__(f"{check}: {message}")
        self.check = check


class ChainError(ExecutorError):
    """Something on the chain side failed."""


class ChainUnavailable(ChainError):
    """Too few RPC endpoints answer."""


class ReplyTooLarge(ChainUnavailable):
    """A reply exceeds the bound; asking for less may help."""


class ChainDisagreement(ChainUnavailable):
    """RPC endpoints answer, and not enough of them the same: nothing is done on what a minority says."""


class RpcRefused(ChainError):
    """The node answered with an error; `data` is a revert's return data, if it sent any."""

    def __init__(self, method: str, code: int, message: str, data: bytes = b"") -> None:
        super().__init__(f"{method}: {message} ({code})")
        self.code = code
        self.message = message
        self.data = data


class WrongChain(ChainError):
    """The RPC endpoint serves another chain than the configuration names."""


class TransactionFailed(ChainError):
    """A transaction reverted or was not mined in time."""


class TransactionReverted(TransactionFailed):
    """A transaction was mined and undone: its gas is paid all the same."""

    def __init__(self, message: str, gas_used: int) -> None:
        super().__init__(message)
        self.gas_used = gas_used


class FeeTooHigh(TransactionFailed):
    """The chain asks a higher fee than the operator allows."""


class InsufficientFunds(TransactionFailed):
    """The account that sends the transaction cannot pay for it."""


class KeyStoreError(ExecutorError):
    """A keystore file is missing, malformed or of an unknown version."""


class WrongPassword(KeyStoreError):
    """The keystore's checksum does not match under this password."""


class SigningRefused(ExecutorError):
    """K1: the signer's record holds another value for the same key; it will not sign this one."""


class SigningBarred(SigningRefused):
    """K1: the signer's record, or the journal that asks, is not the latest there was, or was handed over."""


class SignerUnavailable(ExecutorError):
    """The signer process does not answer."""


class SignerLocked(SignerUnavailable):
    """The signer was locked: it holds no secrets until somebody unlocks it."""


class StoreError(ExecutorError):
    """The journal cannot be read or written; the node stops rather than sign from half a state."""


class UploadRefused(ExecutorError):
    """The account may not have this node keep bytes, or its signature does not say that it wants to."""


class TriggerRefused(ExecutorError):
    """A POST to an http trigger is not signed as its registration asks, or its time is over."""


class DownloadFailed(ExecutorError):
    """The bytes of a function could not be had from this source, or are not that function's."""


class DrawUnavailable(ExecutorError):
    """No source gave a draw's proof that verifies."""


def own_errors(error: Exception) -> list[ExecutorError]:
    """What a task group or a verb ended in, when all of it was raised here on purpose; else nothing: it is a bug."""
    if isinstance(error, ExceptionGroup):
        parts = [own_errors(each) for each in error.exceptions]
        return [each for part in parts for each in part] if all(parts) else []
    return [error] if isinstance(error, ExecutorError) else []
