"""Random programs that end: arithmetic, branches, loops, tables, calls, memory and imports, in text form."""

from __future__ import annotations

from hypothesis import strategies as st

DECLARATIONS = """
  (type $unary (func (param i64) (result i64)))
  (table $table 8 funcref)
  (elem (table $table) (i32.const 0) func $twice $down)
  (data $passive "0123456789abcdef")
  (func $twice (param i64) (result i64) (i64.add (local.get 0) (local.get 0)))
  (func $down (param i64) (result i64) (if (result i64) (i64.eqz (local.get 0)) (then (i64.const 1))
    (else (i64.add (call $twice (local.get 0)) (call $down (i64.sub (local.get 0) (i64.const 1)))))))
"""

numbers: st.SearchStrategy[str] = st.deferred(
    lambda: st.one_of(
        st.integers(-(2**63), 2**63 - 1).map(lambda value: f"(i64.const {value})"),
        st.just("(local.get $n)"),
        st.just("(i64.extend_i32_u (local.get $i))"),
        st.builds(
            "(i64.{} {} {})".format,
            st.sampled_from(["add", "sub", "mul", "and", "xor", "shl", "rotl", "shr_s", "div_u", "rem_s"]),
            numbers,
            numbers,
        ),
        st.builds("(i64.{} {})".format, st.sampled_from(["clz", "popcnt", "extend8_s"]), numbers),
        st.builds("(i64.load (i32.and {} (i32.const 32760)))".format, indices),
        st.builds("(select {} {} {})".format, numbers, numbers, indices),
        st.builds("(if (result i64) {} (then {}) (else {}))".format, indices, numbers, numbers),
        st.builds("(call $down (i64.and {} (i64.const 15)))".format, numbers),
        st.builds("(call_indirect (type $unary) {} (i32.and {} (i32.const 1)))".format, numbers, indices),
        st.builds("(i64.trunc_sat_f64_s (f64.div (f64.convert_i64_s {}) (f64.sqrt (f64.const 2))))".format, numbers),
        st.builds("(i64x2.extract_lane 1 (i64x2.mul (i64x2.splat {}) (v128.load (i32.const 8))))".format, numbers),
    )
)
indices: st.SearchStrategy[str] = st.deferred(
    lambda: st.one_of(
        st.integers(0, 70_000).map(lambda value: f"(i32.const {value})"),
        st.just("(local.get $i)"),
        st.builds("(i32.wrap_i64 {})".format, numbers),
        st.builds("(i64.lt_s {} {})".format, numbers, numbers),
        st.just("(memory.size)"),
    )
)
places = st.builds("(i32.and {} (i32.const 4095))".format, indices)
statements: st.SearchStrategy[str] = st.deferred(
    lambda: st.one_of(
        st.builds("(local.set $n {})".format, numbers),
        st.builds("(local.set $i (i32.and {} (i32.const 63)))".format, indices),
        st.builds("(i64.store (i32.and {} (i32.const 32760)) {})".format, indices, numbers),
        st.builds("(block (br_if 0 {}) {})".format, indices, blocks),
        st.builds("(block (block (block (br_table 0 1 2 {})) {}) {})".format, indices, blocks, blocks),
        st.builds("(if {} (then {}) (else {}))".format, indices, blocks, blocks),
        st.builds(
            "(local.set $i (i32.const {})) (loop {} "
            "(br_if 0 (i32.gt_s (local.tee $i (i32.sub (local.get $i) (i32.const 1))) (i32.const 0))))".format,
            st.integers(1, 9),
            st.lists(simple, max_size=3).map(" ".join),
        ),
        st.builds("(memory.fill {} (i32.const 7) {})".format, places, places),
        st.builds("(memory.copy (i32.const 100) {} {})".format, places, places),
        st.builds("(memory.init $passive (i32.const 64) (i32.const 0) (i32.and {} (i32.const 15)))".format, indices),
        st.builds("(drop (memory.grow (i32.and {} (i32.const 3))))".format, indices),
        st.builds("(table.set $table (i32.const 5) (table.get $table (i32.and {} (i32.const 7))))".format, indices),
        st.just("(table.fill $table (i32.const 2) (ref.func $down) (i32.const 3))"),
        st.builds("(call $log (i32.const 1) (i32.const 0) (i32.and {} (i32.const 63)))".format, indices),
        st.just("(return (i64.const 0))"),
        st.just("(unreachable)"),
        st.builds("(br_if 0 {}) ".format, indices).map(lambda text: f"(block {text})"),
    )
)  # fmt: skip
simple = st.builds("(local.set $n {})".format, numbers) | st.just(
    "(call $log (i32.const 0) (i32.const 0) (i32.const 1))"
)
blocks = st.lists(statements, max_size=3).map(" ".join)

BODIES = st.lists(statements, min_size=1, max_size=6).map(
    lambda parts: f"{' '.join(parts)} (i64.store (i32.const 0) (local.get $n)) (i64.const 64)"
)
"""Bodies of `run`; 64 bytes of memory are the output. `DECLARATIONS` go before."""
