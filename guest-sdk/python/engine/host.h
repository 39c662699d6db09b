/* The imports of the guest ABI (docs/abi.md), and what the engine's files share. */
#ifndef EXECUTOR_HOST_H
#define EXECUTOR_HOST_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

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
enum level { DEBUG, INFO, WARNING, ERROR };

extern enum phase phase;
/* Set once memory was refused. */
extern bool memory_exhausted;

/* Ends the run as Failed with the pending exception, or with what little can be said of it. */
_Noreturn void fail_with_exception(void);
/* Ends the run as Failed with this text. */
_Noreturn void fail_with_text(const char *text);

/* A line for people, cut and counted, so that a forgotten print does not end the run. */
void log_line(enum level level, const char *text, size_t len);

/* The request's block timestamp in nanoseconds; 0 before the snapshot; in LOAD it ends the run. */
uint64_t request_time_ns(void);

#endif
