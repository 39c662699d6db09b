"""A committee with keys on any chain whose node holds the accounts: what benchmarks and contract tests drive."""

import dataclasses
import hashlib
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from eth_typing import ChecksumAddress
from hexbytes import HexBytes
from web3 import Web3
from web3.contract import Contract
from web3.logs import DISCARD

from executor.chain.bindings import load
from executor.chain.deploy import PRICES
from executor.crypto import bls, secp256k1
from executor.crypto.digests import function_id, keccak256, module_id, possession_digest, report_leaf
from executor.crypto.merkle import merkle_root
from executor.model.billing import Asset
from executor.model.function import Function
from executor.model.ids import Address, Digest, RequestId, TranscriptHash
from executor.model.manifest import Terms
from executor.model.report import Report, Status
from executor.model.request import ZERO_ADDRESS

GAS = 12_000_000  # given outright: estimating costs a second run of the pairing
EPOCH_GAS = 29_000_000  # below a block's 30 million; 100 members' keys take 11 million
FUNCTION = Function(b"a module", Terms(), b"a source")
FUNDS_WEI = 1_000 * 10**18
TRANSCRIPT = TranscriptHash(b"\x7a" * 32)


@dataclass(frozen=True, slots=True)
class Keys:
    """One member's secrets, derived from its index."""

    signer: bytes
    bls: bytes


def keys_of(member: int) -> Keys:
    """The member's keys, the same in every run."""
    seeds = [hashlib.sha256(f"{purpose} {member}".encode()).digest() for purpose in ("signer", "bls")]
    return Keys(seeds[0], bls.secret_from_seed(seeds[1]))


def deploy(w3: Web3, name: str, *arguments: Any) -> Contract:
    """Deploys one of the committed artifacts."""
    artifact = load(name)
    return deploy_code(w3, artifact.abi, artifact.bytecode, *arguments)


def deploy_code(w3: Web3, abi: Any, bytecode: str, *arguments: Any) -> Contract:
    """Deploys compiled code from the first account."""
    sender = w3.eth.accounts[0]
    factory = w3.eth.contract(abi=abi, bytecode=bytecode)
    receipt = mined(w3, factory.constructor(*arguments).transact({"from": sender, "gas": GAS}))
    contract: Contract = w3.eth.contract(address=receipt["contractAddress"], abi=abi)
    return contract


def mined(w3: Web3, transaction: HexBytes) -> Any:
    """The receipt; RuntimeError if the transaction failed."""
    receipt: Any = w3.eth.wait_for_transaction_receipt(transaction, timeout=60, poll_latency=0.01)
    if receipt["status"] != 1:
        raise RuntimeError(f"transaction failed: {receipt}")
    return receipt


def raw(address: ChecksumAddress) -> Address:
    """An address as bytes."""
    return Address(bytes.fromhex(address[2:]))


