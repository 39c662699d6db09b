"""The outside world, one file each."""

from executor.capabilities.http import HttpCapability, HttpSettings
from executor.capabilities.node import BlockingCapabilities, Capability, NodeCapabilities, granted_capabilities

__all__ = [
    "BlockingCapabilities",
    "Capability",
    "HttpCapability",
    "HttpSettings",
    "NodeCapabilities",
    "granted_capabilities",
]
