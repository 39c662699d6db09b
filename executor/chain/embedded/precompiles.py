"""The seven EIP-2537 precompiles on arkworks, and a Prague VM that runs them.

py-evm's own are pure Python and take over a second a pairing. These give the same output, gas and errors in
milliseconds; tests/chain/test_precompiles.py compares the two. Each function checks in py-evm's order: length, gas,
field elements, curve, subgroup.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any
from typing import Final as Constant

from eth.exceptions import VMError
from eth.precompiles.bls12_381 import bls12_381_g1, bls12_381_g2, bls12_381_pairing
from eth.precompiles.bls12_381.constants import (
    BLS12_G1_ADD_GAS,
    BLS12_G1_MSM_GAS,
    BLS12_G2_ADD_GAS,
    BLS12_G2_MSM_GAS,
    BLS12_MAP_FP2_G2_GAS,
    BLS12_MAP_FP_G1_GAS,
    G1_MSM_DISCOUNTS,
    G1_MSM_MAX_DISCOUNT,
    G2_MSM_DISCOUNTS,
    G2_MSM_MAX_DISCOUNT,
    MSM_MULTIPLIER,
)
from eth.vm.forks.prague import PragueVM
from eth.vm.forks.prague.computation import PragueComputation
from eth.vm.forks.prague.state import PragueState
from py_arkworks_bls12381 import GT, G1Point, G2Point, Scalar

MODULUS: Constant = int(
    "1a0111ea397fe69a4b1ba7b6434bacd764774b84f38512bf6730d2a0f6b0f6241eabfffeb153ffffb9feffffffffaaab", 16
)
PAIRING_GAS: Constant = (32_600, 37_700)  # EIP-2537: for each pair, and once

_PADDING = bytes(16)  # a field element is 64 bytes, the first 16 zero


def _element(data: bytes, complaint: str) -> int:
    value = int.from_bytes(data, "big")
    if value >= MODULUS:
        raise VMError(complaint)
    return value


def _g1(data: bytes, subgroup_complaint: str = "") -> G1Point:
    x, y = _element(data[:64], "x >= field modulus"), _element(data[64:], "y >= field modulus")
    if (x, y) == (0, 0):
        return G1Point.identity()
    if (y * y - x * x * x - 4) % MODULUS:
        raise VMError("Point is not on curve")
    point = G1Point.from_xy_bytes_unchecked_be(data[16:64] + data[80:128])
    if subgroup_complaint and not point.is_in_subgroup():
        raise VMError(subgroup_complaint)
    return point


def _pair(data: bytes) -> tuple[int, int]:
    first = _element(data[:64], "coordinate 0 >= field modulus")
    return first, _element(data[64:], "coordinate 1 >= field modulus")


def _g2(data: bytes, subgroup_complaint: str = "") -> G2Point:
    (x0, x1), (y0, y1) = _pair(data[:128]), _pair(data[128:])
    if (x0, x1, y0, y1) == (0, 0, 0, 0):
        return G2Point.identity()
    # y^2 = x^3 + 4(1 + u) over u^2 = -1, real and imaginary part
    real = y0 * y0 - y1 * y1 - (x0 * x0 * x0 - 3 * x0 * x1 * x1) - 4
    imaginary = 2 * y0 * y1 - (3 * x0 * x0 * x1 - x1 * x1 * x1) - 4
    if real % MODULUS or imaginary % MODULUS:
        raise VMError("Point is not on curve")
    point = G2Point.from_xy_bytes_unchecked_be(b"".join(data[at + 16 : at + 64] for at in range(0, 256, 64)))
    if subgroup_complaint and not point.is_in_subgroup():
        raise VMError(subgroup_complaint)
    return point


def _encode(point: G1Point | G2Point) -> bytes:
    raw = point.to_xy_bytes_be()
    return b"".join(_PADDING + raw[at : at + 48] for at in range(0, len(raw), 48))


def _discounted(count: int, price: int, discounts: list[int], maximum: int) -> int:
    discount = discounts[count - 1] if count <= len(discounts) else maximum
    return count * price * discount // MSM_MULTIPLIER


def _scalar(data: bytes) -> Scalar:
    return Scalar.from_be_bytes_mod_order(data)


def g1_add(computation: Any) -> None:
    """0x0b: the sum of two points of G1, which need not be in the subgroup."""
    data = computation.msg.data
    if len(data) != 256:
        raise VMError("Length of data must be 256 bytes for BLS12_G1ADD")
    computation.consume_gas(BLS12_G1_ADD_GAS, reason="BLS12_G1ADD gas")
    computation.output = _encode(_g1(data[:128]) + _g1(data[128:]))


def g1_msm(computation: Any) -> None:
    """0x0c: multi-scalar multiplication in G1."""
    data = computation.msg.data
    if len(data) == 0 or len(data) % 160 != 0:
        # The wrong number is py-evm's; the text is compared with it.
        raise VMError("Length of data must be a multiple of 128 bytes for BLS12_G1MSM")
    count = len(data) // 160
    gas = _discounted(count, BLS12_G1_MSM_GAS, G1_MSM_DISCOUNTS, G1_MSM_MAX_DISCOUNT)
    computation.consume_gas(gas, reason="BLS12_G1MSM gas")
    rows = [data[at : at + 160] for at in range(0, len(data), 160)]
    points = [_g1(row[:128], "Point failed sub-group check.") for row in rows]
    computation.output = _encode(G1Point.multiexp_unchecked(points, [_scalar(row[128:]) for row in rows]))


def g2_add(computation: Any) -> None:
    """0x0d: the sum of two points of G2, which need not be in the subgroup."""
    data = computation.msg.data
    if len(data) != 512:
        raise VMError("Length of data must be 512 for g2 add")
    computation.consume_gas(BLS12_G2_ADD_GAS, "BLS12_G2ADD gas")
    computation.output = _encode(_g2(data[:256]) + _g2(data[256:]))


def g2_msm(computation: Any) -> None:
    """0x0e: multi-scalar multiplication in G2."""
    data = computation.msg.data
    if len(data) == 0 or len(data) % 288 != 0:
        raise VMError("Length of data must be a multiple of 288 bytes for G2 multi-scalar multiplication")
    count = len(data) // 288
    gas = _discounted(count, BLS12_G2_MSM_GAS, G2_MSM_DISCOUNTS, G2_MSM_MAX_DISCOUNT)
    computation.consume_gas(gas, "BLS12_G2MSM gas")
    rows = [data[at : at + 288] for at in range(0, len(data), 288)]
    points = [_g2(row[:256], "Point failed sub-group check.") for row in rows]
    computation.output = _encode(G2Point.multiexp_unchecked(points, [_scalar(row[256:]) for row in rows]))


def pairing_check(computation: Any) -> None:
    """0x0f: whether a product of pairings is one."""
    data = computation.msg.data
    if len(data) == 0 or len(data) % 384 != 0:
        raise VMError("Length of data must be a multiple of 384 bytes for BLS12_PAIRING_CHECK")
    each, once = PAIRING_GAS
    computation.consume_gas(each * (len(data) // 384) + once, "BLS12_PAIRING_CHECK gas")
    g1s, g2s = [], []
    for at in range(0, len(data), 384):
        g1s.append(_g1(data[at : at + 128], "Sub-group check failed for G1 point."))
        g2s.append(_g2(data[at + 128 : at + 384], "Sub-group check failed for G2 point."))
    computation.output = int(GT.pairing_check(g1s, g2s)).to_bytes(32, "big")


def map_fp_to_g1(computation: Any) -> None:
    """0x10: a field element to a point of G1's subgroup."""
    data = computation.msg.data
    if len(data) != 64:
        raise VMError("Length of data must be 64 bytes for BLS12_MAP_FP_TO_G1")
    computation.consume_gas(BLS12_MAP_FP_G1_GAS, reason="BLS12_MAP_FP_TO_G1 gas")
    _element(data, "coordinate >= field modulus")
    computation.output = _encode(G1Point.map_from_fp_be(data[16:]))


