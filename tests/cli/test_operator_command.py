"""executor operator: from made keys to a stake taken out again, against the contracts and a running signer."""

from __future__ import annotations

import asyncio
import json
import tempfile
from collections.abc import Awaitable, Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from cli_types import Run

from executor.chain.accounts import dev_accounts
from executor.chain.calls import transact
from executor.chain.client import ChainClient
from executor.chain.deploy import Registration, deploy_devnet
from executor.chain.embedded import EmbeddedChain
from executor.chain.operators import UNBONDING_S, Standing, load_standing
from executor.chain.sender import TransactionSender
from executor.chain.signing import dev_account
from executor.crypto.digests import profile_id
from executor.keys.keyset import create_keys, generate_keys, load_keys
from executor.keys.signer import prove_possession
from executor.model.committee import Possession
from executor.model.ids import Address
from executor.model.profile import PROFILE
from executor.model.report import Scheme
from executor.node.config_file import config_text
from executor.testing.processes import Children

PASSWORD = "correct horse"
PAYEE = "0x" + "ab" * 20
ENDPOINT = "https://node.example.org"
ETHER = 10**18


@dataclass(frozen=True)
class Place:
    """A committee with one other member, a signer with fresh keys, and the node's configuration."""

    router: Address
    url: str
    other: Address
    verifier: Address
    operator: Address
    config: Path
    keys: Path

    def ask(self, work: Callable[[ChainClient], Awaitable[Any]]) -> Any:
        async def asked() -> Any:
            async with ChainClient([self.url], 31337, self.router) as chain:
                return await work(chain)

        return asyncio.run(asked())

    def propose(self, *operators: Address) -> None:
        """As the committee's owner."""

        async def send(chain: ChainClient) -> None:
            owner = TransactionSender(chain, dev_account(dev_accounts()[0]))
            arguments = (list(operators), profile_id(PROFILE), 4, [self.verifier])
            await transact(owner, "Committee", chain.committee, "proposeEpoch", *arguments)

        self.ask(send)

    def standing(self) -> Standing:
        return self.ask(lambda chain: load_standing(chain, self.operator))


@pytest.fixture(scope="module")
def place() -> Iterator[Place]:
    other, deployer = generate_keys(), dev_account(dev_accounts()[0])

    async def prove(chain_id: int, committee: Address, operator: Address) -> Possession:
        return prove_possession(other, chain_id, committee, operator)

    public = other.public
    member = Registration(
        dev_account(dev_accounts()[1]), public.signer, public.bls_key, public.encryption_key, "http://a.test", prove
    )
    with EmbeddedChain() as chain, tempfile.TemporaryDirectory(prefix="op-", dir="/tmp") as folder:
        home = Path(folder)
        keys = create_keys(home / "keys", PASSWORD, fast=True)
        children = Children(home)
        child = children.start(
            "signer",
            *("-m", "executor.keys.process", "--directory", str(home / "keys")),
            *("--socket", str(home / "signer.sock"), "--password-env", "TEST_PASSWORD"),
            environment={"TEST_PASSWORD": PASSWORD},
        )
        try:
            child.read_line(30)
            made = asyncio.run(
                deploy_devnet(
                    chain.url, 31337, deployer, [member], profile_id=profile_id(PROFILE), verifiers=[Scheme.ECDSA]
                )
            )
            values = {
                "operator": str(keys.transmitter),
                "chain": {"id": 31337, "router": str(made.router), "rpc_urls": [chain.url]},
                "http": {"port": 9600},
            }
            (home / "node.toml").write_text(config_text(values))
            yield Place(
                made.router,
                chain.url,
                member.operator.address,
                made.verifiers[0].address,
                keys.transmitter,
                home / "node.toml",
                home / "keys",
            )
        finally:
            children.stop()


