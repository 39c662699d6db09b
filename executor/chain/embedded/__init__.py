"""An EVM at Prague in a process of its own, served over JSON-RPC: py-evm, with its BLS precompiles on arkworks.

Needs the `devnet` extra; importing without it raises ImportError naming the extra.
"""

from importlib.util import find_spec

if find_spec("eth") is None:
    raise ImportError("the embedded chain needs py-evm: pip install 'executor[devnet]'")

from executor.chain.embedded.process import EmbeddedChain

__all__ = ["EmbeddedChain"]
