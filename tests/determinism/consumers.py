"""Everything that can follow a float instruction: found by asking the engine which forms are valid."""

from __future__ import annotations

from functools import lru_cache

import wasmtime

from executor.vm.metering.instructions import INSTRUCTIONS, VECTOR

KINDS = ("v128", "f64", "f32", "i64", "i32")
FORMS = ("({name} {value})", "({name} {value} {other})", "({name} {other} {value})", "({name} 1 {value})",
         "({name} 1 {value} {other})", "({name} 1 {other} {value})")  # fmt: skip
BY_HAND = (
    "(i8x16.shuffle 1 2 3 4 20 21 22 23 8 9 10 11 31 30 29 28 {value} (v128.load (i32.const 32)))",
    "(v128.bitselect (v128.load (i32.const 32)) {value} (v128.load (i32.const 48)))",
    "(local.tee ${kind} {value})",
    "(select {value} ({kind}.load (i32.const 32)) (i32.const 1))",
    "(call $same_{kind} {value})",
    "(block (result {kind}) {value})",
    "(block (result {kind}) (br 0 {value}))",
    "(if (result {kind}) (i32.const 1) (then {value}) (else ({kind}.load (i32.const 32))))",
)
CORE = [row.name for row in INSTRUCTIONS.values() if row.name.partition(".")[0] in KINDS]
OTHERS = {
    kind: [f"({other}.load (i32.const 32))" for other in (kind, *(other for other in KINDS if other != kind))]
    for kind in KINDS
}
TRAPPING = {name for name in CORE if ".trunc_f" in name}  # a NaN has no integer


def build(stores: list[str]) -> bytes:
    """A module whose `f` stores what follows a value, one after the other, from 1024 on."""
    locals_ = "".join(f"(local ${kind} {kind})" for kind in KINDS)
    same = "".join(f"(func $same_{kind} (param {kind}) (result {kind}) (local.get 0))" for kind in KINDS)
    text = f'(module (memory (export "memory") 1) {same} (func (export "f") (param i64) {locals_} {" ".join(stores)}))'
    return bytes(wasmtime.wat2wasm(text))


@lru_cache(maxsize=4)
def consumers(kind: str) -> list[tuple[str, str]]:
    """(result type, form) of everything that takes a value of this type; `{value}` stands for the value."""
    engine, found = wasmtime.Engine(), []

    def accepted(form: str) -> bool:
        for result in KINDS:
            value = form.format(value=f"({kind}.load (i32.const 0))")
            try:
                wasmtime.Module.validate(engine, build([f"({result}.store (i32.const 1024) {value})"]))
            except wasmtime.WasmtimeError:
                continue
            found.append((result, form))
            return True
        return False

    for name in dict.fromkeys([*CORE, *(row.name for row in VECTOR.values())]):
        if name in TRAPPING or "load" in name or "store" in name or "const" in name:
            continue
        for form in FORMS:
            for other in OTHERS[kind] if "{other}" in form else ("",):
                if accepted(form.format(name=name, value="{value}", other=other)):
                    break
    for form in BY_HAND:
        accepted(form.format(kind=kind, value="{value}"))
    found.append((kind, "{value}"))
    return found
