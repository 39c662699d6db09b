from executor.capabilities.evm import EvmCapability, EvmChain, EvmSettings
from executor.capabilities.http import HttpCapability, HttpSettings
from executor.capabilities.node import BlockingCapabilities, Capability, NodeCapabilities, granted_capabilities
from executor.capabilities.private import GivenPrivateData, PrivateData

__all__ = [
    "BlockingCapabilities",
    "Capability",
    "EvmCapability",
    "EvmChain",
    "EvmSettings",
    "GivenPrivateData",
    "HttpCapability",
    "HttpSettings",
    "NodeCapabilities",
    "PrivateData",
    "granted_capabilities",
]
