//! What the request commits to besides its input: the same on every node. Read on first use.
const std = @import("std");
const calls = @import("calls.zig");
const ending = @import("ending.zig");

/// Hashes and addresses are 0x hex in lower case.
pub const Context = struct {
    request_id: []const u8,
    chain_id: u64,
    router: []const u8,
    nonce: u64,
    block_number: u64,
    /// Seconds since 1970: the agreed time.
    block_timestamp: u64,
    parent_hash: []const u8,
    sender: []const u8,
    subscription: u64,
    function_id: []const u8,
    epoch: u64,
    callback_gas_limit: u64,
    consumer: []const u8,
    /// "request", or the kind of the trigger: "log", "cron", "block", "http".
    trigger: []const u8,
    /// The trigger's registration, where one started the run.
    registration: ?[]const u8 = null,
};

var kept: ?Context = null;

pub fn context() Context {
    if (kept == null) {
        const bytes = calls.pure("input.context", "") catch |which| ending.failed(which);
        const options: std.json.ParseOptions = .{ .ignore_unknown_fields = true };
        kept = std.json.parseFromSliceLeaky(Context, ending.allocator, bytes, options) catch
            ending.fail("the context is not what this SDK knows");
    }
    return kept.?;
}
