"""Unmodified clients of Chainlink Functions ask, four nodes run the sources they send, and the clients are answered."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from executor.chain.accounts import dev_accounts
from executor.cli._chainlink import OwnerTerms
from executor.demos.identity import command
from executor.demos.stage import Stage
from executor.model.receipt import Receipt
from executor.receipts import all_passed
from executor.testing.identity_provider import API_KEY
from tests.end_to_end.functions_clients import CALLBACK_GAS, DON_ID, EXAMPLE, HELPER, deploy, registered, router_of
from tests.end_to_end.journey import checks_of

pytestmark = pytest.mark.asyncio(loop_scope="session")  # as the network they share
OWNER = str(dev_accounts()[0].address)

KIT = Path(os.environ.get("STARTER_KIT", Path(__file__).resolve().parents[2] / "fixtures" / "functions_sources"))
COMPOUND = (KIT / "calculation-example.js").read_text()
ARGUMENTS = ["1", "bitcoin", "btc-bitcoin", "btc", "1000000", "450"]
PERSON = """
// An API behind a key, beside two that fail: one request each, all at once.
const [person, unknown, down] = await Promise.all([
  Functions.makeHttpRequest({
    url: "http://identity.test/v1/person",
    headers: { Authorization: `Bearer ${secrets.apiKey}`, "X-Document": args[0] },
  }),
  Functions.makeHttpRequest({ url: "http://identity.test/v1/person" }),
  Functions.makeHttpRequest({ url: "http://elsewhere.test/" }),
]);
if (person.error) throw Error(`identity.test: ${person.code} ${person.message}`);
console.log("of age", person.data.of_age);
return Functions.encodeString([person.status, person.data.of_age, unknown.code, down.code, bytesArgs[0]].join());
"""
ORDERS = """
const url = "http://shop.test/orders";
const order = () => Functions.makeHttpRequest({ url, method: "post", data: { of: args[0] } });
const first = await order();
const second = await order();
return Functions.encodeUint256(second.data.order > first.data.order ? 1 : 0);
"""
NUMBERED = """
const { headers } = await Functions.makeHttpRequest({ url: "http://shop.test/orders", method: "post" });
return Functions.encodeString(headers["x-request-id"]);  // another one for each node
"""
PRICE = """
const { data } = await Functions.makeHttpRequest({ url: "http://exchange-a.test/price" });
if (args.length) throw Error(`${args[0]} is not listed!`);
return Functions.encodeUint256(Math.round(Number(data.price) * 100));
"""


def verified(receipt: Receipt) -> bool:
    return all_passed(checks_of(receipt))


async def test_sources_run_as_they_are_and_their_results_and_errors_arrive(stage: Stage) -> None:
    """A calculation, APIs, arguments, secrets, several requests, and everything that ends in `err`."""
    subscription = stage.devnet.deployment.subscription
    terms = OwnerTerms(
        name="sources",
        hosts=("http://identity.test", "http://shop.test"),
        methods=("GET", "POST"),
        secrets={"apiKey": "API_KEY"},
        owner=OWNER,
        subscriptions=(subscription,),
    )
    function = await registered(stage, terms)
    router = await router_of(stage, function)
    put = ("put", function, "--secret", "API_KEY", "--subscription", subscription)
    await command(stage, *put, env={"API_KEY": API_KEY})
    client, example = await deploy(stage, HELPER, router), await deploy(stage, EXAMPLE, router)

    asked = {
        "person": await client.run(PERSON, ("SPECIMEN",), (b"\x01\xff",), secrets=b"what Chainlink's nodes could open"),
        "nobody": await client.run(PERSON, ("X0000000",), (b"",)),
        "orders": await client.run(ORDERS, ("one",)),
        "differs": await client.run(NUMBERED),
        "syntax": await client.run("return Functions.encodeUint256("),
        "long": await client.run("return new Uint8Array(257)"),
    }
    calculation = await example.ask("sendRequest", COMPOUND, b"", ARGUMENTS, subscription, DON_ID)

    receipt, response, err = await client.delivery(asked["person"])
    assert (response, err) == (b"200,true,401,http-host-not-allowed,0x01ff", b"")
    assert verified(receipt)
    assert await client.heard(asked["nobody"]) == (b"", b"identity.test: 404 Not Found")
    assert await client.heard(asked["orders"]) == ((1).to_bytes(32, "big"), b"")
    response, err = await client.heard(asked["differs"])
    assert response == b""
    assert err.startswith(b"no agreement: identical needs 2 equal of 3, had 1: ")
    response, err = await client.heard(asked["syntax"])
    assert (response, err) == (b"", b"syntax error: unexpected token in expression: '}' (line 2)")
    assert await client.heard(asked["long"]) == (b"", b"response >256 bytes")
    await stage.delivered(calculation)
    assert int.from_bytes(await example.view("s_lastResponse"), "big") == 1_003_757
    assert int.from_bytes(await example.view("s_lastErrorLength"), "big") == 0


async def test_numbers_that_differ_from_node_to_node_are_agreed_on_by_median(stage: Stage) -> None:
    """Where the owner says so; an error is agreed on in words, and Chainlink's secrets are named as what they are."""
    terms = OwnerTerms(name="numbers", hosts=("http://exchange-a.test",), median=True)
    router = await router_of(stage, await registered(stage, terms))
    client = await deploy(stage, HELPER, router)
    price, unlisted = await client.run(PRICE), await client.run(PRICE, ("FOO",))
    slot = (3, 1_750_000_000, [], client.subscription, CALLBACK_GAS)
    hosted = await client.ask("sendRequestWithDONHostedSecrets", DON_ID, "return secrets.apiKey", *slot)
    receipt, response, err = await client.delivery(price)
    (entry,) = receipt.transcript
    seen = sorted(int(each.observation.value) for each in entry.observations)
    assert (int.from_bytes(response, "big"), err) == (seen[1], b"")
    assert verified(receipt)
    assert await client.heard(unlisted) == (b"", b"foo is not listed")
    response, err = await client.heard(hosted)
    assert response == b""
    assert err.startswith(b"secrets apikey what this request refers to is sealed to")
