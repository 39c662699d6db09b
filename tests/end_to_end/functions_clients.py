"""Chainlink's own clients from npm, unmodified, before our router: deployed, asked, and heard."""

from __future__ import annotations

import json
from dataclasses import dataclass
from functools import cache
from typing import Any

from hexbytes import HexBytes
from web3 import Web3

from executor.chain.contracts import CODEC
from executor.cli._chainlink import OwnerTerms, manifest_of, source_of
from executor.crypto.digests import keccak256
from executor.demos.stage import Stage
from executor.model.ids import Address, FunctionId, RequestId
from executor.model.receipt import Receipt
from executor.testing import function_of_source
from tests.contracts.attackers import compiler, inputs

PACKAGE = "@chainlink/contracts/src/v0.8/functions"
EXAMPLE = f"{PACKAGE}/v1_0_0/example/FunctionsClientExample.sol"
HELPER = f"{PACKAGE}/tests/v1_X/testhelpers/FunctionsClientUpgradeHelper.sol"
RECEIVED = keccak256(b"ResponseReceived(bytes32,bytes,bytes)")
CALLBACK_GAS = 100_000
DON_ID = b"fun-devnet-1".ljust(32, b"\0")


@cache
def compiled() -> dict[str, Any]:
    """Both files' contracts, as they are."""
    sources = {name: {"content": (inputs.HOME / "node_modules" / name).read_text()} for name in (EXAMPLE, HELPER)}
    wanted = {name: {_name(name): ["abi", "evm.bytecode.object"]} for name in sources}
    settings = {"evmVersion": "prague", "outputSelection": wanted}  # two seconds: no optimizer
    output = compiler.run(json.dumps({"language": "Solidity", "settings": settings, "sources": sources}))
    return {path: output["contracts"][path][_name(path)] for path in sources}


def _name(path: str) -> str:
    return path.rsplit("/", 1)[1].removesuffix(".sol")


@cache
def unit(path: str) -> Any:
    """The contract of this file's name."""
    found = compiled()[path]
    return Web3().eth.contract(abi=found["abi"], bytecode="0x" + found["evm"]["bytecode"]["object"])


@dataclass(frozen=True, slots=True)
class Client:
    """One of them on chain, whose router is of one function."""

    stage: Stage
    path: str
    address: Address
    subscription: int

    async def ask(self, function: str, *arguments: object) -> RequestId:
        """Call it; the request that this makes."""
        data = HexBytes(unit(self.path).encode_abi(function, args=list(arguments)))
        mined = await self.stage.sender().send(self.address, data)
        assert mined.succeeded, function
        return (await self.stage.requested(mined)).request_id

    async def run(
        self, source: str, args: tuple[str, ...] = (), bytes_args: tuple[bytes, ...] = (), secrets: bytes = b""
    ) -> RequestId:
        """Have the helper send a source with everything a request may hold."""
        arguments = (DON_ID, source, secrets, list(args), list(bytes_args), self.subscription, CALLBACK_GAS)
        return await self.ask("sendRequest", *arguments)

    async def heard(self, request_id: RequestId) -> tuple[bytes, bytes]:
        """`response` and `err` of the helper's fulfillRequest."""
        _, response, err = await self.delivery(request_id)
        return response, err

    async def delivery(self, request_id: RequestId) -> tuple[Receipt, bytes, bytes]:
        """The receipt, too."""
        await self.stage.delivered(request_id)
        receipt = await self.stage.receipt(request_id)
        mined = await self.stage.delivery(receipt)
        (log,) = [log for log in mined.logs if log["topics"][:2] == [HexBytes(RECEIVED), HexBytes(request_id)]]
        assert Address.from_hex(log["address"]) == self.address
        response, err = CODEC.decode(["bytes", "bytes"], bytes(log["data"]))
        return receipt, response, err

    async def view(self, function: str) -> Any:
        """What one of its getters says."""
        data = HexBytes(unit(self.path).encode_abi(function, args=[]))
        call = {"to": str(self.address), "data": "0x" + data.hex()}
        return bytes.fromhex((await self.stage.client.rpc.call("eth_call", call, "latest"))[2:])


async def registered(stage: Stage, terms: OwnerTerms) -> FunctionId:
    """An owner's function, held by all nodes."""
    return await stage.register(terms.name, function_of_source(source_of(terms), manifest_of(terms)))


async def router_of(stage: Stage, function: FunctionId) -> Address:
    """Its ChainlinkFunctionsRouter, which the network's subscription knows."""
    made = await stage.deploy("ChainlinkFunctionsRouter", stage.devnet.deployment.router, function)
    await stage.pay_for(made)
    return made


async def deploy(stage: Stage, path: str, router: Address) -> Client:
    """A client whose constructor is told of this router, and nothing else."""
    data = HexBytes(unit(path).constructor(Web3.to_checksum_address(str(router))).data_in_transaction)
    mined = await stage.sender().send(None, data)
    assert mined.contract is not None
    return Client(stage, path, mined.contract, await stage.pay_for(mined.contract))
