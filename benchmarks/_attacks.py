"""Small loops, each made of one thing that might be slower than its price (`metering.py --rates`)."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

MASK_64M: Final = 0x3FF_FFF8
MASK_256M: Final = 0xFFF_FFF8
STEP = (
    "(local.set $x (i64.add (i64.mul (local.get $x) (i64.const 6364136223846793005)) (i64.const 1442695040888963407)))"
)
RANDOM = "(i32.wrap_i64 (i64.shr_u (local.get $x) (i64.const 32)))"
TABLE = "(table $t 64 funcref) (func $leaf) (elem declare func $leaf)"


@dataclass(frozen=True, slots=True)
class Attack:
    """A loop of `copies` times `body`, run `rounds` times after `before`."""

    name: str
    body: str
    rounds: int = 200_000
    copies: int = 10
    pages: int = 64
    before: str = ""
    declarations: str = ""
    start: str = "1.25"

    def text(self) -> str:
        """The module: `prepare`, and `f`, which takes the number of rounds and returns what depends on all of them."""
        return f"""(module (memory (export "memory") {self.pages} 4096) {self.declarations}
          (func (export "prepare") (local $x i64) {self.before})
          (func (export "f") (param $i i32) (result i64)
            (local $x i64) (local $a i32) (local $d f64) (local $v v128) (local $s f32)
            (local.set $x (i64.const 88172645463325252)) (local.set $d (f64.const {self.start}))
            (loop $l {self.body * self.copies} (br_if $l (local.tee $i (i32.sub (local.get $i) (i32.const 1)))))
            (i64.xor (local.get $x) (i64.xor (i64.extend_i32_u (local.get $a))
              (i64.xor (i64.reinterpret_f64 (local.get $d)) (i64.xor (i64x2.extract_lane 0 (local.get $v))
                (i64.extend_i32_u (i32.reinterpret_f32 (local.get $s)))))))))"""


def _x(expression: str) -> str:
    return f"(local.set $x {expression})"


def _d(expression: str) -> str:
    return f"(local.set $d {expression})"


def _v(expression: str) -> str:
    return f"(local.set $v {expression})"


def _i64(operation: str, other: str = "(i64.const 77)") -> str:
    return _x(f"(i64.{operation} (local.get $x) {other})")


def _f64(operation: str, other: str) -> str:
    return _d(f"(f64.{operation} (local.get $d) {other})")


def _f64_1(operation: str) -> str:
    return _d(f"(f64.{operation} (f64.add (local.get $d) (f64.const 1.5)))")


def _lanes(operation: str) -> str:
    return _v(f"({operation} (local.get $v) (local.get $v))")


def _lane(operation: str) -> str:
    return _v(f"({operation} (local.get $v))")


def _callable(count: int) -> str:
    elements = " ".join(f"$g{k}" for k in range(count))
    return f"(type $t (func (param i64) (result i64))) (table funcref (elem {elements}))"


def _targets(count: int) -> str:
    functions = "".join(
        f"(func $g{k} (param i64) (result i64) (i64.add (local.get 0) (i64.const {k * 7919})))" for k in range(count)
    )
    return _callable(count) + functions


def _cold(count: int, size: int) -> str:
    step = "(local.set 0 (i64.xor (i64.mul (local.get 0) (i64.const 31)) (i64.const {})))"
    functions = "".join(
        f"(func $g{k} (param i64) (result i64) {''.join(step.format(k * size + j) for j in range(size))} (local.get 0))"
        for k in range(count)
    )
    return _callable(count) + functions


MIX_DIV = "(i64.or (i64.shr_u (local.get $x) (i64.const 40)) (i64.const 3))"
FILL = "(memory.fill (i32.const 0) (i32.const 1) (i32.const {}))"

ATTACKS: Final = (
    Attack("empty loop", "", rounds=5_000_000, copies=1),
    Attack("i64.add, xor", _i64("add") + _i64("xor"), copies=20),
    Attack("i64.mul", _i64("mul", "(i64.extend_i32_u (local.get $i))")),
    Attack(
        "i64.rotl, popcnt, ctz, clz",
        _i64("rotl", "(i64.clz (local.get $x))")
        + _x("(i64.popcnt (local.get $x))")
        + _i64("add", "(i64.ctz (local.get $x))"),
    ),
    Attack("i64.div_u", _x(f"(i64.div_u (i64.const 0x7fffffffffffffff) {MIX_DIV})")),
    Attack("i64.div_s", _x(f"(i64.div_s (i64.const 0x7fffffffffffffff) {MIX_DIV})")),
    Attack("i64.rem_s", _x(f"(i64.rem_s (i64.const 0x7fffffffffffffff) {MIX_DIV})")),
    Attack("i32.div_u", "(local.set $a (i32.div_u (i32.const 0x7fffffff) (i32.or (local.get $a) (i32.const 3))))"),
    Attack("f64.add", _f64("add", "(f64.const 1.5)")),
    Attack("f64.div", _d("(f64.div (f64.const 1.7) (f64.add (local.get $d) (f64.const 1)))")),
    Attack("f32.div", "(local.set $s (f32.div (f32.const 1.7) (f32.add (local.get $s) (f32.const 1))))"),
    Attack("f64.sqrt", _f64_1("sqrt")),
    Attack("f64.floor", _f64_1("floor")),
    Attack("f64.nearest", _f64_1("nearest")),
    Attack("f64.min", _d("(f64.min (f64.add (local.get $d) (f64.const 1.5)) (f64.const 7))")),
    Attack("f64.copysign", _f64("copysign", "(f64.neg (local.get $d))")),
    Attack("f64.mul, subnormal", _d("(f64.mul (f64.add (local.get $d) (f64.const 1e-310)) (f64.const 0.5))")),
    Attack("f32.mul, subnormal", "(local.set $s (f32.mul (f32.add (local.get $s) (f32.const 1e-40)) (f32.const 0.5)))"),
    Attack("f64 <-> f32", _d("(f64.promote_f32 (f32.demote_f64 (local.get $d)))")),
    Attack(
        "f64 <-> f32, subnormal",
        _d("(f64.mul (f64.promote_f32 (f32.demote_f64 (local.get $d))) (f64.const 1))"),
        start="1e-40",
    ),
    Attack("f64 <-> i64", _d("(f64.convert_i64_u (i64.trunc_sat_f64_u (local.get $d)))")),
    Attack("i64.trunc_f64_s", _d("(f64.convert_i64_s (i64.trunc_f64_s (local.get $d)))")),
    Attack(
        "select, unpredictable",
        STEP
        + _x("(select (i64.add (local.get $x) (i64.const 3)) (local.get $x) (i32.and " + RANDOM + " (i32.const 1)))"),
    ),
    Attack(
        "br_if, mispredicted",
        STEP + "(block (br_if 0 (i32.and " + RANDOM + " (i32.const 1)))"
        "(local.set $a (i32.add (local.get $a) (i32.const 1))))",
    ),
    Attack(
        "if, mispredicted, no else",
        STEP + "(if (i32.and " + RANDOM + " (i32.const 1)) (then (i32.store (i32.const 8) (local.get $a))))",
    ),
    Attack("br_table of 3", "(block (block (block (br_table 0 1 2 (i32.and (local.get $i) (i32.const 3))))))"),
    Attack(
        "br_table, mispredicted",
        STEP
        + "(block (block (block (block (block (br_table 0 1 2 3 4 (i32.and "
        + RANDOM
        + " (i32.const 7)))) (local.set $a (i32.const 1))) (local.set $a (i32.const 2))) (local.set $a (i32.const 3)))"
        " (i32.store (i32.const 0) (local.get $a)))",
    ),
    Attack("blocks", "(block (block (block (local.set $a (i32.add (local.get $a) (local.get $i))))))"),
    Attack("loops of one round", "(loop (local.set $a (i32.add (local.get $a) (local.get $i))))"),
    Attack(
        "global.get, set",
        "(global.set $g (i64.add (global.get $g) (i64.const 1)))",
        declarations="(global $g (mut i64) (i64.const 0))",
    ),
    Attack("load, same place", "(local.set $a (i32.load (i32.and (local.get $a) (i32.const 0xfff8))))"),
    Attack(
        "store, load forwarded",
        "(i64.store (i32.and (local.get $i) (i32.const 64)) (local.get $x))"
        + _x("(i64.add (i64.load (i32.const 64)) (i64.const 1))"),
    ),
    Attack("store, load not forwarded", "(i64.store (i32.const 64) (local.get $x))" + _x("(i64.load (i32.const 61))")),
    Attack(
        "load across pages",
        _x("(i64.load (i32.or (i32.wrap_i64 (i64.and (local.get $x) (i64.const 0xff000))) (i32.const 0xffc)))"),
    ),
    *[
        Attack(
            f"random loads, chained, {mib} MB",
            STEP + _i64("add", f"(i64.load (i32.and {RANDOM} (i32.const {mask})))"),
            copies=1,
            rounds=1_000_000,
            pages=16 * mib,
            before=FILL.format(mib << 20),
        )
        for mib, mask in ((1, 0xF_FFF8), (16, 0xFF_FFF8), (64, MASK_64M), (256, MASK_256M))
    ],
    Attack(
        "random loads, pointer chase 64 MB",
        "(local.set $a (i32.load (local.get $a)))",
        copies=10,
        rounds=100_000,
        pages=1024,
        before="""(loop $f
             (i32.store (i32.wrap_i64 (i64.and (local.get $x) (i64.const 0x3ffffc0)))
               (i32.wrap_i64 (i64.and (i64.add (i64.mul (local.get $x) (i64.const 1664525)) (i64.const 0xf59d4c0))
                 (i64.const 0x3ffffc0))))
             (local.set $x (i64.add (local.get $x) (i64.const 64)))
             (br_if $f (i64.lt_u (local.get $x) (i64.const 0x4000000))))""",
    ),
    Attack(
        "random loads, independent, 256 MB",
        STEP + f"(local.set $a (i32.add (local.get $a) (i32.load (i32.and {RANDOM} (i32.const {MASK_256M})))))",
        copies=10,
        rounds=100_000,
        pages=4096,
        before=FILL.format(256 << 20),
    ),
    Attack(
        "random stores, 256 MB",
        STEP + f"(i32.store (i32.and {RANDOM} (i32.const {MASK_256M})) (local.get $i))",
        copies=10,
        rounds=100_000,
        pages=4096,
        before=FILL.format(256 << 20),
    ),
    Attack(
        "random i64.store8 across lines, 64 MB",
        STEP + f"(i64.store offset=61 (i32.and {RANDOM} (i32.const 0x3ffffc0)) (local.get $x))",
        copies=10,
        rounds=100_000,
        pages=1025,
        before=FILL.format(64 << 20),
    ),
    Attack(
        "first touch, one store a page of the host",
        "(i32.store (i32.shl (local.get $i) (i32.const 12)) (local.get $i))",
        copies=1,
        rounds=65_535,
        pages=4096,
    ),
    Attack(
        "first touch, one load a page of the host",
        "(local.set $a (i32.add (local.get $a) (i32.load (i32.shl (local.get $i) (i32.const 12)))))",
        copies=1,
        rounds=65_535,
        pages=4096,
    ),
    Attack(
        "memory.size", "(local.set $a (i32.add (local.get $a) (memory.size))) (i32.store (i32.const 0) (local.get $a))"
    ),
    Attack("memory.grow(0)", "(local.set $a (i32.add (local.get $a) (memory.grow (i32.const 0))))", rounds=20_000),
    Attack(
        "memory.grow(1)", "(local.set $a (i32.add (local.get $a) (memory.grow (i32.const 1))))", rounds=4000, copies=1
    ),
    Attack(
        "memory.grow(1) and first touch",
        "(local.set $a (memory.grow (i32.const 1)))"
        + "".join(
            f"(i32.store offset={k * 4096} (i32.shl (local.get $a) (i32.const 16)) (i32.const 1))" for k in range(16)
        ),
        rounds=4000,
        copies=1,
    ),
    Attack(
        "memory.grow(65535), refused",
        "(local.set $a (i32.add (local.get $a) (memory.grow (i32.const 65535))))",
        rounds=20_000,
    ),
    *[
        Attack(
            f"memory.fill, {size} bytes",
            f"(memory.fill (i32.and (local.get $i) (i32.const 0xffff)) (local.get $i) (i32.const {size}))",
            rounds=max(20, min(100_000, (1 << 27) // max(size, 1))),
            copies=10 if size < 4096 else 1,
            pages=2048,
        )
        for size in (0, 1, 7, 64, 1000, 65_536, 1 << 20, 64 << 20)
    ],
    *[
        Attack(
            f"memory.copy, {size} bytes",
            f"(memory.copy (i32.and (local.get $i) (i32.const 0xffff)) (i32.const {size + 77777}) (i32.const {size}))",
            rounds=max(20, min(100_000, (1 << 27) // max(size, 1))),
            copies=10 if size < 4096 else 1,
            pages=2200,
            before=FILL.format(130 << 20),
        )
        for size in (0, 1, 7, 64, 1000, 65_536, 1 << 20, 64 << 20)
    ],
    Attack(
        "memory.copy, overlapping, 64 kB",
        "(memory.copy (i32.const 1) (i32.const 0) (i32.const 65535))",
        copies=1,
        rounds=3000,
    ),
    Attack(
        "memory.copy, random 64 bytes in 256 MB",
        STEP + f"(memory.copy (i32.and {RANDOM} (i32.const {MASK_256M - 0xFF})) "
        f"(i32.and (i32.wrap_i64 (local.get $x)) (i32.const {MASK_256M - 0xFF})) (i32.const 64))",
        pages=4096,
        rounds=50_000,
        before=FILL.format(256 << 20),
    ),
    Attack(
        "memory.fill, first touch 64 MB",
        "(memory.fill (i32.const 0) (i32.const 1) (i32.const 0x4000000))",
        copies=1,
        rounds=1,
        pages=1024,
    ),
    Attack(
        "memory.init, 64 bytes",
        "(memory.init $p (i32.const 0) (i32.const 0) (i32.const 64))",
        declarations='(data $p "' + "x" * 64 + '")',
    ),
    Attack(
        "memory.init, 60 kB",
        "(memory.init $p (i32.const 0) (i32.const 0) (i32.const 60000))",
        copies=1,
        rounds=5000,
        declarations='(data $p "' + "x" * 60000 + '")',
    ),
    Attack("data.drop", "(data.drop $p)", declarations='(data $p "x")'),
    Attack("call", "(call $leaf)", declarations="(func $leaf)"),
    Attack("call, not a leaf", "(call $g)", declarations="(func $leaf) (func $g (call $leaf))"),
    Attack(
        "call, 100 parameters",
        "(call $g " + "(local.get $x)" * 100 + ")",
        copies=2,
        rounds=100_000,
        declarations="(func $g (param " + "i64 " * 100 + ") (i64.store (i32.const 0) (local.get 99)))",
    ),
    Attack(
        "call, 100 results",
        "(call $g)" + "(drop)" * 99 + "(local.set $x)",
        copies=2,
        rounds=100_000,
        declarations="(func $g (result " + "i64 " * 100 + ") " + "(i64.load (i32.const 8))" * 100 + ")",
    ),
    Attack(
        "call, 1000 live locals",
        "(call $g (local.get $i))",
        copies=1,
        rounds=50_000,
        declarations="(func $g (param i32) (local "
        + "i64 " * 1000
        + ") (if (i32.eqz (local.get 0)) (then "
        + "".join(f"(local.set {k} (i64.load (i32.const {k * 8})))" for k in range(1, 1001))
        + "))"
        + "".join(f"(i64.store (i32.const {k * 8}) (local.get {k}))" for k in range(1, 1001, 100))
        + ")",
    ),
    Attack(
        "call, 40000 locals, one used",
        "(call $g (local.get $i))",
        copies=1,
        rounds=50_000,
        declarations="(func $g (param i32) (local " + "i64 " * 40000 + ") (i64.store (i32.const 0) (local.get 39999)))",
    ),
    Attack(
        "call_indirect",
        "(call_indirect (type $t) (i32.const 0))",
        declarations="(type $t (func)) (table funcref (elem $leaf)) (func $leaf)",
    ),
    Attack(
        "call_indirect, 64 targets, mispredicted",
        STEP + _x(f"(call_indirect (type $t) (local.get $x) (i32.and {RANDOM} (i32.const 63)))"),
        declarations=_targets(64),
    ),
    Attack(
        "cold code, 1000 functions of 500 steps",
        STEP + _x(f"(call_indirect (type $t) (local.get $x) (i32.rem_u {RANDOM} (i32.const 1000)))"),
        declarations=_cold(1000, 500),
        copies=1,
        rounds=20_000,
    ),
    Attack(
        "cold code, 2000 functions of 30 steps",
        STEP + _x(f"(call_indirect (type $t) (local.get $x) (i32.rem_u {RANDOM} (i32.const 2000)))"),
        declarations=_cold(2000, 30),
        copies=1,
        rounds=100_000,
    ),
    Attack(
        "code run once, 500000 steps",
        "(local.set $x (i64.xor (i64.mul (local.get $x) (i64.const 31)) (i64.const 7)))",
        copies=200_000,
        rounds=1,
    ),
    Attack(
        "table.get",
        "(local.set $a (i32.add (local.get $a) (ref.is_null (table.get $t (i32.and (local.get $a) (i32.const 63))))))",
        declarations=TABLE,
    ),
    Attack(
        "table.get, funcref lazily made",
        "(local.set $a (i32.add (local.get $a) (ref.is_null (table.get $t (i32.and (local.get $i) (i32.const 63))))))",
        declarations=TABLE + "(elem (table $t) (i32.const 0) func " + "$leaf " * 64 + ")",
    ),
    Attack("ref.func", "(local.set $a (i32.add (local.get $a) (ref.is_null (ref.func $leaf))))", declarations=TABLE),
    Attack("table.set", "(table.set $t (i32.and (local.get $i) (i32.const 63)) (ref.func $leaf))", declarations=TABLE),
    Attack(
        "table.set null", "(table.set $t (i32.and (local.get $i) (i32.const 63)) (ref.null func))", declarations=TABLE
    ),
    Attack("table.size", "(local.set $a (i32.add (local.get $a) (table.size $t)))", declarations=TABLE),
    *[
        Attack(
            f"table.fill, {n}",
            f"(table.fill $t (i32.const 0) (ref.func $leaf) (i32.const {n}))",
            copies=1,
            rounds=max(20, 200_000 // (n + 10)),
            declarations=TABLE.replace("64", "100000"),
        )
        for n in (0, 1, 100, 100_000)
    ],
    *[
        Attack(
            f"table.copy, {n}",
            f"(table.copy $t $t (i32.const 1) (i32.const 0) (i32.const {n}))",
            copies=1,
            rounds=max(20, 200_000 // (n + 10)),
            declarations=TABLE.replace("64", "100000"),
        )
        for n in (0, 1, 100, 99_999)
    ],
    *[
        Attack(
            f"table.init, {n}",
            f"(table.init $t $e (i32.const 0) (i32.const 0) (i32.const {n}))",
            copies=1,
            rounds=max(20, 200_000 // (n + 10)),
            declarations=TABLE.replace("64", "10000") + "(elem $e func " + "$leaf " * n + ")",
        )
        for n in (0, 1, 100, 10_000)
    ],
    Attack("elem.drop", "(elem.drop $e)", declarations=TABLE + "(elem $e func $leaf)"),
    *[
        Attack(name, _lanes(name))
        for name in (
            "i8x16.swizzle",
            "i8x16.add_sat_u",
            "i8x16.min_s",
            "i8x16.narrow_i16x8_s",
            "i16x8.q15mulr_sat_s",
            "i16x8.extmul_high_i8x16_u",
            "i32x4.dot_i16x8_s",
            "i32x4.mul",
            "i64x2.mul",
            "i64x2.ge_s",
            "f32x4.div",
            "f64x2.div",
            "f32x4.min",
            "f64x2.max",
            "f32x4.pmin",
            "f64x2.mul",
            "f64x2.add",
            "i64x2.extmul_low_i32x4_s",
        )
    ],
    *[
        Attack(name, _lane(name))
        for name in (
            "i8x16.popcnt",
            "i8x16.abs",
            "i16x8.extadd_pairwise_i8x16_s",
            "i32x4.trunc_sat_f32x4_u",
            "i32x4.trunc_sat_f64x2_u_zero",
            "f32x4.convert_i32x4_u",
            "f64x2.convert_low_i32x4_u",
            "f32x4.demote_f64x2_zero",
            "f64x2.promote_low_f32x4",
            "f64x2.sqrt",
            "f32x4.sqrt",
            "f32x4.nearest",
            "f64x2.ceil",
            "i64x2.abs",
        )
    ],
    Attack("i8x16.shuffle", _v("(i8x16.shuffle 15 3 7 1 30 29 1 0 9 8 7 6 5 4 3 2 (local.get $v) (local.get $v))")),
    Attack(
        "i8x16.shl, variable",
        _v("(i8x16.shl (local.get $v) (local.get $a))") + "(local.set $a (i8x16.extract_lane_s 3 (local.get $v)))",
    ),
    Attack(
        "i8x16.shr_s, variable",
        _v("(i8x16.shr_s (local.get $v) (local.get $a))") + "(local.set $a (i8x16.extract_lane_s 3 (local.get $v)))",
    ),
    Attack(
        "i64x2.shr_s, variable",
        _v("(i64x2.shr_s (local.get $v) (local.get $a))") + "(local.set $a (i8x16.extract_lane_s 3 (local.get $v)))",
    ),
    Attack(
        "i8x16.bitmask, all_true",
        "(local.set $a (i32.add (i8x16.bitmask (local.get $v)) (i8x16.all_true (local.get $v))))"
        "(local.set $v (i8x16.replace_lane 3 (local.get $v) (local.get $a)))",
    ),
    Attack(
        "v128.load8_lane, random 64 MB",
        STEP + f"(local.set $v (v128.load8_lane 3 (i32.and {RANDOM} (i32.const {MASK_64M})) (local.get $v)))",
        pages=1024,
        before=FILL.format(64 << 20),
        rounds=100_000,
    ),
    Attack("v128.bitselect", _v("(v128.bitselect (local.get $v) (local.get $v) (v128.not (local.get $v)))")),
)