def map_fp2_to_g2(computation: Any) -> None:
    """0x11: an element of the quadratic extension to a point of G2's subgroup."""
    data = computation.msg.data
    if len(data) != 128:
        raise VMError("Length of data must be 128 bytes for BLS12_MAP_FP2_TO_G2")
    computation.consume_gas(BLS12_MAP_FP2_G2_GAS, "BLS12_MAP_FP2_TO_G2 gas")
    _pair(data)
    computation.output = _encode(G2Point.map_from_fp2_be(data[16:64] + data[80:]))


Precompile = Callable[[Any], None]

REPLACEMENTS: Constant[dict[int, tuple[Precompile, Precompile]]] = {
    0x0B: (bls12_381_g1.bls12_g1_add, g1_add),
    0x0C: (bls12_381_g1.bls12_g1_msm, g1_msm),
    0x0D: (bls12_381_g2.bls12_g2_add, g2_add),
    0x0E: (bls12_381_g2.bls12_g2_msm, g2_msm),
    0x0F: (bls12_381_pairing.bls12_pairing_check, pairing_check),
    0x10: (bls12_381_g1.bls12_map_fp_to_g1, map_fp_to_g1),
    0x11: (bls12_381_g2.bls12_map_fp2_to_g2, map_fp2_to_g2),
}
"""Address -> (py-evm's own, ours)."""


def _table() -> dict[bytes, Precompile]:
    """py-evm's private table with the seven replaced; raises RuntimeError if it is not the table we know."""
    table: dict[bytes, Precompile] = dict(getattr(PragueComputation, "_precompiles", {}))
    for number, (theirs, ours) in REPLACEMENTS.items():
        address = number.to_bytes(20, "big")
        if table.get(address) is not theirs:
            raise RuntimeError(f"this py-evm has another precompile table: {number:#x} is {table.get(address)}")
        table[address] = ours
    return table


class ArkworksComputation(PragueComputation):
    """Prague's execution with the fast precompiles."""

    _precompiles = _table()


class ArkworksState(PragueState):
    """Prague's state, executing with `ArkworksComputation`."""

    computation_class = ArkworksComputation


class ArkworksVM(PragueVM):
    """Prague, with the fast precompiles."""

    _state_class = ArkworksState
