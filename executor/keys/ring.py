"""Every key set of one signer's directory, locked or unlocked.

Rule 1. The directory may be a key set itself, and so may each folder below it: what `rotate` made stands beside what
        it follows, and each set serves the epochs it was registered for.
Rule 2. Records are open, and exclusively so, as long as the ring is; secrets are held only while it is unlocked.
Rule 3. One password opens every set, or none is opened.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Self

from executor.errors import InvalidValue, SignerLocked
from executor.keys.keyset import RECORD_FILE, KeySet, PublicKeys, find_sets, load_keys, load_public_keys
from executor.keys.messages import Barred, KeyList, Listed
from executor.keys.record import SignerRecord
from executor.keys.signer import Signer
from executor.keys.standing import NEVER
from executor.model.ids import Address


@dataclass(slots=True)
class Holding:
    """One set: its folder, public keys, open record, and its signer while the ring is unlocked."""

    name: str
    directory: Path
    public: PublicKeys
    record: SignerRecord
    signer: Signer | None = None


class Keyring:
    """The sets by signer address, in the order of their folders."""

    def __init__(self, holdings: list[Holding]) -> None:
        self._holdings = {holding.public.signer: holding for holding in holdings}

    @classmethod
    def open(cls, directory: Path) -> Self:
        """Open the records of every set, locked; raises KeyStoreError, or StoreError for a record that is not whole."""
        holdings: list[Holding] = []
        try:
            for name, folder in find_sets(directory).items():
                public = load_public_keys(folder)
                record = SignerRecord.open(folder / RECORD_FILE, public.signer)
                holdings.append(Holding(name, folder, public, record))
        except BaseException:
            for holding in holdings:
                holding.record.close()
            raise
        return cls(holdings)

    def close(self) -> None:
        """Forget the secrets and release the records."""
        self.lock()
        for holding in self._holdings.values():
            holding.record.close()

    @property
    def locked(self) -> bool:
        """Whether the secrets are out of reach."""
        return any(holding.signer is None for holding in self._holdings.values())

    @property
    def directories(self) -> list[Path]:
        """The folders of the sets."""
        return [holding.directory for holding in self._holdings.values()]

    def decrypt(self, password: str) -> list[KeySet]:
        """Every set's secrets; takes seconds and changes nothing. Raises WrongPassword or KeyStoreError (Rule 3)."""
        return [load_keys(directory, password) for directory in self.directories]

    def unlock(self, keys: list[KeySet]) -> None:
        """Take the secrets that `decrypt` brought."""
        for holding, secrets in zip(self._holdings.values(), keys, strict=True):
            holding.signer = Signer(secrets, holding.record)

    def lock(self) -> None:
        """Forget the secrets: nothing here refers to them any more."""
        for holding in self._holdings.values():
            holding.signer = None

    def find(self, key: Address | None) -> Signer:
        """The signer of a set, the only one where none is named; raises InvalidValue or SignerLocked."""
        if key is None and len(self._holdings) > 1:
            raise InvalidValue(f"name the key set that is asked: {', '.join(map(str, self._holdings))}")
        holding = next(iter(self._holdings.values())) if key is None else self._holdings.get(key)
        if holding is None:
            raise InvalidValue(f"no key set of signer {key} is here")
        if holding.signer is None:
            raise SignerLocked("the signer is locked: `executor keys unlock` makes it sign again")
        return holding.signer

    def list(self) -> KeyList:
        """What may be known of each set, locked or not."""
        return KeyList(tuple(map(_listed, self._holdings.values())), self.locked)


def _listed(holding: Holding) -> Listed:
    barred = tuple(
        Barred(scope.chain_id, scope.router, scope.committee, standing.barred)
        for scope, standing in holding.record.standings().items()
        if standing.barred > NEVER
    )
    return Listed(holding.name, holding.public, holding.record.counter, barred)