def test_an_operator_registers_pays_leaves_and_takes_its_stake_out(executor: Run, place: Place, tmp_path: Path) -> None:
    """Nothing is sent before it is asked for; what the contract refuses is said in words, and before it costs gas."""
    chosen = ("--config", place.config)
    assert "never: executor operator register" in executor("operator", "status", *chosen).stdout

    poor = executor("operator", "stake", "1ether", *chosen)
    assert (poor.returncode, "would be refused" in poor.stderr) == (1, True)

    async def fund(chain: ChainClient) -> None:
        await TransactionSender(chain, dev_account(dev_accounts()[0])).send(place.operator, value_wei=5 * ETHER)

    place.ask(fund)
    unregistered = executor("operator", "stake", "1ether", *chosen)
    assert "addStake would be refused: operator 0x" in unregistered.stderr
    assert "never registered" in unregistered.stderr

    printed = executor("operator", "register", "--endpoint", ENDPOINT, "--stake", "0.5ether", *chosen, "--json")
    plain = json.loads(printed.stdout)
    assert (plain["from"], plain["value"], plain["call"]) == (
        str(place.operator),
        str(ETHER // 2),
        "Committee.register",
    )
    assert "transaction" not in plain
    assert place.standing().registered is None
    assert "not sent" in executor("operator", "register", "--endpoint", ENDPOINT, *chosen).stdout

    sent = executor("operator", "register", "--endpoint", ENDPOINT, "--stake", "0.5ether", *chosen, "--send", "--json")
    assert (sent.returncode, sent.stderr) == (0, "")
    assert json.loads(sent.stdout)["data"] == plain["data"]
    found = place.standing()
    assert found.registered is not None
    assert (found.registered.endpoint, found.stake_wei, found.place) == (ENDPOINT, ETHER // 2, None)
    told = executor("operator", "status", *chosen).stdout
    assert "0.5 ether, a member needs 1 ether: executor operator stake 0.5ether" in told
    assert "1, not a member of it" in told

    secret = load_keys(place.keys, PASSWORD).transmitter
    (tmp_path / "hex").write_text(secret.hex())
    (tmp_path / "other").write_text("11" * 32)
    wrong = executor("operator", "stake", "1ether", *chosen, "--key-file", "other")
    assert (wrong.returncode, f"not of {place.operator}" in wrong.stderr) == (2, True)
    assert executor("operator", "stake", "500000000gwei", *chosen, "--key-file", "hex").returncode == 0
    keystore = place.keys / "transmitter.json"
    locked = executor("operator", "stake", "1 ether", *chosen, "--key-file", keystore, env={"EXECUTOR_PASSWORD": "no"})
    assert locked.returncode == 2
    opened = {"EXECUTOR_PASSWORD": PASSWORD}
    assert executor("operator", "stake", "1 ether", *chosen, "--key-file", keystore, env=opened).returncode == 0
    assert place.standing().stake_wei == 2 * ETHER

    none = executor("operator", "start-epoch", *chosen)
    assert "no epoch is proposed" in none.stderr
    place.propose(place.other, place.operator)
    assert "announced, may begin now" in executor("operator", "status", *chosen).stdout
    assert executor("operator", "start-epoch", *chosen, "--send").returncode == 0
    assert "2, member 1" in executor("operator", "status", *chosen).stdout

    assert executor("operator", "leave", *chosen, "--send").returncode == 0
    again = executor("operator", "leave", *chosen, "--send")
    assert (again.returncode, "asked to leave already" in again.stderr) == (1, True)
    assert executor("operator", "stay", *chosen, "--send").returncode == 0
    assert place.standing().exit_at == 0
    assert executor("operator", "leave", *chosen, "--send").returncode == 0
    assert "bound until an epoch without it begins" in executor("operator", "status", *chosen).stdout
    place.propose(place.other)
    assert executor("operator", "start-epoch", *chosen, "--send").returncode == 0
    bound = executor("operator", "withdraw", "stake", "--to", PAYEE, *chosen, "--send")
    assert "is bound until block time" in bound.stderr
    leaving = place.standing()
    assert leaving.free_at is not None
    assert 0 < leaving.free_at - UNBONDING_S - leaving.exit_at < 600, "it is reckoned from the epoch without it"
    assert "the stake is free 20" in executor("operator", "status", *chosen).stdout
    place.ask(lambda chain: chain.rpc.call("evm_increaseTime", UNBONDING_S + 3600))
    assert executor("operator", "withdraw", "stake", "--to", PAYEE, *chosen, "--send").returncode == 0
    assert place.ask(lambda chain: chain.balance(Address.from_hex(PAYEE))) == 2 * ETHER
    nothing = executor("operator", "withdraw", "earnings", "--to", PAYEE, *chosen)
    assert "has nothing to withdraw" in nothing.stderr


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["stake", "1"], "AMOUNT: '1' is no amount: write a number and its unit"),
        (["register", "--endpoint", "ftp://a.test"], "an endpoint is http://HOST"),
        (["register", "--endpoint", ENDPOINT, "--set", "set-09"], "--set set-09: the signer holds ''"),
        (["withdraw", "profit", "--to", PAYEE], "it is `stake` or `earnings` that is withdrawn"),
        (["withdraw", "stake", "--to", "0x12"], "--to 0x12: Address is 20 bytes, not 1"),
        (["leave", "--send", "--key-file", "x"], "give one of both"),
    ],
)
def test_what_is_mistyped_is_named_in_one_line(executor: Run, place: Place, arguments: list[str], said: str) -> None:
    done = executor("operator", *arguments, "--config", place.config)
    assert (done.returncode, done.stdout, done.stderr.count("\n")) == (2, "", 1)
    assert said in done.stderr
