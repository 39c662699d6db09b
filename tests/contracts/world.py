"""A router with everything behind it on a real chain, people with accounts, and the books that must add up."""

from __future__ import annotations

import itertools
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from functools import cache
from typing import Any

from eth_account import Account
from eth_typing import ChecksumAddress
from hexbytes import HexBytes
from web3 import HTTPProvider, Web3
from web3.contract import Contract
from web3.exceptions import ContractCustomError
from web3.logs import DISCARD
from web3.types import RPCEndpoint

from executor.chain.accounts import dev_accounts
from executor.chain.bindings import load
from executor.chain.devchain import Devchain
from executor.crypto.digests import function_id, keccak256
from executor.model.billing import GWEI, Asset
from executor.model.report import Report, Status

from .attackers import compiled, deployment

MEMBERS, QUORUM = 4, (0, 1, 3)
FUNCTION = function_id(deployment.FUNCTION)
STAKE_WEI = 10**18
DELAY_S = 600  # of changes of committee and prices: longer than a request lives
TIMEOUT_S = 300  # of requests, the router's default
TIP_WEI = GWEI
BLS, ECDSA = 1, 0
Result = tuple[Report, bytes]


@dataclass(slots=True)
class World:
    """`payers` is everyone who may have coming what deliveries brought, `signers` every bitmap that signed one."""

    w3: Web3
    network: Any
    triggers: Contract
    payers: set[ChecksumAddress] = field(default_factory=set)
    signers: set[tuple[int, int]] = field(default_factory=set)

    @classmethod
    def start(cls, chain: Devchain) -> World:
        """Deploys; account 0 owns it, 1 to 4 are the operators."""
        # web3 asks for the chain's id before everything else it asks: half of all requests.
        kept = {RPCEndpoint("eth_chainId")}
        provider = HTTPProvider(
            chain.url, request_kwargs={"timeout": 60}, cache_allowed_requests=True, cacheable_requests=kept
        )
        w3 = Web3(provider)
        network = deployment.Network.start(w3, MEMBERS, stake_wei=STAKE_WEI, change_delay_s=DELAY_S)
        world = cls(w3, network, deployment.deploy(w3, "Triggers", network.router.address))
        world.send(network.router.functions.setTriggers(world.triggers.address), world.owner)
        return world

    @property
    def router(self) -> Contract:
        return self.network.router

    @property
    def committee(self) -> Contract:
        return self.network.committee

    # People: the owner, four operators, a user, two who deliver, a stranger, and one who is only paid

    @property
    def owner(self) -> ChecksumAddress:
        return account(0)

    @property
    def operators(self) -> list[ChecksumAddress]:
        return [account(1 + member) for member in range(MEMBERS)]

    @property
    def user(self) -> ChecksumAddress:
        return account(5)

    @property
    def transmitter(self) -> ChecksumAddress:
        return account(6)

    @property
    def rival(self) -> ChecksumAddress:
        return account(7)

    @property
    def stranger(self) -> ChecksumAddress:
        return account(8)

    # Transactions

    def sign(self, call: Any, sender: ChecksumAddress, *, value: int = 0, gas: int = deployment.GAS,
             tip: int = TIP_WEI, nonce: int | None = None) -> bytes:  # fmt: skip
        """A signed transaction that makes a contract call, or creates a contract."""
        base = self.w3.eth.get_block("latest")["baseFeePerGas"]
        fields = {"from": sender, "chainId": self.w3.eth.chain_id, "gas": gas, "value": value, "type": 2}
        fields |= {"maxPriorityFeePerGas": tip, "maxFeePerGas": 2 * base + tip}
        fields["nonce"] = self.w3.eth.get_transaction_count(sender) if nonce is None else nonce
        built = call.build_transaction(fields)
        return bytes(Account.sign_transaction(built, key_of(sender)).raw_transaction)

    def attempt(self, call: Any, sender: ChecksumAddress, **options: Any) -> Any:
        """The receipt of a transaction that may fail."""
        return self.receipt(self.w3.eth.send_raw_transaction(self.sign(call, sender, **options)))

    def receipt(self, transaction: HexBytes) -> Any:
        return self.w3.eth.wait_for_transaction_receipt(transaction, timeout=60, poll_latency=0.01)

    def send(self, call: Any, sender: ChecksumAddress, **options: Any) -> Any:
        """The receipt of a transaction that succeeded."""
        receipt = self.attempt(call, sender, **options)
        assert receipt["status"] == 1, receipt
        return receipt

    def refusal(self, call: Any, sender: ChecksumAddress, **options: Any) -> str:
        """The name of the error that the call ends with."""
        try:
            call.call({"from": sender, "gas": deployment.GAS, **options})
        except ContractCustomError as error:
            return error_names()[str(error.data)[:10]]
        raise AssertionError("the call did not fail")

    def deploy(self, name: str, *arguments: Any, sender: ChecksumAddress | None = None) -> Contract:
        """A contract of contracts/test/support/life."""
        unit = compiled()[name]
        factory = self.w3.eth.contract(abi=unit.abi, bytecode=unit.bytecode)
        made = self.send(factory.constructor(*arguments), sender or self.stranger)
        return self.w3.eth.contract(address=made["contractAddress"], abi=unit.abi)

    # Time

    def rpc(self, method: str, *parameters: Any) -> Any:
        """The result of a method that only development chains have."""
        return self.w3.provider.make_request(method, list(parameters))["result"]

    def later(self, seconds: int) -> None:
        """A block so many seconds after the last one; time goes on from there."""
        then = self.w3.eth.get_block("latest")["timestamp"] + seconds
        self.rpc("evm_setNextBlockTimestamp", then)
        self.rpc("evm_mine")

    def together(self, *signed: bytes) -> list[Any]:
        """The receipts of these transactions, all in one block."""
        self.rpc("evm_setAutomine", False)
        try:
            hashes = [self.w3.eth.send_raw_transaction(each) for each in signed]
            self.rpc("evm_mine")
        finally:
            self.rpc("evm_setAutomine", True)
        receipts = [self.receipt(each) for each in hashes]
        assert len({receipt["blockNumber"] for receipt in receipts}) == 1
        return receipts

    # What users do

    def subscribe(self, *consumers: Contract | ChecksumAddress, funds: int = 10**18,
                  owner: ChecksumAddress | None = None) -> int:  # fmt: skip
        """A funded subscription with these consumers."""
        sender = owner or self.user
        made = self.send(self.router.functions.createSubscription(Asset.NATIVE), sender, value=funds)
        (log,) = self.logs(made, "SubscriptionCreated")
        for consumer in consumers:
            address = consumer if isinstance(consumer, str) else consumer.address
            self.send(self.router.functions.addConsumer(log["subscription"], address), sender)
        return int(log["subscription"])

    def ask(self, consumer: Contract, subscription: int, count: int = 1, *, gas_limit: int = 100_000) -> list[bytes]:
        """Ids of new requests by a Scripted consumer."""
        call = consumer.functions.ask(self.router.address, subscription, FUNCTION, gas_limit, count)
        made = self.send(call, self.user)
        return [bytes(log["requestId"]) for log in self.logs(made, "Requested")]

    # What members and transmitters do

    def attest(self, results: Sequence[Result], *, verifier: int = ECDSA, signers: Sequence[int] = QUORUM,
               epoch: int = 1) -> tuple[int, int, bytes, bytes]:  # fmt: skip
        """Arguments of `fulfill`; the books know of these signers from now on."""
        self.signers.add((epoch, sum(1 << member for member in signers)))
        packed, proof = self.network.attest(verifier, results, signers, epoch)
        return epoch, verifier, packed, proof

    def fulfill(self, arguments: tuple[Any, ...], sender: ChecksumAddress | None = None, **options: Any) -> Any:
        """The receipt of a delivery."""
        sender = sender or self.transmitter
        self.payers.add(sender)
        return self.send(self.router.functions.fulfill(*arguments), sender, **options)

    def deliver(self, ids: Iterable[bytes], sender: ChecksumAddress | None = None, **options: Any) -> Any:
        """The receipt of the delivery of one answer to each."""
        return self.fulfill(self.attest([answer(each) for each in ids], **options), sender)

    # What is seen

    def logs(self, receipt: Any, event: str, of: Contract | None = None) -> list[Any]:
        """Arguments of a contract's events of one name; of the router unless another is named."""
        contract = of or self.router
        return [log["args"] for log in contract.events[event]().process_receipt(receipt, errors=DISCARD)
                if log["address"] == contract.address]  # fmt: skip

    def delivered(self, receipt: Any) -> list[bytes]:
        return [bytes(log["requestId"]) for log in self.logs(receipt, "Delivered")]

    def skipped(self, receipt: Any) -> list[tuple[bytes, int]]:
        return [(bytes(log["requestId"]), log["reason"]) for log in self.logs(receipt, "Skipped")]

    def subscription(self, number: int) -> tuple[int, int]:
        """(balance, reserved)."""
        info = self.router.functions.subscriptionInfo(number).call()
        return info[3], info[4]

    def is_open(self, request: bytes) -> bool:
        return int(self.router.functions.pending(request).call()[0], 16) != 0

    def balance(self, address: str) -> int:
        return int(self.w3.eth.get_balance(Web3.to_checksum_address(address)))

    def owed(self) -> int:
        """Everything that the router owes: balances, reservations, earnings settled and not."""
        router = self.router.functions
        total = misses = 0
        for number in itertools.count(1):
            try:
                total += sum(self.subscription(number))
                misses = 0
            except ContractCustomError:  # cancelled, or never made
                misses += 1
                if misses == 3:
                    break
        for account_ in {*self.payers, *self.operators}:
            total += router.earned(Asset.NATIVE, account_).call()
        for (epoch, bitmap), payer in itertools.product(self.signers, self.payers):
            total += sum(router.unsettled(epoch, Asset.NATIVE, payer, bitmap).call())
        return total

    def check_books(self) -> None:
        """The router holds what it owes, to the wei."""
        assert self.balance(self.router.address) == self.owed()


def account(index: int) -> ChecksumAddress:
    return Web3.to_checksum_address(dev_accounts()[index].address)


def key_of(address: ChecksumAddress) -> bytes:
    return next(each.private_key for each in dev_accounts() if Web3.to_checksum_address(each.address) == address)


def answer(request: bytes, output: bytes = b"output", **changes: Any) -> Result:
    """A report on a request with its output."""
    report = deployment.report_on(request, output, changes.pop("status", Status.RETURNED))
    return Report(**{name: getattr(report, name) for name in Report.__slots__} | changes), output


@cache
def error_names() -> dict[str, str]:
    """Names of all errors of router, committee and triggers, by selector."""
    names = {}
    for name in ("Router", "Committee", "Triggers", "FunctionRegistry", "IBlsEpochVerifier"):
        for item in load(name).abi:
            if item["type"] == "error":
                signature = f"{item['name']}({','.join(field['type'] for field in item['inputs'])})"
                names["0x" + keccak256(signature.encode()).hex()[:8]] = item["name"]
    return names


Step = tuple[str, int, bytes]
