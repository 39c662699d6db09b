"""What the build changes in quickjs.c: recursive C functions get a stack frame that QuickJS can measure (stack_pad.h).

Each row: the text, how often it stands in the pinned source, and what replaces it. Frames were chosen by measurement:
tests/guest_sdk/test_recursion.py runs every recursion we know on half of the host's native stack.
"""

from collections.abc import Iterable

Patch = tuple[str, int, str]


def padded(signature: str, first_line: str, frame_bytes: int) -> Patch:
    """Give the function with this signature a frame of at least ``frame_bytes``."""
    text = f"{signature}\n{{\n{first_line}"
    return text, 1, text.replace("{\n", f"{{\n    STACK_PAD({frame_bytes});\n", 1)


PATCHES: tuple[Patch, ...] = (
    # Every C function that JavaScript can call, such as an iterator helper's next().
    padded(
        "static JSValue js_call_c_function(JSContext *ctx, JSValueConst func_obj,\n"
        "                                  JSValueConst this_obj,\n"
        "                                  int argc, JSValueConst *argv, int flags)",
        "    JSRuntime *rt = ctx->rt;",
        128,
    ),
    # Built-in iterators call each other past that function, and past its check.
    (
        "            func = p->u.cfunc.c_function;\n            return func.iterator_next(ctx, enum_obj",
        1,
        "            STACK_PAD(256);\n"
        "            if (js_check_stack_overflow(ctx->rt, 0)) return *pdone = false, JS_ThrowStackOverflow(ctx);\n"
        "            func = p->u.cfunc.c_function;\n            return func.iterator_next(ctx, enum_obj",
    ),
    # A proxy whose target is a proxy, and so on: every trap begins with this declaration.
    ("\n    JSProxyData *s;\n", 14, "\n    JSProxyData *s;\n    STACK_PAD(512);\n"),
    padded(
        "static JSValue json_parse_value(JSParseState *s, JSONParseRecord *pr)", "    JSContext *ctx = s->ctx;", 256
    ),
    padded(
        "static int js_json_to_str(JSContext *ctx, JSONStringifyContext *jsc,\n"
        "                          JSValueConst holder, JSValue val,\n"
        "                          JSValueConst indent)",
        "    JSValue indent1, sep, sep1, tab, v, prop;",
        256,
    ),
    padded(
        "static int64_t JS_FlattenIntoArray(JSContext *ctx, JSValueConst target,\n"
        "                                   JSValueConst source, int64_t sourceLen,\n"
        "                                   int64_t targetIndex, int depth,\n"
        "                                   JSValueConst mapperFunction,\n"
        "                                   JSValueConst thisArg)",
        "    JSValue element;",
        256,
    ),
    # Nested expressions: a level of parentheses passes both, and about ten functions with no frame of their own.
    padded("static __exception int js_parse_unary(JSParseState *s, int parse_flags)", "    int op;", 256),
    padded(
        "static __exception int js_parse_assign_expr2(JSParseState *s, int parse_flags)",
        "    int opcode, op, scope;",
        1024,
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
