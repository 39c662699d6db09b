"""Typed bindings of the contracts: generated modules, and the loader of their committed artifacts."""

from executor.chain.bindings.artifact import Artifact, load

__all__ = ["Artifact", "load"]
