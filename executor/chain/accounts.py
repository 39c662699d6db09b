"""The funded accounts of development chains: deterministic, public, and the same on the embedded chain and on anvil."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache
from typing import Final as Constant

from eth_account.hdaccount import key_from_seed, seed_from_mnemonic

from executor.crypto.secp256k1 import address_of
from executor.model.ids import Address

DEV_MNEMONIC: Constant = "test test test test test test test test test test test junk"  # Hardhat's and anvil's default
DEV_BALANCE_WEI: Constant = 10_000 * 10**18  # the same tools' default
DEV_ACCOUNTS: Constant = 10


@dataclass(frozen=True, slots=True)
class DevAccount:
    """A funded account; its key is public knowledge, so it is worth nothing on a real chain."""

    address: Address
    private_key: bytes


@cache
def dev_accounts() -> tuple[DevAccount, ...]:
    """The ten accounts, in derivation order."""
    seed = seed_from_mnemonic(DEV_MNEMONIC, "")
    keys = [key_from_seed(seed, f"m/44'/60'/0'/0/{index}") for index in range(DEV_ACCOUNTS)]
    return tuple(DevAccount(address_of(key), key) for key in keys)
