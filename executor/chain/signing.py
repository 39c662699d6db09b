"""A signer whose key is in this process: for deployers and for development chains. Nodes sign in executor/keys."""

from __future__ import annotations

from eth_account import Account as EthAccount

from executor.chain.accounts import DevAccount
from executor.chain.sender import Account
from executor.crypto.secp256k1 import address_of
from executor.model.transaction import Transaction


class LocalSigner:
    """Signs transactions with a key it holds."""

    def __init__(self, private_key: bytes) -> None:
        self.address = address_of(private_key)
        self._private_key = private_key

    async def sign_transaction(self, transaction: Transaction, /) -> bytes:
        """The signed transaction."""
        named = {
            "type": 2,  # EIP-1559
            "chainId": transaction.chain_id,
            "nonce": transaction.nonce,
            "to": bytes(transaction.to or b""),
            "value": transaction.value,
            "data": transaction.data,
            "gas": transaction.gas,
            "maxFeePerGas": transaction.max_fee_per_gas,
            "maxPriorityFeePerGas": transaction.max_priority_fee_per_gas,
        }
        return bytes(EthAccount.sign_transaction(named, self._private_key).raw_transaction)


def local_account(private_key: bytes) -> Account:
    """An account that signs here."""
    signer = LocalSigner(private_key)
    return Account(signer.address, signer)


def dev_account(account: DevAccount) -> Account:
    """A development chain's funded account."""
    return local_account(account.private_key)
