"""web3.py as its users know it, synchronous and with nothing of ours, on the embedded chain."""

from __future__ import annotations

import pytest
from eth_utils.address import is_checksum_address
from web3 import HTTPProvider, Web3
from web3.exceptions import ContractCustomError
from web3.middleware import SignAndSendRawMiddlewareBuilder

from executor.chain.accounts import dev_accounts
from executor.chain.bindings import load
from executor.chain.embedded import EmbeddedChain


def test_an_unmodified_client_deploys_and_calls(embedded_chain: EmbeddedChain) -> None:
    """Deployment, calls, a transaction, its receipt and event, a named revert, fees and blocks: web3's own defaults."""
    w3 = Web3(HTTPProvider(embedded_chain.url))
    assert w3.is_connected()
    assert w3.eth.chain_id == embedded_chain.chain_id
    owner, other = w3.eth.accounts[:2]

    artifact = load("Committee")
    creation = (
        w3.eth.contract(abi=artifact.abi, bytecode=artifact.bytecode).constructor(owner, 0, 0).transact({"from": owner})
    )
    created = w3.eth.wait_for_transaction_receipt(creation, timeout=10)
    assert is_checksum_address(created["contractAddress"])
    committee = w3.eth.contract(created["contractAddress"], abi=artifact.abi)
    assert committee.functions.owner().call() == owner
    assert committee.functions.currentEpoch().call() == 0

    receipt = w3.eth.wait_for_transaction_receipt(
        committee.functions.transferOwnership(other).transact({"from": owner})
    )
    (event,) = committee.events.OwnershipTransferStarted().process_receipt(receipt)
    assert event["args"] == {"previousOwner": owner, "newOwner": other}
    (logged,) = committee.events.OwnershipTransferStarted().get_logs(from_block=receipt["blockNumber"])
    assert logged["transactionHash"] == receipt["transactionHash"]
    with pytest.raises(ContractCustomError):
        committee.functions.transferOwnership(other).call({"from": other})

    block = w3.eth.get_block("latest", full_transactions=True)
    assert block["hash"] == receipt["blockHash"]
    assert [each["hash"] for each in block["transactions"]] == [receipt["transactionHash"]]
    assert w3.eth.fee_history(1, "latest", [50])["oldestBlock"] == block["number"]


def test_its_local_account_signs(embedded_chain: EmbeddedChain) -> None:
    """web3 fills nonce, gas and fees, signs here, and the chain takes it."""
    w3 = Web3(HTTPProvider(embedded_chain.url))
    account = w3.eth.account.from_key(dev_accounts()[2].private_key)
    w3.middleware_onion.inject(SignAndSendRawMiddlewareBuilder.build(account), layer=0)
    sink = w3.to_checksum_address("0x" + "77" * 20)
    sent = w3.eth.send_transaction({"from": account.address, "to": sink, "value": w3.to_wei(1, "ether")})
    assert w3.eth.wait_for_transaction_receipt(sent)["status"] == 1
    assert w3.eth.get_balance(sink) == 10**18