@dataclass(frozen=True, slots=True)
class Network:
    """Router, committee and both verifiers (ECDSA is verifier 0, BLS 1) with n registered members in epoch 1.

    FUNCTION is registered, and the first account owns a funded subscription.
    """

    w3: Web3
    router: Contract
    committee: Contract
    n: int
    subscription: int

    @property
    def quorum(self) -> int:
        return self.n - (self.n - 1) // 3

    @classmethod
    def start(cls, w3: Web3, n: int, *, stake_wei: int = 0, change_delay_s: int = 0) -> "Network":
        """Deploys everything; operators are the node's accounts 1 to n, each with so much stake."""
        owner = w3.eth.accounts[0]
        committee = deploy(w3, "Committee", owner, stake_wei, change_delay_s)
        functions = deploy(w3, "FunctionRegistry")
        facts = (module_id(FUNCTION.module), keccak256(FUNCTION.source), FUNCTION.terms.canonical())
        mined(w3, functions.functions.register(*facts).transact({"from": owner, "gas": GAS}))
        prices = dataclasses.astuple(PRICES)
        router = deploy(w3, "Router", owner, committee.address, functions.address, ZERO_ADDRESS, change_delay_s, prices)
        verifiers = [deploy(w3, name).address for name in ("EcdsaQuorumVerifier", "BlsVerifier")]
        operators = list(w3.eth.accounts[1 : n + 1])
        for member, operator in enumerate(operators):
            arguments = registration(w3, committee, operator, keys_of(member), f"http://127.0.0.1:{7000 + member}")
            paying: Any = {"from": operator, "gas": GAS, "value": stake_wei}
            mined(w3, committee.functions.register(*arguments).transact(paying))
        epoch = (operators, b"\x01" * 32, 4, verifiers)
        for call in (committee.functions.proposeEpoch(*epoch), committee.functions.startEpoch(*epoch)):
            mined(w3, call.transact({"from": owner, "gas": EPOCH_GAS}))
        made = router.functions.createSubscription(Asset.NATIVE).transact({"from": owner, "value": FUNDS_WEI})
        (log,) = router.events.SubscriptionCreated().process_receipt(mined(w3, made), errors=DISCARD)
        return cls(w3, router, committee, n, log["args"]["subscription"])

    def sponsor(self, consumer: Contract) -> None:
        """Lets a consumer spend from the subscription."""
        call = self.router.functions.addConsumer(self.subscription, consumer.address)
        mined(self.w3, call.transact({"from": self.w3.eth.accounts[0], "gas": GAS}))

    def digest(self, root: bytes, epoch: int = 1) -> Digest:
        """What members sign."""
        return Digest(bytes(self.router.functions.attestationDigest(epoch, root).call()))

    def ecdsa_proof(self, root: bytes, signers: Sequence[int], epoch: int = 1) -> bytes:
        """Proof for verifier 0."""
        digest = self.digest(root, epoch)
        return bitmap(signers) + b"".join(secp256k1.sign(keys_of(i).signer, digest) for i in sorted(signers))

    def bls_proof(self, root: bytes, signers: Sequence[int], epoch: int = 1) -> bytes:
        """Proof for verifier 1."""
        digest = self.digest(root, epoch)
        signature = bls.aggregate([bls.sign(keys_of(i).bls, digest) for i in signers])
        return bitmap(signers) + bls.to_evm_g1(signature)

    def attest(
        self, verifier: int, results: Sequence[tuple[Report, bytes]], signers: Sequence[int], epoch: int = 1
    ) -> tuple[bytes, bytes]:
        """The packed reports of these results, and the proof that `signers` signed their root."""
        root = merkle_root([report_leaf(report) for report, _ in results])
        proof = (self.ecdsa_proof, self.bls_proof)[verifier](root, signers, epoch)
        return b"".join(pack(report, output) for report, output in results), proof

    def keep_sum(self, signers: Sequence[int]) -> Any:
        """The receipt of telling the BLS verifier to keep the sum of these signers' keys."""
        address = self.committee.functions.epochVerifier(1, 1).call()
        verifier = self.w3.eth.contract(address=address, abi=load("IBlsEpochVerifier").abi)
        call = verifier.functions.remember(sum(1 << member for member in signers))
        return mined(self.w3, call.transact({"from": self.w3.eth.accounts[0], "gas": GAS}))

    def fulfill(
        self, verifier: int, results: Sequence[tuple[Report, bytes]], signers: Sequence[int], *, kept: bool = False
    ) -> Any:
        """The receipt of the delivery of these results, sent by the first account; `kept`: the sum of the keys is."""
        packed, proof = self.attest(verifier, results, signers)
        if kept:
            proof = bytes([proof[0] | 0x80]) + proof[1:]
        call = self.router.functions.fulfill(1, verifier, packed, proof)
        return mined(self.w3, call.transact({"from": self.w3.eth.accounts[0], "gas": GAS}))


def registration(
    w3: Web3, committee: Contract, operator: ChecksumAddress, keys: Keys, endpoint: str
) -> tuple[Any, ...]:
    """Arguments of `Committee.register`."""
    public_key = bls.to_evm_g2(bls.public_key(keys.bls))
    digest = possession_digest(w3.eth.chain_id, raw(committee.address), raw(operator), public_key)
    possession = bls.to_evm_g1(bls.prove_possession(keys.bls, digest))
    signer = Web3.to_checksum_address(secp256k1.address_of(keys.signer))
    proof = secp256k1.sign(keys.signer, digest)
    return signer, proof, keccak256(operator.encode()), public_key, possession, endpoint


def bitmap(signers: Sequence[int]) -> bytes:
    """The first 16 bytes of a proof."""
    return sum(1 << member for member in signers).to_bytes(16, "big")


def report_on(request: RequestId, output: bytes, status: Status = Status.RETURNED) -> Report:
    """A report about a request, as it might come out of a run."""
    return Report(request, function_id(FUNCTION), TRANSCRIPT, status, 440_000_000, 1, 6_770_790, keccak256(output))


def pack(report: Report, output: bytes) -> bytes:
    """One packed report (docs/wire.md §6)."""
    head = report.request_id + report.function_id + report.transcript_hash
    numbers = ((int(report.status), 1), (report.round, 4), (report.slots, 2), (report.fuel_used, 8), (len(output), 4))
    return head + b"".join(value.to_bytes(size, "big") for value, size in numbers) + output
