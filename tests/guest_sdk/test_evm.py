"""evm in JavaScript: the wire format of docs/wire.md §10, ABI helpers, and what becomes of every answer."""

import json

import pytest
from eth_abi import encode
from eth_hash.auto import keccak

from .harness import Answer, Guest, Run

IMPORT = "import { abi, Decimal, evm, hex, identical, median, observe } from 'executor';\n"
TOKEN, OWNER = "0x" + "aA" * 20, "0x" + "bb" * 20
WORD = "0x" + "cd" * 32
OPERATIONS = ("evm.call", "evm.call_many", "evm.balance", "evm.block", "evm.logs")
SHOW = "const show = (v) => JSON.stringify(v, (_, x) => typeof x === 'bigint' ? `${x}n` : x instanceof Uint8Array ? hex.encode(x) : x);\n"  # noqa: E501 (one line of JavaScript)


def look(quickjs: Guest, expression: str, answer: Answer = (0, b"")) -> Run:
    """A function that observes what the expression shows, with one answer for every call."""
    source = f"{IMPORT}{SHOW}export default () => {{ observe(identical, () => {{ {expression} }}) }}"
    calls = {operation: lambda _: answer for operation in OPERATIONS}
    return quickjs.run(source, calls=calls | {"crypto.keccak256": lambda data: (0, keccak(data))}, observing=True)


def asked(run: Run) -> list[tuple[str, dict]]:
    """What was asked of chains."""
    return [(name, json.loads(data)) for name, data in run.calls if name.startswith("evm.")]


def selector(signature: str) -> str:
    """Four bytes of hex."""
    return "0x" + keccak(signature.encode())[:4].hex()


@pytest.mark.parametrize(
    ("options", "types", "values", "sent", "shown"),
    [
        (
            f"{{ to: '{TOKEN}', abi: 'balanceOf(address)(uint256)', args: ['{OWNER}'] }}",
            ["uint256"],
            [2**255],
            {"data": selector("balanceOf(address)") + "00" * 12 + "bb" * 20},
            f'"{2**255}n"',
        ),
        (
            f"{{ chain: 8453, to: '{TOKEN}', abi: 'getReserves()(uint112,uint112,uint32)', block: 19n }}",
            ["uint112", "uint112", "uint32"],
            [1, 2, 3],
            {"data": selector("getReserves()"), "chain": 8453, "block": 19},
            '["1n","2n","3n"]',
        ),
        (
            f"{{ to: '{TOKEN}', abi: 'f(uint, (bool, bytes)[2][])(string)', args: [1, []], block: new Decimal(12n) }}",
            ["string"],
            ["text"],
            {
                "data": selector("f(uint256,(bool,bytes)[2][])")
                + encode(["uint256", "(bool,bytes)[2][]"], [1, []]).hex(),
                "block": 12,
            },
            '"text"',
        ),
        (f"{{ to: '{TOKEN}', data: '0x01', block: '{WORD}' }}", ["uint8"], [7], {"data": "0x01", "block": WORD},
         f'"0x{7:064x}"'),
        (f"{{ to: '{TOKEN}', abi: 'ping()', block: 5 }}", [], [], {"data": selector("ping()"), "block": 5}, None),
    ],
)  # fmt: skip
def test_a_call(quickjs: Guest, options: str, types: list, values: list, sent: dict, shown: str | None):
    """The selector of the canonical name, arguments, chain and block; outputs decoded, one alone."""
    run = look(quickjs, f"return show(evm.call({options})) ?? 'nothing'", (0, encode(types, values)))
    assert run.text == (shown or "nothing"), run.logs
    assert asked(run) == [("evm.call", {"to": TOKEN.lower(), **sent})]


def test_many_calls(quickjs: Guest):
    """One operation; each result in its place, reverts with their data."""
    results = [[(True, encode(["uint256"], [9])), (False, b"\x08\xc3\x79\xa0"), (True, b"\x01")]]
    calls = ", ".join(
        f"{{ to: '{TOKEN}', {what} }}" for what in ("abi: 'f()(uint256)'", "abi: 'g()(bool)'", "data: '0x'")
    )
    run = look(quickjs, f"return show(evm.callMany({{ chain: 1, block: 7, calls: [{calls}] }}))",
               (0, encode(["(bool,bytes)[]"], results)))  # fmt: skip
    assert json.loads(run.text) == [
        {"ok": True, "value": "9n"}, {"ok": False, "data": "0x08c379a0"}, {"ok": True, "value": "0x01"},
    ]  # fmt: skip
    ((name, message),) = asked(run)
    assert (name, message["chain"], message["block"]) == ("evm.call_many", 1, 7)
    assert [each["data"] for each in message["calls"]] == [selector("f()"), selector("g()"), "0x"]


def test_a_balance_and_a_block(quickjs: Guest):
    """Wei as BigInt; numbers and hashes by name."""
    run = look(quickjs, f"return show(evm.balance({{ address: '{OWNER}' }}))", (0, encode(["uint256"], [10**18])))
    assert (run.text, asked(run)) == ('"1000000000000000000n"', [("evm.balance", {"address": OWNER})])
    words = encode(["uint256", "bytes32", "bytes32", "uint256", "uint256"], [7, b"\x07" * 32, b"\x06" * 32, 5, 9])
    run = look(quickjs, "return show(evm.block({ chain: 10, block: 'finalized' }))", (0, words))
    told = {"number": 7, "hash": "0x" + "07" * 32, "parentHash": "0x" + "06" * 32, "timestamp": 5, "baseFee": "9n"}
    assert json.loads(run.text) == told
    assert asked(run) == [("evm.block", {"chain": 10, "block": "finalized"})]
    assert asked(look(quickjs, "return show(evm.block())", (0, words))) == [("evm.block", {})]


