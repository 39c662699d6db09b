;; The virtual WASI of Go's runtime. Clock: the request's timestamp, once the function runs; before that one nanosecond,
;; because the runtime refuses zero. Randomness: a constant, which seeds hash maps and nothing else. Output: the log.
;; There are no arguments, environment, files, sockets or waiting: who asks for one is answered so, and every import that is
;; not here is refused. executor/cli/_virtual_wasi.py links it with the module, after which
;; no import is left but executor.*.
(module
  (import "executor" "log" (func $log (param i32 i32 i32)))
  (import "executor" "fail" (func $fail (param i32 i32)))
  (memory 1) ;; the module's own
  (data (i32.const 64) "out of memory, or a fatal error of the Go runtime: see the log") ;; Go keeps the first 4 KiB free
  (global $now (mut i64) (i64.const 1))
  (func (export "executor_set_time") (param i64) (global.set $now (local.get 0)))
  (func (export "executor_trap") unreachable)
  (func (export "sched_yield") (result i32) (i32.const 0))
  (func (export "proc_exit") (param i32) (call $flush) (call $fail (i32.const 64) (i32.const 62)) unreachable)
  (func (export "args_get") (param i32 i32) (result i32) (i32.const 0))
  (func $none (export "args_sizes_get") (param i32 i32) (result i32)
    (i32.store (local.get 0) (i32.const 0))
    (i32.store (local.get 1) (i32.const 0))
    (i32.const 0))
  (func (export "clock_time_get") (param i32 i64 i32) (result i32)
    (i64.store (local.get 2) (global.get $now))
    (i32.const 0))
  (func (export "environ_get") (param i32 i32) (result i32) (i32.const 0))
  (func (export "environ_sizes_get") (param i32 i32) (result i32) (call $none (local.get 0) (local.get 1)))
  ;; Output is logged line by line, whole characters of UTF-8: what is none becomes a question mark. Lines of more than two
  ;; thousand bytes are cut. Standard error is logged as errors.
  (global $level (mut i32) (i32.const 1))
  (global $used (mut i32) (i32.const 0)) ;; bytes of the line so far, from 1024 on
  (global $begun (mut i32) (i32.const 0)) ;; where the character stands that is not complete
  (global $need (mut i32) (i32.const 0)) ;; bytes that it lacks
  (global $low (mut i32) (i32.const 0)) ;; what its next byte may be
  (global $high (mut i32) (i32.const 0))
  (func $flush (export "executor_flush")
    (if (global.get $need) (then (call $spoil)))
    (if (global.get $used) (then (call $log (global.get $level) (i32.const 1024) (global.get $used))))
    (global.set $used (i32.const 0)))
  (func $append (param $byte i32)
    (i32.store8 offset=1024 (global.get $used) (local.get $byte))
    (global.set $used (i32.add (global.get $used) (i32.const 1))))
  (func $spoil
    (global.set $used (global.get $begun))
    (global.set $need (i32.const 0))
    (call $append (i32.const 63)))
  (func $begin (param $byte i32) (param $need i32) (param $low i32) (param $high i32)
    (global.set $begun (global.get $used))
    (global.set $need (local.get $need))
    (global.set $low (local.get $low))
    (global.set $high (local.get $high))
    (call $append (local.get $byte)))
  (func $put (param $byte i32)
    (if (global.get $need) (then
      (if (i32.and (i32.ge_u (local.get $byte) (global.get $low)) (i32.le_u (local.get $byte) (global.get $high))) (then
        (call $append (local.get $byte))
        (global.set $need (i32.sub (global.get $need) (i32.const 1)))
        (global.set $low (i32.const 0x80))
        (global.set $high (i32.const 0xbf))
        (return)))
      (call $spoil)))
    (if (i32.eq (local.get $byte) (i32.const 10)) (then (call $flush) (return)))
    (if (i32.ge_u (global.get $used) (i32.const 2000)) (then (call $flush)))
    (if (i32.lt_u (local.get $byte) (i32.const 0x80)) (then (call $append (local.get $byte)) (return)))
    (if (i32.lt_u (i32.sub (local.get $byte) (i32.const 0xc2)) (i32.const 0x1e)) (then
      (call $begin (local.get $byte) (i32.const 1) (i32.const 0x80) (i32.const 0xbf))
      (return)))
    (if (i32.eq (i32.and (local.get $byte) (i32.const 0xf0)) (i32.const 0xe0)) (then
      (call $begin (local.get $byte) (i32.const 2)
        (select (i32.const 0xa0) (i32.const 0x80) (i32.eq (local.get $byte) (i32.const 0xe0)))
        (select (i32.const 0x9f) (i32.const 0xbf) (i32.eq (local.get $byte) (i32.const 0xed))))
      (return)))
    (if (i32.lt_u (i32.sub (local.get $byte) (i32.const 0xf0)) (i32.const 5)) (then
      (call $begin (local.get $byte) (i32.const 3)
        (select (i32.const 0x90) (i32.const 0x80) (i32.eq (local.get $byte) (i32.const 0xf0)))
        (select (i32.const 0x8f) (i32.const 0xbf) (i32.eq (local.get $byte) (i32.const 0xf4))))
      (return)))
    (call $append (i32.const 63)))
  (func (export "fd_write") (param $fd i32) (param $parts i32) (param $count i32) (param $written i32) (result i32)
    (local $sum i32) (local $at i32) (local $left i32) (local $level i32)
    (if (i32.gt_u (i32.sub (local.get $fd) (i32.const 1)) (i32.const 1)) (then (return (i32.const 8))))
    (local.set $level (select (i32.const 3) (i32.const 1) (i32.eq (local.get $fd) (i32.const 2))))
    (if (i32.ne (local.get $level) (global.get $level)) (then (call $flush) (global.set $level (local.get $level))))
    (block $done
      (loop $next
        (br_if $done (i32.eqz (local.get $count)))
        (local.set $at (i32.load (local.get $parts)))
        (local.set $left (i32.load offset=4 (local.get $parts)))
        (local.set $sum (i32.add (local.get $sum) (local.get $left)))
        (block $written
          (loop $byte
            (br_if $written (i32.eqz (local.get $left)))
            (call $put (i32.load8_u (local.get $at)))
            (local.set $at (i32.add (local.get $at) (i32.const 1)))
            (local.set $left (i32.sub (local.get $left) (i32.const 1)))
            (br $byte)))
        (local.set $parts (i32.add (local.get $parts) (i32.const 8)))
        (local.set $count (i32.sub (local.get $count) (i32.const 1)))
        (br $next)))
    (i32.store (local.get $written) (local.get $sum))
    (i32.const 0))
  (func (export "random_get") (param i32 i32) (result i32)
    (memory.fill (local.get 0) (i32.const 7) (local.get 1))
    (i32.const 0))
  (func (export "poll_oneoff") (param i32 i32 i32 i32) (result i32) (i32.const 52)) ;; ENOSYS: nobody waits
  (func (export "fd_close") (param i32) (result i32) (i32.const 8)) ;; EBADF
  (func (export "fd_fdstat_get") (param i32 i32) (result i32) (i32.const 8))
  (func (export "fd_fdstat_set_flags") (param i32 i32) (result i32) (i32.const 8))
  (func (export "fd_prestat_get") (param i32 i32) (result i32) (i32.const 8))
  (func (export "fd_prestat_dir_name") (param i32 i32 i32) (result i32) (i32.const 8))
  ;; What Go's `os` brings along where anything asks for a file: there is none.
  (func (export "fd_read") (param i32 i32 i32 i32) (result i32) (i32.const 8))
  (func (export "fd_pread") (param i32 i32 i32 i64 i32) (result i32) (i32.const 8))
  (func (export "fd_pwrite") (param i32 i32 i32 i64 i32) (result i32) (i32.const 8))
  (func (export "fd_readdir") (param i32 i32 i32 i64 i32) (result i32) (i32.const 8))
  (func (export "fd_seek") (param i32 i64 i32 i32) (result i32) (i32.const 8))
  (func (export "fd_sync") (param i32) (result i32) (i32.const 8))
  (func (export "fd_filestat_get") (param i32 i32) (result i32) (i32.const 8))
  (func (export "fd_filestat_set_size") (param i32 i64) (result i32) (i32.const 8))
  (func (export "path_filestat_get") (param i32 i32 i32 i32 i32) (result i32) (i32.const 44)) ;; ENOENT
  (func (export "path_open") (param i32 i32 i32 i32 i32 i64 i64 i32 i32) (result i32) (i32.const 44))
  (func (export "path_readlink") (param i32 i32 i32 i32 i32 i32) (result i32) (i32.const 44))
  (func (export "sock_accept") (param i32 i32 i32) (result i32) (i32.const 8))
  (func (export "sock_shutdown") (param i32 i32) (result i32) (i32.const 8)))
