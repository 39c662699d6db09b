/* The QuickJS engine behind the guest ABI: alloc, load, run, and prepare, which only the build calls.
 *
 * The build runs prepare() once and snapshots the memory (snapshot.py), so every run starts from a context in which
 * the SDK's modules are already evaluated. Nothing here depends on addresses of the host, time or chance.
 */
#include <malloc.h>
#include <stdlib.h>
#include <string.h>

#include "host.h"
#include "sdk_modules.h"

/* QuickJS's own limit: on its stack in this module's linear memory, of which build.py reserves 2 MiB. Recursion is
 * stopped by slots.h before that; this one is for functions with very many variables. The rest is room for the largest
 * argument list, 2 x 512 KiB. */
#define JS_STACK_BYTES (768 * 1024)

#define OUT_OF_MEMORY "InternalError: out of memory"
#define USER_MODULE "function.js"
#define SDK_PREFIX "executor/"

enum phase phase = PREPARE;
JSContext *context;
static JSRuntime *runtime;
static JSValue user_function, start_function, describe_function;
static JSValue rejections; /* a Map from rejected promises nobody handles yet to their reasons */

/* ---- memory --------------------------------------------------------------------------------------------------- */

/* The heap at which cycles are first looked for: the SDK takes a quarter of it. A run is short and its instance is thrown
 * away, so most runs end before; the least memory a manifest can give is as much. */
#define GC_THRESHOLD_BYTES (1024 * 1024)

/* Given back when memory runs out, so that there is room to make, throw and describe the error. */
#define RESERVE_BYTES (64 * 1024)
static void *reserve;
static bool exhausted;

static void *checked(void *bytes) {
    if (!bytes) {
        exhausted = true;
        free(reserve);
        reserve = NULL;
    }
    return bytes;
}

static void *checked_calloc(void *opaque, size_t count, size_t size) { return (void)opaque, checked(calloc(count, size)); }
static void *checked_malloc(void *opaque, size_t size) { return (void)opaque, checked(malloc(size)); }
static void checked_free(void *opaque, void *bytes) { (void)opaque, free(bytes); }
static void *checked_realloc(void *opaque, void *bytes, size_t size) { return (void)opaque, checked(realloc(bytes, size)); }

static const JSMallocFunctions memory_functions = {
    checked_calloc, checked_malloc, checked_free, checked_realloc, (size_t(*)(const void *))malloc_usable_size,
};

EXPORT("alloc") void *engine_alloc(uint32_t len) {
    void *bytes = malloc(len ? len : 1);
    if (!bytes) fail_with_text(OUT_OF_MEMORY);
    return bytes;
}

/* ---- endings -------------------------------------------------------------------------------------------------- */

_Noreturn void fail_with_text(const char *text) {
    host_fail(text, strlen(text));
    __builtin_trap();
}

int stack_reserve;

_Noreturn void fail_with_exception(void) {
    stack_reserve = 1;
    JSValue error = JS_GetException(context);
    if (JS_IsNull(error) && exhausted) fail_with_text(OUT_OF_MEMORY); /* there was no room for an Error */
    JSValue text = JS_Call(context, describe_function, JS_UNDEFINED, 1, (JSValueConst *)&error);
    size_t len = 0;
    const char *bytes = JS_IsException(text) ? NULL : JS_ToCStringLen(context, &len, text);
    if (!bytes || !len) fail_with_text(OUT_OF_MEMORY);
    host_fail(bytes, len);
    __builtin_trap();
}

/* ---- promises ------------------------------------------------------------------------------------------------- */

void drain_jobs(void) {
    JSContext *of;
    int status;
    while ((status = JS_ExecutePendingJob(runtime, &of)) > 0) {
    }
    if (status < 0) fail_with_exception();
}

static void invoke(JSValueConst object, const char *method, int argc, JSValueConst *argv) {
    JSAtom name = JS_NewAtom(context, method);
    JSValue result = JS_Invoke(context, object, name, argc, argv);
    if (JS_IsException(result)) fail_with_exception();
    JS_FreeValue(context, result);
    JS_FreeAtom(context, name);
}

static void track_rejection(JSContext *ctx, JSValueConst promise, JSValueConst reason, bool handled, void *opaque) {
    JSValueConst entry[2] = {promise, reason};
    (void)ctx, (void)opaque;
    if (phase == PREPARE) return;
    stack_reserve = 1; /* a promise may be rejected because the stack is full */
    if (handled) invoke(rejections, "delete", 1, entry);
    else invoke(rejections, "set", 2, entry);
    stack_reserve = 0;
}

/* The value of a settled promise; a rejected or never settling one ends the run. */
static JSValue await_promise(JSValue promise, const char *pending_text) {
    drain_jobs();
    JSPromiseStateEnum state = JS_PromiseState(context, promise);
    if (state == JS_PROMISE_PENDING) fail_with_text(pending_text);
    JSValue result = JS_PromiseResult(context, promise);
    if (state == JS_PROMISE_REJECTED) {
        JS_Throw(context, result);
        fail_with_exception();
    }
    JS_FreeValue(context, promise);
    return result;
}

