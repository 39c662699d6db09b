/* The module "_executor": the ABI's imports as Python functions over bytes, for the SDK's modules only. */
#define PY_SSIZE_T_CLEAN
#include <Python.h>
#include <stdlib.h>
#include <string.h>

#include "host.h"

#define CONTEXT_OP "input.context"
#define LATE "is known inside the function only, not while function.py is loaded"

static PyObject *pending(uint32_t len) {
    PyObject *bytes = PyBytes_FromStringAndSize(NULL, len);
    if (bytes) host_read(PyBytes_AS_STRING(bytes));
    return bytes;
}

/* (tag, bytes) of a packed answer. */
static PyObject *answer(int64_t packed) {
    PyObject *bytes = pending((uint32_t)packed);
    return bytes ? Py_BuildValue("iN", (int)(packed >> 32), bytes) : NULL;
}

static bool only_in_run(const char *what) {
    if (phase != RUN) PyErr_Format(PyExc_RuntimeError, "%s " LATE, what);
    return phase == RUN;
}

/* observe(spec: bytes): None when this run has to look for itself, else (kind, bytes) */
static PyObject *native_observe(PyObject *self, PyObject *spec) {
    char *bytes;
    Py_ssize_t len;
    if (!only_in_run("an observation") || PyBytes_AsStringAndSize(spec, &bytes, &len)) return NULL;
    int64_t packed = host_observe(bytes, len);
    return packed == -1 ? Py_NewRef(Py_None) : answer(packed);
}

/* propose(kind: int, value: bytes): does not return */
static PyObject *native_propose(PyObject *self, PyObject *arguments) {
    int kind;
    const char *bytes;
    Py_ssize_t len;
    if (!PyArg_ParseTuple(arguments, "iy#", &kind, &bytes, &len)) return NULL;
    host_propose(kind, bytes, len);
    __builtin_trap();
}

/* call(operation: str, request: bytes): (status, bytes) */
static PyObject *native_call(PyObject *self, PyObject *arguments) {
    const char *operation, *request;
    Py_ssize_t operation_len, len;
    if (!PyArg_ParseTuple(arguments, "s#y#", &operation, &operation_len, &request, &len)) return NULL;
    if (!only_in_run(operation)) return NULL;
    return answer(host_call(operation, operation_len, request, len));
}

/* The host ends a run that logs too much (64 KiB, 1000 lines). A forgotten print must not do that, so lines are cut and
 * dropped long before; the difference is room for the traceback of an uncaught error. */
#define LOG_LINE_BYTES 4096
static uint32_t log_lines_left = 900, log_bytes_left = 48 * 1024;

static size_t cut(const char *text, size_t len) {
    if (len > LOG_LINE_BYTES)
        for (len = LOG_LINE_BYTES; (text[len] & 0xC0) == 0x80; len--) {
        }
    return len;
}

void log_line(enum level level, const char *text, size_t len) {
    len = cut(text, len);
    if (log_lines_left > 1 && len <= log_bytes_left) {
        log_lines_left--;
        log_bytes_left -= len;
        host_log(level, text, len);
    } else if (log_lines_left) {
        static const char dropped[] = "(further lines are dropped)";
        log_lines_left = 0;
        host_log(WARNING, dropped, sizeof dropped - 1);
    }
}

/* log(level: int, text: bytes of UTF-8, beyond_budget: bool) */
static PyObject *native_log(PyObject *self, PyObject *arguments) {
    int level, beyond;
    const char *text;
    Py_ssize_t len;
    if (!PyArg_ParseTuple(arguments, "iy#p", &level, &text, &len, &beyond)) return NULL;
    if (beyond) host_log(level, text, cut(text, len));
    else log_line(level, text, len);
    Py_RETURN_NONE;
}

/* Ends the run where Python code asks for the time too early; the traceback is the frames there are. */
static _Noreturn void too_early(void) {
    PyErr_SetString(PyExc_RuntimeError, "the time " LATE);
    for (PyFrameObject *frame = PyEval_GetFrame(), *next; frame; frame = next) {
        next = PyFrame_GetBack(frame);
        PyTraceBack_Here(frame);
    }
    fail_with_exception();
}

uint64_t request_time_ns(void) {
    static uint64_t time_ns;
    static bool known;
    static const char key[] = "\"block_timestamp\":";
    if (phase == PREPARE) return 0;
    if (phase == LOAD) too_early();
    if (known) return time_ns;
    int64_t packed = host_call(CONTEXT_OP, sizeof CONTEXT_OP - 1, "", 0);
    uint32_t len = (uint32_t)packed;
    char *json = malloc(len + 1);
    if (!json) fail_with_text("MemoryError: out of memory");
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

static PyMethodDef functions[] = {
    {"observe", native_observe, METH_O, NULL},
    {"propose", native_propose, METH_VARARGS, NULL},
    {"call", native_call, METH_VARARGS, NULL},
    {"log", native_log, METH_VARARGS, NULL},
    {NULL, NULL, 0, NULL},
};

static struct PyModuleDef definition = {PyModuleDef_HEAD_INIT, .m_name = "_executor", .m_size = -1, .m_methods = functions};

PyMODINIT_FUNC PyInit__executor(void) { return PyModule_Create(&definition); }
