//! Capabilities: one operation, bytes in, bytes out.
const imports = @import("imports.zig");
const ending = @import("ending.zig");

/// What is pending, and the number that came with it.
pub const Answer = struct { kind: u32, bytes: []const u8 };

pub fn answerOf(packed_answer: i64) Answer {
    const bits: u64 = @bitCast(packed_answer);
    const len: u32 = @truncate(bits);
    const room = ending.allocator.alloc(u8, @max(len, 1)) catch ending.fail("out of memory");
    imports.read(room.ptr);
    return .{ .kind = @truncate(bits >> 32), .bytes = room[0..len] };
}

/// An operation that gives the same answer everywhere; allowed in every run.
pub fn pure(operation: []const u8, request: []const u8) error{Coded}![]const u8 {
    const answer = answerOf(imports.call(operation.ptr, operation.len, request.ptr, request.len));
    if (answer.kind == 0) return answer.bytes;
    return ending.withCode(answer.bytes, ending.join(&.{ operation, " failed: ", answer.bytes }));
}

/// An operation of this node's own: only inside a look.
pub fn live(operation: []const u8, request: []const u8) error{ Coded, Problem }![]const u8 {
    if (!ending.isLooking())
        return ending.problem("{s} works only inside observe: nodes must agree on what it answers", .{operation});
    return pure(operation, request);
}

/// Ethereum's keccak-256, computed by the host.
pub fn keccak256(bytes: []const u8) [32]u8 {
    const hash = pure("crypto.keccak256", bytes) catch |which| ending.failed(which);
    return hash[0..32].*;
}

/// The value that the function's owner put under this name.
pub fn secret(name: []const u8) ![]const u8 {
    return live("secrets.get", name);
}

/// The text of an envelope, which must be part of the request's input.
pub fn privateInput(envelope: []const u8) ![]const u8 {
    return live("input.private", envelope);
}

/// What this node's clock shows: seconds since 1970 as a decimal, for `.median`.
pub fn localTime() ![]const u8 {
    return live("time.now", "");
}
