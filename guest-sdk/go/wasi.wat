;; The virtual WASI of Go's runtime. Clock: the request's timestamp, once the function runs; before that one nanosecond,
;; because the runtime refuses zero. Randomness: a constant, which seeds hash maps and nothing else. Output: the log.
;; There are no arguments, environment, files or waiting. executor/cli/_virtual_wasi.py links it with the module, after which
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
  (func (export "proc_exit") (param i32) (call $fail (i32.const 64) (i32.const 62)) unreachable)
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
  (func (export "fd_write") (param $fd i32) (param $parts i32) (param $count i32) (param $written i32) (result i32)
    (local $sum i32)
    (block $done
      (loop $next
        (br_if $done (i32.eqz (local.get $count)))
        (call $log (i32.const 1) (i32.load (local.get $parts)) (i32.load offset=4 (local.get $parts)))
        (local.set $sum (i32.add (local.get $sum) (i32.load offset=4 (local.get $parts))))
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
  (func (export "fd_prestat_dir_name") (param i32 i32 i32) (result i32) (i32.const 8)))
