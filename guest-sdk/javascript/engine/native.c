/* The module "executor/native": the ABI's imports as JavaScript functions over Uint8Array, for the SDK's modules only. */
#include <stdlib.h>
#include <string.h>

#include "host.h"

#define CONTEXT_OP "input.context"
#define LATE "is known inside the function only, not while its module is loaded"

static JSValue adopt(JSContext *ctx, uint32_t len) {
    uint8_t *bytes = js_malloc(ctx, len ? len : 1);
    if (!bytes) return JS_EXCEPTION;
    host_read(bytes);
    JSValue array = JS_NewUint8ArrayCopy(ctx, bytes, len);
    js_free(ctx, bytes);
    return array;
}

/* [tag, bytes] of a packed answer. */
static JSValue answer(JSContext *ctx, int64_t packed) {
    JSValue bytes = adopt(ctx, (uint32_t)packed);
    if (JS_IsException(bytes)) return bytes;
    JSValueConst pair[2] = {JS_NewInt32(ctx, (int32_t)(packed >> 32)), bytes};
    return JS_NewArrayFrom(ctx, 2, (JSValue *)pair);
}

static bool only_in_run(JSContext *ctx, const char *what) {
    if (phase == RUN) return true;
    JS_ThrowTypeError(ctx, "%s " LATE, what);
    return false;
}

/* observe(spec: string): null when this run has to look for itself, else [kind, bytes] */
static JSValue native_observe(JSContext *ctx, JSValueConst self, int argc, JSValueConst *argv) {
    (void)self, (void)argc;
    if (!only_in_run(ctx, "an observation")) return JS_EXCEPTION;
    size_t len;
    const char *spec = JS_ToCStringLen(ctx, &len, argv[0]);
    if (!spec) return JS_EXCEPTION;
    int64_t packed = host_observe(spec, len);
    JS_FreeCString(ctx, spec);
    return packed == -1 ? JS_NULL : answer(ctx, packed);
}

/* propose(kind: number, bytes: Uint8Array): does not return */
static JSValue native_propose(JSContext *ctx, JSValueConst self, int argc, JSValueConst *argv) {
    (void)self, (void)argc;
    int32_t kind;
    size_t len;
    if (JS_ToInt32(ctx, &kind, argv[0])) return JS_EXCEPTION;
    uint8_t *bytes = JS_GetUint8Array(ctx, &len, argv[1]);
    if (JS_HasException(ctx)) return JS_EXCEPTION;
    host_propose(kind, bytes, len);
    __builtin_trap();
}

/* call(op: string, request: Uint8Array): [status, bytes] */
static JSValue native_call(JSContext *ctx, JSValueConst self, int argc, JSValueConst *argv) {
    (void)self, (void)argc;
    size_t op_len, len;
    uint8_t *request = JS_GetUint8Array(ctx, &len, argv[1]);
    if (JS_HasException(ctx)) return JS_EXCEPTION;
    const char *op = JS_ToCStringLen(ctx, &op_len, argv[0]);
    if (!op) return JS_EXCEPTION;
    if (!only_in_run(ctx, op)) return JS_EXCEPTION;
    int64_t packed = host_call(op, op_len, request, len);
    JS_FreeCString(ctx, op);
    return answer(ctx, packed);
}

/* The host ends a run that logs too much (64 KiB, 1000 lines). A forgotten console.log must not do that, so lines are
 * cut and dropped long before; the difference is room for the stack of an uncaught error. */
#define LOG_LINE_BYTES 4096
static uint32_t log_lines_left = 900, log_bytes_left = 48 * 1024;

/* log(level: number, text: string, beyond_budget: boolean) */
static JSValue native_log(JSContext *ctx, JSValueConst self, int argc, JSValueConst *argv) {
    (void)self, (void)argc;
    int32_t level;
    size_t len;
    if (JS_ToInt32(ctx, &level, argv[0])) return JS_EXCEPTION;
    const char *text = JS_ToCStringLen(ctx, &len, argv[1]);
    if (!text) return JS_EXCEPTION;
    if (len > LOG_LINE_BYTES)
        for (len = LOG_LINE_BYTES; (text[len] & 0xC0) == 0x80; len--) {
        }
    if (JS_ToBool(ctx, argv[2])) {
        host_log(level, text, len);
    } else if (log_lines_left > 1 && len <= log_bytes_left) {
        log_lines_left--;
        log_bytes_left -= len;
        host_log(level, text, len);
    } else if (log_lines_left) {
        static const char dropped[] = "(further lines are dropped)";
        log_lines_left = 0;
        host_log(2, dropped, sizeof dropped - 1);
    }
    JS_FreeCString(ctx, text);
    return JS_UNDEFINED;
}

