/* The imports of the guest ABI (docs/abi.md), and what the engine's files share. */
#ifndef EXECUTOR_HOST_H
#define EXECUTOR_HOST_H

#include <stddef.h>
#include <stdint.h>

#include "quickjs.h"

#define HOST(name) __attribute__((import_module("executor"), import_name(name)))
#define EXPORT(name) __attribute__((export_name(name)))

HOST("observe") int64_t host_observe(const void *spec, uint32_t len);
HOST("propose") void host_propose(int32_t kind, const void *bytes, uint32_t len);
HOST("call") int64_t host_call(const void *op, uint32_t op_len, const void *request, uint32_t request_len);
HOST("read") void host_read(void *destination);
HOST("fail") void host_fail(const void *bytes, uint32_t len);
HOST("log") void host_log(int32_t level, const void *bytes, uint32_t len);

/* PREPARE: at build time, before the snapshot. LOAD: only fail and log may be called. RUN: everything. */
enum phase { PREPARE, LOAD, RUN };

extern enum phase phase;
extern JSContext *context;

/* Ends the run as Failed with the pending exception, or with "out of memory" when even that cannot be told. */
_Noreturn void fail_with_exception(void);
/* Ends the run as Failed with this text. */
_Noreturn void fail_with_text(const char *text);

/* Runs pending jobs until there are none. */
void drain_jobs(void);

/* The module "executor/native": what the JavaScript part of the SDK is built on. */
JSModuleDef *define_native_module(JSContext *ctx);

/* The request's block timestamp in nanoseconds; 0 before the snapshot; in LOAD it ends the run. */
uint64_t request_time_ns(void);

#endif
