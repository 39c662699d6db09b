"""The committee of one epoch."""

from __future__ import annotations

from dataclasses import dataclass

from executor.errors import InvalidValue
from executor.model.codec import Hex, Natural, Uint16, Uint32
from executor.model.ids import Address, ProfileId
from executor.model.report import Scheme

MAX_MEMBERS = 100  # a BLS table of 100 members fits one data contract (24,576 bytes)


@dataclass(frozen=True, slots=True)
class Member:
    """One operator's registered keys.

    `bls_key`: compressed G2, 96 bytes. `encryption_key`: X25519, 32 bytes. `endpoint`: base URL of the node.
    """

    index: Uint16
    operator: Address
    signer: Address
    bls_key: Hex
    encryption_key: Hex
    endpoint: str


@dataclass(frozen=True, slots=True)
class Possession:
    """Proofs that an operator holds the keys it registers, both over the `possession` digest (docs/wire.md §1).

    `signer`: compact secp256k1 signature, 64 bytes. `bls`: compressed G1, 48 bytes.
    """

    signer: Hex
    bls: Hex


@dataclass(frozen=True, slots=True)
class Verifier:
    """A verifier contract the epoch names, in the contract's order."""

    scheme: Scheme
    address: Address


@dataclass(frozen=True, slots=True)
class EpochIdentity:
    """What every digest binds an epoch by."""

    chain_id: Natural
    router: Address
    committee: Address
    number: Natural


@dataclass(frozen=True, slots=True)
class Epoch:
    """One configuration of the committee; every digest binds it."""

    chain_id: Natural
    router: Address
    committee: Address
    number: Natural
    profile_id: ProfileId
    round_length_s: Uint32
    members: tuple[Member, ...]
    verifiers: tuple[Verifier, ...]

    def __post_init__(self) -> None:
        if not 1 <= len(self.members) <= MAX_MEMBERS:
            raise InvalidValue(f"an epoch has 1 to {MAX_MEMBERS} members, not {len(self.members)}")
        if [member.index for member in self.members] != list(range(len(self.members))):
            raise InvalidValue("members are listed by index from 0")
        if self.round_length_s < 1:
            raise InvalidValue("a round lasts at least one second")

    @property
    def identity(self) -> EpochIdentity:
        """The fields that digests bind."""
        return EpochIdentity(self.chain_id, self.router, self.committee, self.number)

    @property
    def n(self) -> int:
        """Members."""
        return len(self.members)

    @property
    def f(self) -> int:
        """Members that may be faulty."""
        return (self.n - 1) // 3

    @property
    def quorum(self) -> int:
        """q = n - f."""
        return self.n - self.f

    def leader(self, round: int) -> int:
        """Index of the member that leads this round."""
        return round % self.n

    def round_at(self, time_s: float) -> int:
        """The round at this Unix time."""
        return int(time_s // self.round_length_s)