/* utf8Encode(text: string): Uint8Array; the caller makes the text well-formed */
static JSValue native_utf8_encode(JSContext *ctx, JSValueConst self, int argc, JSValueConst *argv) {
    (void)self, (void)argc;
    size_t len;
    const char *text = JS_ToCStringLen(ctx, &len, argv[0]);
    if (!text) return JS_EXCEPTION;
    JSValue bytes = JS_NewUint8ArrayCopy(ctx, (const uint8_t *)text, len);
    JS_FreeCString(ctx, text);
    return bytes;
}

/* Length of the well-formed UTF-8 sequence at bytes, 0 if there is none (Unicode 15, table 3-7). */
static size_t sequence_length(const uint8_t *bytes, size_t left) {
    uint8_t first = bytes[0], low = 0x80, high = 0xBF;
    size_t len = first < 0x80 ? 1 : first < 0xC2 ? 0 : first < 0xE0 ? 2 : first < 0xF0 ? 3 : first < 0xF5 ? 4 : 0;
    if (len < 2) return len;
    if (len > left) return 0;
    if (first == 0xE0) low = 0xA0;
    if (first == 0xED) high = 0x9F;
    if (first == 0xF0) low = 0x90;
    if (first == 0xF4) high = 0x8F;
    if (bytes[1] < low || bytes[1] > high) return 0;
    for (size_t i = 2; i < len; i++)
        if ((bytes[i] & 0xC0) != 0x80) return 0;
    return len;
}

/* utf8Decode(bytes: Uint8Array, strict: boolean): string; bytes that are not UTF-8 throw, or become U+FFFD */
static JSValue native_utf8_decode(JSContext *ctx, JSValueConst self, int argc, JSValueConst *argv) {
    (void)self, (void)argc;
    size_t len;
    uint8_t *bytes = JS_GetUint8Array(ctx, &len, argv[0]);
    if (JS_HasException(ctx)) return JS_EXCEPTION;
    if (JS_ToBool(ctx, argv[1]))
        for (size_t i = 0, step; i < len; i += step)
            if (!(step = sequence_length(bytes + i, len - i)))
                return JS_ThrowTypeError(ctx, "the bytes are not UTF-8 (at offset %u)", (unsigned)i);
    return JS_NewStringLen(ctx, (const char *)bytes, len);
}

/* settle(value): runs all pending jobs; for a promise [state, result], state 0 pending, 1 fulfilled, 2 rejected */
static JSValue native_settle(JSContext *ctx, JSValueConst self, int argc, JSValueConst *argv) {
    (void)self, (void)argc;
    drain_jobs();
    JSPromiseStateEnum state = JS_PromiseState(ctx, argv[0]);
    JSValue pair[2] = {JS_NewInt32(ctx, state), JS_UNDEFINED};
    if (state == JS_PROMISE_FULFILLED || state == JS_PROMISE_REJECTED) pair[1] = JS_PromiseResult(ctx, argv[0]);
    return JS_NewArrayFrom(ctx, 2, pair);
}

uint64_t request_time_ns(void) {
    static uint64_t time_ns;
    static bool known;
    static const char key[] = "\"block_timestamp\":";
    if (phase == PREPARE) return 0;
    if (phase == LOAD) {
        JS_ThrowTypeError(context, "the time " LATE);
        fail_with_exception();
    }
    if (known) return time_ns;
    int64_t packed = host_call(CONTEXT_OP, sizeof CONTEXT_OP - 1, "", 0);
    uint32_t len = (uint32_t)packed;
    char *json = malloc(len + 1);
    if (!json) fail_with_text("InternalError: out of memory");
    host_read(json);
    json[len] = 0;
    /* Canonical JSON sorts keys and escapes quotes, so the first match is the top-level key. */
    const char *at = packed >> 32 ? NULL : strstr(json, key);
    if (!at) fail_with_text("Error: the host gave no block timestamp");
    time_ns = strtoull(at + sizeof key - 1, NULL, 10) * 1000000000u;
    known = true;
    free(json);
    return time_ns;
}

static const JSCFunctionListEntry functions[] = {
    JS_CFUNC_DEF("observe", 1, native_observe),       JS_CFUNC_DEF("propose", 2, native_propose),
    JS_CFUNC_DEF("call", 2, native_call),             JS_CFUNC_DEF("log", 3, native_log),
    JS_CFUNC_DEF("utf8Encode", 1, native_utf8_encode), JS_CFUNC_DEF("utf8Decode", 2, native_utf8_decode),
    JS_CFUNC_DEF("settle", 1, native_settle),
};
#define FUNCTION_COUNT (sizeof functions / sizeof functions[0])

static int fill(JSContext *ctx, JSModuleDef *module) {
    return JS_SetModuleExportList(ctx, module, functions, FUNCTION_COUNT);
}

JSModuleDef *define_native_module(JSContext *ctx) {
    JSModuleDef *module = JS_NewCModule(ctx, "executor/native", fill);
    if (module) JS_AddModuleExportList(ctx, module, functions, FUNCTION_COUNT);
    return module;
}
