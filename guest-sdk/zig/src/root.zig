//! The root of every module: the exports, and what a panic becomes. `executor build` puts the user's file beside it.
const std = @import("std");
const executor = @import("executor");
const function = @import("function");
const ending = @import("executor").ending;

pub const panic = std.debug.FullPanic(ending.panicked);

export fn alloc(len: usize) [*]u8 {
    const room = executor.allocator.alignedAlloc(u8, .@"16", @max(len, 1)) catch ending.fail("out of memory");
    return room.ptr;
}

export fn run(at: [*]const u8, len: usize) u64 {
    const output: []const u8 = function.run(at[0..len]) catch |problem| ending.failed(problem);
    return @as(u64, @intFromPtr(output.ptr)) << 32 | output.len;
}