/* A rejection that nobody handled is an uncaught exception: an error must not get lost. */
static void fail_on_unhandled_rejection(void) {
    JSValue first = JS_GetPropertyStr(context, rejections, "first");
    if (JS_IsException(first)) fail_with_exception();
    if (JS_IsUndefined(first)) return;
    JS_Throw(context, JS_GetPropertyStr(context, first, "reason"));
    fail_with_exception();
}

/* ---- modules -------------------------------------------------------------------------------------------------- */

static bool starts_with(const char *text, const char *prefix) { return !strncmp(text, prefix, strlen(prefix)); }

static char *normalize(JSContext *ctx, const char *base, const char *name, void *opaque) {
    (void)opaque;
    char full[64];
    if (!strcmp(name, "executor")) return js_strdup(ctx, SDK_PREFIX "index.js");
    if (starts_with(base, SDK_PREFIX) && starts_with(name, "./") && strlen(name) < 40) {
        strcpy(full, SDK_PREFIX);
        strcat(full, name + 2);
        return js_strdup(ctx, full);
    }
    JS_ThrowTypeError(ctx, "cannot import '%s': a function is one file and may import only 'executor'", name);
    return NULL;
}

static JSModuleDef *compile(const char *name, const char *source, size_t len) {
    JSValue code = JS_Eval(context, source, len, name, JS_EVAL_TYPE_MODULE | JS_EVAL_FLAG_COMPILE_ONLY);
    if (JS_IsException(code)) return NULL;
    JSModuleDef *module = JS_VALUE_GET_PTR(code);
    JS_FreeValue(context, code);
    return module;
}

static JSModuleDef *load_sdk_module(JSContext *ctx, const char *name, void *opaque) {
    (void)opaque;
    if (!strcmp(name, SDK_PREFIX "native")) return define_native_module(ctx);
    for (const struct sdk_module *module = sdk_modules; module->name; module++)
        if (!strcmp(name, module->name)) return compile(module->name, module->source, module->len);
    JS_ThrowTypeError(ctx, "no module '%s'", name);
    return NULL;
}

static JSModuleDef *evaluate(const char *name, const char *source, size_t len) {
    JSValue code = JS_Eval(context, source, len, name, JS_EVAL_TYPE_MODULE | JS_EVAL_FLAG_COMPILE_ONLY);
    if (JS_IsException(code)) fail_with_exception();
    JSModuleDef *module = JS_VALUE_GET_PTR(code);
    JSValue promise = JS_EvalFunction(context, code);
    if (JS_IsException(promise)) fail_with_exception();
    JS_FreeValue(context, await_promise(promise, "Error: the top level awaits a promise that never settles"));
    return module;
}

static JSValue member(JSModuleDef *module, const char *name) {
    JSValue space = JS_GetModuleNamespace(context, module);
    JSValue value = JS_GetPropertyStr(context, space, name);
    if (JS_IsException(value)) fail_with_exception();
    JS_FreeValue(context, space);
    return value;
}

/* ---- the ABI -------------------------------------------------------------------------------------------------- */

/* Called once, by the build. */
EXPORT("prepare") void engine_prepare(void) {
    static const char sdk[] = "import 'executor'; export { start, describe, rejections } from './boot.js';";
    reserve = malloc(RESERVE_BYTES);
    runtime = JS_NewRuntime2(&memory_functions, NULL);
    JS_SetMaxStackSize(runtime, JS_STACK_BYTES);
    JS_SetCanBlock(runtime, false);
    context = JS_NewContext(runtime);
    JS_SetModuleLoaderFunc(runtime, normalize, load_sdk_module, NULL);
    JS_SetHostPromiseRejectionTracker(runtime, track_rejection, NULL);
    JSModuleDef *module = evaluate(SDK_PREFIX "prepare.js", sdk, sizeof sdk - 1);
    start_function = member(module, "start");
    describe_function = member(module, "describe");
    rejections = member(module, "rejections");
    JS_RunGC(runtime);
    JS_SetGCThreshold(runtime, GC_THRESHOLD_BYTES);
    phase = LOAD;
}

EXPORT("load") void engine_load(const char *source, uint32_t len) {
    char *text = engine_alloc(len + 1); /* QuickJS wants a terminating zero */
    memcpy(text, source, len);
    text[len] = 0;
    JSModuleDef *module = evaluate(USER_MODULE, text, len);
    fail_on_unhandled_rejection();
    user_function = member(module, "default");
    if (!JS_IsFunction(context, user_function))
        fail_with_text("TypeError: function.js must have `export default function (input) { ... }`");
}

EXPORT("run") uint64_t engine_run(const uint8_t *input, uint32_t len) {
    phase = RUN;
    JSValue args[2] = {user_function, JS_NewUint8ArrayCopy(context, input, len)};
    if (JS_IsException(args[1])) fail_with_exception();
    JSValue result = JS_Call(context, start_function, JS_UNDEFINED, 2, (JSValueConst *)args);
    if (JS_IsException(result)) fail_with_exception();
    if (JS_IsPromise(result)) result = await_promise(result, "Error: the function returned a promise that never settles");
    else drain_jobs();
    fail_on_unhandled_rejection();
    size_t output_len = 0;
    uint8_t *output = JS_GetUint8Array(context, &output_len, result); /* kept alive: result is never freed */
    if (JS_HasException(context)) fail_with_exception();
    return (uint64_t)(uintptr_t)output << 32 | output_len;
}
