//! The guest ABI's six imports.
pub extern "executor" fn observe(spec: [*]const u8, len: usize) i64;
pub extern "executor" fn propose(kind: u32, bytes: [*]const u8, len: usize) void;
pub extern "executor" fn call(op: [*]const u8, op_len: usize, request: [*]const u8, len: usize) i64;
pub extern "executor" fn read(destination: [*]u8) void;
pub extern "executor" fn fail(bytes: [*]const u8, len: usize) void;
pub extern "executor" fn log(level: u32, bytes: [*]const u8, len: usize) void;
