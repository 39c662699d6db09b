/* The few functions of WASI that wasi-libc refers to, defined here, so that the module imports nothing of WASI:
 * no files, no environment, a fixed seed, and a clock that shows the request's block timestamp. */
#include <stdint.h>
#include <string.h>

#include "host.h"

#define WASI(name) __imported_wasi_snapshot_preview1_##name
#define EBADF 8

int32_t WASI(clock_time_get)(int32_t id, int64_t precision, int32_t out) {
    (void)id, (void)precision;
    *(uint64_t *)(uintptr_t)out = request_time_ns();
    return 0;
}

int32_t WASI(clock_res_get)(int32_t id, int32_t out) {
    (void)id;
    *(uint64_t *)(uintptr_t)out = 1000000000;
    return 0;
}

int32_t WASI(random_get)(int32_t bytes, int32_t len) {
    memset((void *)(uintptr_t)bytes, 0x42, len);
    return 0;
}

int32_t WASI(environ_sizes_get)(int32_t count, int32_t size) {
    *(uint32_t *)(uintptr_t)count = *(uint32_t *)(uintptr_t)size = 0;
    return 0;
}

int32_t WASI(environ_get)(int32_t list, int32_t bytes) { return (void)list, (void)bytes, 0; }
int32_t WASI(fd_write)(int32_t fd, int32_t list, int32_t n, int32_t out) { return (void)fd, (void)list, (void)n, (void)out, EBADF; }
int32_t WASI(fd_seek)(int32_t fd, int64_t offset, int32_t whence, int32_t out) { return (void)fd, (void)offset, (void)whence, (void)out, EBADF; }
int32_t WASI(fd_close)(int32_t fd) { return (void)fd, EBADF; }
int close(int fd) { return (void)fd, -1; } /* Zig's own part of the C library would import WASI for it */
int32_t WASI(fd_fdstat_get)(int32_t fd, int32_t out) { return (void)fd, (void)out, EBADF; }
_Noreturn void WASI(proc_exit)(int32_t code) { (void)code; __builtin_trap(); }
