"""Maps and sets take time by their size, whatever their keys: fuel is what a function pays."""

import pytest

from .harness import Guest

FEW, MANY = 500, 2_000


@pytest.mark.parametrize("key", ["i", "-i", "i * 0.5", "i * 1024", "BigInt(i)", "`k${i}`", "2 ** 40 + i"])
def test_keys_are_found_in_constant_time(quickjs: Guest, key: str):
    """Four times as many keys cost at most some eight times as much."""

    def fuel(count: int) -> int:
        body = f"const map = new Map(); for (let i = 0; i < {count}; i++) map.set({key}, i)"
        run = quickjs.run(f"export default () => {{ {body}; return String(map.size) }}")
        assert run.text == str(count)
        return run.fuel_used

    nothing = fuel(0)
    assert fuel(MANY) - nothing < 2 * MANY // FEW * (fuel(FEW) - nothing)
