// The guest ABI: docs/abi.md.
// @ts-ignore: decorator
@external("executor", "observe") export declare function host_observe(spec: usize, length: i32): i64;
// @ts-ignore: decorator
@external("executor", "propose") export declare function host_propose(kind: i32, bytes: usize, length: i32): void;
// @ts-ignore: decorator
@external("executor", "call") export declare function host_call(operation: usize, length: i32, request: usize, requestLength: i32): i64;
// @ts-ignore: decorator
@external("executor", "read") export declare function host_read(destination: usize): void;
// @ts-ignore: decorator
@external("executor", "fail") export declare function host_fail(bytes: usize, length: i32): void;
// @ts-ignore: decorator
@external("executor", "log") export declare function host_log(level: i32, bytes: usize, length: i32): void;
