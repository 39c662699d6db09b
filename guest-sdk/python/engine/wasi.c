/* WASI as a run has it, so that the module imports nothing of it: a clock that shows the request's block timestamp, a
 * constant seed before the snapshot and none after, standard output and error as log lines, and nothing else: no files,
 * no environment, no arguments, no sockets, no sleep. Each function answers what WASI says a refusal is. */
#include <errno.h>
#include <stdint.h>
#include <string.h>

#include "host.h"

#define WASI(name) __imported_wasi_snapshot_preview1_##name
#define REFUSE(name, error, ...) \
    int32_t WASI(name)(__VA_ARGS__) { return error; }
#define OK 0
#define BAD_DESCRIPTOR 8
#define NO_ENTRY 44
#define NO_CALL 52
#define NO_PERMISSION 63
#define NO_SEEK 70
#define CHARACTER_DEVICE 2

typedef int32_t I;
typedef int64_t L;

/* ---- the clock ------------------------------------------------------------------------------------------------- */

int32_t WASI(clock_time_get)(I id, L precision, I out) {
    *(uint64_t *)(uintptr_t)out = request_time_ns();
    return OK;
}

int32_t WASI(clock_res_get)(I id, I out) {
    *(uint64_t *)(uintptr_t)out = 1000000000;
    return OK;
}

/* ---- randomness ------------------------------------------------------------------------------------------------ */

int32_t WASI(random_get)(I bytes, I len) {
    if (phase != PREPARE) return NO_PERMISSION;
    memset((void *)(uintptr_t)bytes, 0x42, len);
    return OK;
}

/* ---- standard streams ------------------------------------------------------------------------------------------ */

/* What Python's print writes is logged by the SDK (executor_guest/_streams.py); this is what C code writes. */
int32_t WASI(fd_write)(I descriptor, I list, I count, I out) {
    const struct { uint32_t at, len; } *part = (const void *)(uintptr_t)list;
    char line[256];
    uint32_t written = 0;
    if (descriptor != 1 && descriptor != 2) return BAD_DESCRIPTOR;
    for (I i = 0; i < count; written += part[i++].len)
        for (uint32_t at = 0; at < part[i].len; at += sizeof line) {
            uint32_t len = part[i].len - at < sizeof line ? part[i].len - at : sizeof line;
            memcpy(line, (const char *)(uintptr_t)part[i].at + at, len);
            for (uint32_t j = 0; j < len; j++)
                if (line[j] & 0x80) line[j] = '?'; /* a log line is UTF-8, and this may be anything */
            log_line(descriptor == 1 ? INFO : ERROR, line, len);
        }
    *(uint32_t *)(uintptr_t)out = written;
    return OK;
}

static int32_t describe(I descriptor, I out, uint32_t size, uint32_t kind_at) {
    if (descriptor < 0 || descriptor > 2) return BAD_DESCRIPTOR;
    memset((void *)(uintptr_t)out, 0, size);
    *(uint8_t *)(uintptr_t)(out + kind_at) = CHARACTER_DEVICE;
    return OK;
}

int32_t WASI(fd_fdstat_get)(I descriptor, I out) { return describe(descriptor, out, 24, 0); }
int32_t WASI(fd_filestat_get)(I descriptor, I out) { return describe(descriptor, out, 64, 16); }

/* ---- nothing else ---------------------------------------------------------------------------------------------- */

static int32_t none(I count, I size) {
    *(uint32_t *)(uintptr_t)count = *(uint32_t *)(uintptr_t)size = 0;
    return OK;
}

int32_t WASI(environ_sizes_get)(I count, I size) { return none(count, size); }
int32_t WASI(args_sizes_get)(I count, I size) { return none(count, size); }
REFUSE(environ_get, OK, I list, I bytes)
REFUSE(args_get, OK, I list, I bytes)
REFUSE(sched_yield, OK, void)
_Noreturn void WASI(proc_exit)(I code) { __builtin_trap(); }
int close(int descriptor) { return errno = EBADF, -1; } /* Zig's own part of the C library would import WASI for it */

REFUSE(fd_prestat_get, BAD_DESCRIPTOR, I fd, I out)
REFUSE(fd_prestat_dir_name, BAD_DESCRIPTOR, I fd, I path, I len)
REFUSE(fd_close, BAD_DESCRIPTOR, I fd)
REFUSE(fd_read, BAD_DESCRIPTOR, I fd, I list, I count, I out)
REFUSE(fd_pread, BAD_DESCRIPTOR, I fd, I list, I count, L offset, I out)
REFUSE(fd_pwrite, BAD_DESCRIPTOR, I fd, I list, I count, L offset, I out)
REFUSE(fd_readdir, BAD_DESCRIPTOR, I fd, I buffer, I len, L cookie, I out)
REFUSE(fd_seek, NO_SEEK, I fd, L offset, I whence, I out)
REFUSE(fd_tell, NO_SEEK, I fd, I out)
REFUSE(fd_advise, NO_CALL, I fd, L offset, L len, I advice)
REFUSE(fd_allocate, NO_CALL, I fd, L offset, L len)
REFUSE(fd_datasync, NO_CALL, I fd)
REFUSE(fd_sync, NO_CALL, I fd)
REFUSE(fd_renumber, NO_CALL, I from, I to)
REFUSE(fd_fdstat_set_flags, NO_CALL, I fd, I flags)
REFUSE(fd_fdstat_set_rights, NO_CALL, I fd, L base, L inheriting)
REFUSE(fd_filestat_set_size, NO_CALL, I fd, L size)
REFUSE(fd_filestat_set_times, NO_CALL, I fd, L accessed, L modified, I flags)
REFUSE(path_open, NO_ENTRY, I fd, I lookup, I path, I len, I flags, L base, L inheriting, I fdflags, I out)
REFUSE(path_filestat_get, NO_ENTRY, I fd, I lookup, I path, I len, I out)
REFUSE(path_readlink, NO_ENTRY, I fd, I path, I len, I buffer, I size, I out)
REFUSE(path_create_directory, NO_CALL, I fd, I path, I len)
REFUSE(path_filestat_set_times, NO_CALL, I fd, I lookup, I path, I len, L accessed, L modified, I flags)
REFUSE(path_link, NO_CALL, I from, I lookup, I path, I len, I to, I new, I new_len)
REFUSE(path_remove_directory, NO_CALL, I fd, I path, I len)
REFUSE(path_rename, NO_CALL, I from, I path, I len, I to, I new, I new_len)
REFUSE(path_symlink, NO_CALL, I path, I len, I fd, I new, I new_len)
REFUSE(path_unlink_file, NO_CALL, I fd, I path, I len)
REFUSE(poll_oneoff, NO_CALL, I in, I out, I count, I events)
REFUSE(sock_accept, NO_CALL, I fd, I flags, I out)
REFUSE(sock_recv, NO_CALL, I fd, I list, I count, I flags, I len, I out)
REFUSE(sock_send, NO_CALL, I fd, I list, I count, I flags, I out)
REFUSE(sock_shutdown, NO_CALL, I fd, I how)
