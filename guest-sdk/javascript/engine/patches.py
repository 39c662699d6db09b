"""What the build changes in quickjs.c: every recursion passes a check, and the check knows the stack slots in use.

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
