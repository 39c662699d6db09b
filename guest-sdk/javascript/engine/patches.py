"""What the build changes in quickjs.c: every recursion passes a check, and the check knows the stack slots in use;
a Map finds integer keys in constant time.

Each row: the text, how often it stands in the pinned source, and what replaces it. tests/guest_sdk/test_recursion.py
runs every recursion we know in the machine.
"""

from collections.abc import Iterable

Patch = tuple[str, int, str]


PATCHES: tuple[Patch, ...] = (
    (
        "    sp = js_get_stack_pointer() - alloca_size;\n    return unlikely(sp < rt->stack_limit);",
        1,
        "    sp = js_get_stack_pointer() - alloca_size;\n"
        "    return unlikely(sp + (stack_reserve ? RESERVED_STACK_BYTES : 0) < rt->stack_limit ||\n"
        "                    stack_slots_used() > SLOT_LIMIT + (stack_reserve ? RESERVED_SLOTS : 0));",
    ),
    # Built-in iterators call each other past JS_CallInternal, and past its check.
    (
        "            func = p->u.cfunc.c_function;\n            return func.iterator_next(ctx, enum_obj",
        1,
        "            if (js_check_stack_overflow(ctx->rt, 0)) return *pdone = false, JS_ThrowStackOverflow(ctx);\n"
        "            func = p->u.cfunc.c_function;\n            return func.iterator_next(ctx, enum_obj",
    ),
    # As a float an integer ends in zeros, so all integer keys of a Map shared one place of the hash table.
    (
        "        h = (u.u32[0] ^ u.u32[1]) * 3163;\n        tag = JS_TAG_FLOAT64;",
        1,
        "        h = (u.u32[0] ^ u.u32[1]) * 3163;\n        h = (h ^ h >> 16) * 0x85ebca6b;\n        h ^= h >> 13;\n"
        "        tag = JS_TAG_FLOAT64;",
    ),
)


class PatchError(Exception):
    """The pinned source is not what the patches were written for."""


def patched(source: str, patches: Iterable[Patch] = PATCHES) -> str:
    """The source with every patch applied exactly as often as it says."""
    for text, count, replacement in patches:
        if source.count(text) != count:
            raise PatchError(f"found {source.count(text)} times instead of {count}: {text!r}")
        source = source.replace(text, replacement)
    return source
