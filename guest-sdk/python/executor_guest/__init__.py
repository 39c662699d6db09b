"""The SDK of functions in Python, part of the engine: observe the world, let the committee agree, return bytes.

from executor_guest import abi, function, http, median, observe, scaled

@function
def eth_usd(request):
    price = observe(median, lambda: http.get("https://api.example.com/eth-usd").json()["price"])
    return abi.encode(["uint256"], [scaled(price, 8)])
"""

from executor_guest import abi, evm, http, log, random, secrets, time
from executor_guest._agreeing import MissingPath, at, only, project, stable
from executor_guest._bytes import from_hex, to_hex
from executor_guest._context import context
from executor_guest._crypto import keccak256
from executor_guest._decimals import decimal_of, rounded, scaled
from executor_guest._entry import Request, function
from executor_guest._errors import CapabilityError, ObservationError
from executor_guest._observe import observe
from executor_guest._strategies import (
    BadValue,
    Strategy,
    common_prefix,
    common_suffix,
    fields,
    frequency,
    identical,
    intersection,
    max,
    median,
    min,
    mode,
    single,
    trimmed_mean,
    union,
)
from executor_guest.secrets import private_input

__all__ = [
    # the function
    "function", "Request", "context", "observe",
    # strategies
    "Strategy", "median", "min", "max", "trimmed_mean", "identical", "mode", "union", "intersection", "frequency",
    "common_prefix", "common_suffix", "single", "fields",
    # the world, inside observe
    "http", "evm", "secrets", "private_input", "time",
    # what makes agreement likely
    "at", "project", "stable", "only", "decimal_of", "rounded", "scaled",
    # everywhere
    "abi", "keccak256", "random", "log", "to_hex", "from_hex",
    # errors
    "ObservationError", "CapabilityError", "BadValue", "MissingPath",
]  # fmt: skip