def test_logs(quickjs: Guest):
    """An event's hash is the first topic; addresses and integers become words."""
    kind = "(address,bytes32[],bytes,uint256,bytes32,bytes32,uint256)[]"
    log = (TOKEN, [bytes.fromhex(WORD[2:])], b"\x01", 7, b"\x07" * 32, b"\x08" * 32, 3)
    options = f"address: '{TOKEN}', event: 'Transfer(address,address,uint)', topics: [null, ['{OWNER}', '{WORD}'], 5n]"
    run = look(quickjs, f"return show(evm.logs({{ {options}, fromBlock: 3, block: 9 }}))", (0, encode([kind], [[log]])))
    (found,) = json.loads(run.text)
    assert found == {
        "address": TOKEN.lower(), "topics": [WORD], "data": "0x01", "blockNumber": 7, "blockHash": "0x" + "07" * 32,
        "transactionHash": "0x" + "08" * 32, "index": 3,
    }  # fmt: skip
    first = "0x" + keccak(b"Transfer(address,address,uint256)").hex()
    topics = [[first], None, ["0x" + "00" * 12 + "bb" * 20, WORD], [f"0x{5:064x}"]]
    message = {"addresses": [TOKEN.lower()], "topics": topics, "from_block": 3, "block": 9}
    assert asked(run) == [("evm.logs", message)]


def test_a_height_is_agreed_before_it_is_read_at(quickjs: Guest):
    """An observation of its own, whose value is a number; a look there asks for the last final block."""
    source = IMPORT + "export default () => String(evm.agreeOnBlock(8453) + 1)"
    run = quickjs.run(source, transcript=[(0, b"1000")])
    assert run.text == "1001"
    assert json.loads(run.specs[0]) == {"aggregate": "median", "label": "block of chain 8453"}
    words = encode(["uint256", "bytes32", "bytes32", "uint256", "uint256"], [999, b"", b"", 5, 9])
    run = quickjs.run(source, calls={"evm.block": lambda _: (0, words)}, observing=True)
    assert (run.ending, run.output) == ("proposed", b"999")
    assert asked(run) == [("evm.block", {"chain": 8453, "block": "finalized"})]


@pytest.mark.parametrize(
    ("expression", "answer", "code"),
    [
        (f"evm.call({{ to: '{TOKEN}', data: '0x' }})", (1, b"evm-reverted"), "evm-reverted"),
        (f"evm.balance({{ address: '{TOKEN}' }})", (1, b"evm-timeout"), "evm-timeout"),
        (f"evm.call({{ to: '{TOKEN}', abi: 'f()(uint256)' }})", (0, b""), "evm-empty"),
        (f"evm.call({{ to: '{TOKEN}', abi: 'f()(uint256)' }})", (0, b"\x01"), "threw"),
    ],
)
def test_what_fails_is_observed_as_its_code(quickjs: Guest, expression: str, answer: Answer, code: str):
    """The capability's code; no data where some is expected has one of its own."""
    run = look(quickjs, f"return show({expression})", answer)
    assert (run.kind, run.output) == (1, code.encode())


@pytest.mark.parametrize(
    ("expression", "said"),
    [
        ("evm.call()", "evm.call takes an object, not undefined"),
        ("evm.call({ to: T })", "a call has either abi"),
        ("evm.call({ to: T, data: '0x', abi: 'f()' })", "a call has either abi"),
        ("evm.call({ to: T, data: '0x', gas: 1 })", 'has no option "gas"'),
        ("evm.call({ to: 'x', data: '0x' })", "an address is 0x and 40 hex digits"),
        ("evm.call({ to: T, abi: 'f(uint256' })", "a signature is a string such as"),
        ("evm.call({ to: T, abi: 'f()()()' })", "has more than inputs and outputs"),
        ("evm.call({ to: T, abi: 'f() returns (uint256)' })", 'has "r" between'),
        ("evm.call({ to: T, abi: 'f(uint7)()', args: [1] })", 'unknown type "uint7"'),
        ("evm.call({ to: T, abi: 'f(bool)()', args: [] })", "has 0 elements, the types say 1"),
        ("evm.call({ to: T, data: '0x', block: 'latest' })", "latest"),
        ("evm.call({ to: T, data: '0x', block: -1 })", "block -1 is no block"),
        ("evm.call({ to: T, data: '0x', block: 1.5 })", "digits would be lost"),
        ("evm.callMany({ calls: [{ to: T, data: '0x', chain: 1 }] })", 'has no option "chain"'),
        ("evm.logs({ address: T, topics: ['0x01'] })", "a topic has 32 bytes, or 20 of an address, not 1"),
        ("evm.logs({ address: T, event: 'Transfer' })", "a signature is a string such as"),
    ],
)
def test_a_mistake_is_told_in_words(quickjs: Guest, expression: str, said: str):
    """Before anything is asked."""
    run = look(quickjs, f"const T = '{TOKEN}'; try {{ {expression} }} catch (e) {{ return e.message }}")
    assert said in run.text
    assert asked(run) == []


def test_chains_are_read_inside_observe_only(quickjs: Guest):
    """Outside, a look would not be the committee's."""
    run = quickjs.run(f"{IMPORT}export default () => evm.balance({{ address: '{TOKEN}' }})")
    assert run.ending == "failed"
    assert "evm.balance works only inside observe" in run.text


def test_nothing_writes(quickjs: Guest):
    """What there is, is all there is."""
    run = look(quickjs, "return Object.keys(evm).join()")
    assert run.text == "call,callMany,balance,block,logs,agreeOnBlock"
