"""The outside world, one file each."""

from executor.capabilities.evm import EvmCapability, EvmChain, EvmSettings
from executor.capabilities.http import HttpCapability, HttpSettings
from executor.capabilities.node import BlockingCapabilities, Capability, NodeCapabilities, granted_capabilities

__all__ = [
    "BlockingCapabilities",
    "Capability",
    "EvmCapability",
    "EvmChain",
    "EvmSettings",
    "HttpCapability",
    "HttpSettings",
    "NodeCapabilities",
    "granted_capabilities",
]
