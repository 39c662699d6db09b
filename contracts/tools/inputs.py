"""What the compiler is given, and its hash, by which committed artifacts are checked without node."""

import hashlib
import json
from pathlib import Path

HOME = Path(__file__).resolve().parents[1]
ARTIFACTS = HOME.parent / "executor" / "chain" / "artifacts"

# Contracts the Python package deploys or talks to.
CONTRACTS = (
    "src/Beacon.sol:Beacon",
    "src/Committee.sol:Committee",
    "src/FunctionRegistry.sol:FunctionRegistry",
    "src/Router.sol:Router",
    "src/Triggers.sol:Triggers",
    "src/consumers/PriceConsumer.sol:PriceConsumer",
    "src/interfaces/IBlsEpochVerifier.sol:IBlsEpochVerifier",
    "src/interfaces/IEpochVerifier.sol:IEpochVerifier",  # no code of its own: each epoch's is made on chain
    "src/verifiers/BlsVerifier.sol:BlsVerifier",
    "src/verifiers/EcdsaQuorumVerifier.sol:EcdsaQuorumVerifier",
)

# What demos and `executor chainlink` put on chain: interface and creation code, no bindings.
DEMO_CONTRACTS = (
    "src/ChainBeacon.sol:ChainBeacon",
    "src/compat/ChainlinkFunctionsRouter.sol:ChainlinkFunctionsRouter",
    "src/consumers/CollateralGuard.sol:CollateralGuard",
    "src/consumers/CommitteeLottery.sol:CommitteeLottery",
    "src/consumers/ConstantProductPool.sol:ConstantProductPool",
    "src/consumers/DemoCrowd.sol:DemoCrowd",
    "src/consumers/DemoToken.sol:DemoToken",
    "src/consumers/DynamicNft.sol:DynamicNft",
    "src/consumers/FunctionRaffles.sol:FunctionRaffles",
    "src/consumers/GatedClaim.sol:GatedClaim",
    "src/consumers/IdentityGate.sol:IdentityGate",
    "src/consumers/JointLottery.sol:JointLottery",
    "src/consumers/OnChainGuard.sol:OnChainGuard",
    "src/consumers/Rebalancer.sol:Rebalancer",
)

OUTPUTS = {"*": ["abi", "evm.bytecode.object", "evm.deployedBytecode.object"]}
SETTINGS = {
    "evmVersion": "prague",
    "metadata": {"appendCBOR": False, "bytecodeHash": "none"},
    "optimizer": {"enabled": True, "runs": 10_000},
    "outputSelection": {"*": OUTPUTS},
    "viaIR": True,
}


def sources(folder: str = "src") -> dict[str, str]:
    """The Solidity files below a folder of contracts/, by path."""
    return {str(path.relative_to(HOME)): path.read_text() for path in sorted((HOME / folder).rglob("*.sol"))}


def standard_input(*folders: str, only: str = "*") -> str:
    """The compiler's standard JSON input for the files below these folders; code is made for the file `only`."""
    files = {path: {"content": text} for folder in folders for path, text in sources(folder).items()}
    settings = SETTINGS | {"outputSelection": {only: OUTPUTS}}
    return json.dumps({"language": "Solidity", "settings": settings, "sources": files}, sort_keys=True)


def input_hash() -> str:
    """SHA-256 over sources, settings and the npm lock, which pins the compiler and OpenZeppelin by hash."""
    lock = (HOME / "package-lock.json").read_text()
    return hashlib.sha256(json.dumps([standard_input("src"), lock]).encode()).hexdigest()
