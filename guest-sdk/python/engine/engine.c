/* CPython behind the guest ABI: alloc, load, run, and prepare, which only the build calls.
 *
 * The build runs prepare() once and snapshots the memory (../../javascript/engine/snapshot.py), so every run starts from
 * an interpreter in which the standard library and the SDK are imported already. Nothing here depends on addresses of
 * the host, time or chance.
 */
#define PY_SSIZE_T_CLEAN
#include <Python.h>
#include <stdlib.h>
#include <string.h>

#include "frozen.h"
#include "host.h"

#define OUT_OF_MEMORY "MemoryError: out of memory"
#define PAGE_BYTES 65536

enum phase phase = PREPARE;
bool memory_exhausted;
static PyObject *load_function, *start_function, *describe_function;

PyMODINIT_FUNC PyInit__executor(void);

/* ---- memory --------------------------------------------------------------------------------------------------- */

static void *checked(void *bytes) {
    if (!bytes) memory_exhausted = true;
    return bytes;
}

/* The C library's allocator, but that a refusal is remembered: CPython loses some on their way. */
static void *checked_malloc(void *context, size_t size) { return (void)context, checked(malloc(size ? size : 1)); }
static void *checked_calloc(void *context, size_t count, size_t size) {
    return (void)context, checked(calloc(count && size ? count : 1, count && size ? size : 1));
}
static void *checked_realloc(void *context, void *bytes, size_t size) { return (void)context, checked(realloc(bytes, size ? size : 1)); }
static void checked_free(void *context, void *bytes) { (void)context, free(bytes); }

/* Where small objects live. Zig's allocator has sizes of powers of two and would take twice as much for an arena, so
 * arenas are whole pages; those that were released are used again.
 *
 * Where the frozen modules' code stood there is room once all of them are imported: the first arenas of a run are there,
 * but for the last, which is given out when memory has run out, so that there is room to describe the error. */
#define ARENA_BYTES (256 * 1024)
static void *released; /* a list through their first words */
static unsigned char *spare;
static size_t spare_bytes;

static void *arena_alloc(void *context, size_t size) {
    (void)context;
    if (size != ARENA_BYTES) return checked(malloc(size)); /* room for Python's own frames */
    if (released) {
        void *arena = released;
        released = *(void **)arena;
        return arena;
    }
    if (spare_bytes >= (memory_exhausted ? 1 : 2) * ARENA_BYTES) {
        spare += ARENA_BYTES;
        spare_bytes -= ARENA_BYTES;
        return spare - ARENA_BYTES;
    }
    size_t page = __builtin_wasm_memory_grow(0, ARENA_BYTES / PAGE_BYTES);
    return checked(page == SIZE_MAX ? NULL : (void *)(page * PAGE_BYTES));
}

static void arena_free(void *context, void *arena, size_t size) {
    (void)context;
    if (size != ARENA_BYTES) return free(arena);
    *(void **)arena = released;
    released = arena;
}

static void own_memory(void) {
    PyMemAllocatorEx raw = {NULL, checked_malloc, checked_calloc, checked_realloc, checked_free};
    PyMem_SetAllocator(PYMEM_DOMAIN_RAW, &raw);
    PyObjectArenaAllocator arenas = {NULL, arena_alloc, arena_free};
    PyObject_SetArenaAllocator(&arenas);
}

static void reuse_frozen_code(void) {
    PyImport_FrozenModules = NULL;
    memset(frozen_code, 0, frozen_code_bytes);
    spare = (unsigned char *)(((uintptr_t)frozen_code + 15) & ~(uintptr_t)15);
    spare_bytes = frozen_code + frozen_code_bytes - spare;
}

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

_Noreturn void fail_with_exception(void) {
    PyObject *error = PyErr_GetRaisedException();
    for (int attempt = 0; error && attempt < 2; attempt++) {
        PyObject *text = PyObject_CallFunction(describe_function, "OO", error, memory_exhausted ? Py_True : Py_False);
        if (text && PyBytes_Check(text) && PyBytes_GET_SIZE(text)) {
            host_fail(PyBytes_AS_STRING(text), PyBytes_GET_SIZE(text));
            __builtin_trap();
        }
        PyErr_Clear();
        /* the frames of the traceback keep alive what filled the memory */
        PyException_SetTraceback(error, Py_None);
        PyException_SetContext(error, NULL);
        PyException_SetCause(error, NULL);
    }
    fail_with_text(memory_exhausted ? OUT_OF_MEMORY : "Error: something was raised that cannot be described");
}

/* ---- the ABI -------------------------------------------------------------------------------------------------- */

static _Noreturn void broken(void) {
    if (PyErr_Occurred()) PyErr_Print(); /* the build's host refuses to log, and so says where */
    __builtin_trap();
}

static void start_interpreter(void) {
    PyPreConfig before;
    PyPreConfig_InitIsolatedConfig(&before);
    before.utf8_mode = 1;
    if (PyStatus_Exception(Py_PreInitialize(&before))) broken();
    own_memory();
    PyImport_FrozenModules = frozen_modules;
    PyConfig config;
    PyConfig_InitIsolatedConfig(&config);
    config.use_hash_seed = 1;
    config.hash_seed = 0;
    config.site_import = 0;
    config.install_signal_handlers = 0;
    config.write_bytecode = 0;
    config.pathconfig_warnings = 0;
    config.configure_c_stdio = 0;
    config.module_search_paths_set = 1;
    PyConfig_SetString(&config, &config.program_name, L"python");
    wchar_t **nowhere[] = {&config.executable,  &config.base_executable,  &config.prefix,    &config.base_prefix,
                           &config.exec_prefix, &config.base_exec_prefix, &config.stdlib_dir};
    for (size_t i = 0; i < sizeof nowhere / sizeof *nowhere; i++) PyConfig_SetString(&config, nowhere[i], L"");
    if (PyStatus_Exception(Py_InitializeFromConfig(&config))) broken();
    PyConfig_Clear(&config);
}

/* Called once, by the build. */
EXPORT("prepare") void engine_prepare(void) {
    PyImport_AppendInittab("_executor", PyInit__executor);
    start_interpreter();
    PyObject *boot = PyImport_ImportModule("executor_guest._boot");
    if (!boot) broken();
    load_function = PyObject_GetAttrString(boot, "load");
    start_function = PyObject_GetAttrString(boot, "start");
    describe_function = PyObject_GetAttrString(boot, "describe");
    PyObject *done = PyObject_CallMethod(boot, "prepare", NULL);
    if (!done || !load_function || !start_function || !describe_function) broken();
    Py_DECREF(done);
    reuse_frozen_code();
    phase = LOAD;
}

/* Called last by the build: what prepare left on the stack is nothing to keep. */
EXPORT("wipe") void engine_wipe(void) { memset((void *)16, 0, (uintptr_t)__builtin_frame_address(0) - 256); }

EXPORT("load") void engine_load(const char *source, uint32_t len) {
    PyObject *done = PyObject_CallFunction(load_function, "y#", source, (Py_ssize_t)len);
    if (!done) fail_with_exception();
    Py_DECREF(done);
}

EXPORT("run") uint64_t engine_run(const char *input, uint32_t len) {
    phase = RUN;
    PyObject *output = PyObject_CallFunction(start_function, "y#", input, (Py_ssize_t)len);
    if (!output) fail_with_exception();
    /* kept alive: output is never released */
    return (uint64_t)(uintptr_t)PyBytes_AS_STRING(output) << 32 | (uint32_t)PyBytes_GET_SIZE(output);
}
