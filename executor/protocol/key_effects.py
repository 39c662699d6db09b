"""What the machine that makes a key (keygen.py) asks its driver to do, and what a member keeps of it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TypeAlias

from executor.model.draw_key import CertifiedDrawKey, DrawKey
from executor.model.ids import Digest
from executor.protocol.dealings import Dealing, KeyMessage, Opened


@dataclass(frozen=True, slots=True)
class Deal:
    """Have the signer begin and make this member's dealing, and call `dealt` where it deals.

    The same again after a restart.
    """


@dataclass(frozen=True, slots=True)
class Judge:
    """Have the signer open and check this member's share, and call `judged`."""

    dealing: Dealing
    hash: Digest


@dataclass(frozen=True, slots=True)
class OpenShare:
    """Have the signer add its shares of these dealings up, keep the sum, and call `opened`."""

    dealings: tuple[Dealing, ...]


@dataclass(frozen=True, slots=True)
class SignKey:
    """Have the signer sign the key (docs/wire.md §2, `DrawKey`), and call `key_signed`."""

    key: DrawKey


@dataclass(frozen=True, slots=True)
class Tell:
    """Send to one member, or to ALL others."""

    recipient: int
    message: KeyMessage


@dataclass(frozen=True, slots=True)
class MadeKey:
    """The end: the certified key, and what this member keeps to answer those who lack it. Given again when it grew.

    `dealings` are the agreed ones; `opened` None until this member opened its share, for good where it has none.
    """

    certified: CertifiedDrawKey
    dealings: tuple[Dealing, ...]
    opened: Opened | None


KeyEffect: TypeAlias = Deal | Judge | OpenShare | SignKey | Tell | MadeKey
