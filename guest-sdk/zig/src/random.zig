//! Agreed randomness: draws, and the stream that every SDK and contracts/src/libraries/Randomness.sol make of a seed
//! alike (docs/randomness.md, "The stream").
const std = @import("std");
const calls = @import("calls.zig");
const ending = @import("ending.zig");

/// 32 bytes that nobody in the committee chose. Draws come last: after one, observe ends the run.
pub fn draw() ![32]u8 {
    if (ending.isLooking()) return ending.problem("random.draw works only outside observe: draws come after all observations", .{});
    const bytes = try calls.pure("random.draw", "");
    return bytes[0..32].*;
}

/// Choices made of a seed, the same everywhere. One seed serves one purpose: two streams of it are the same.
pub const Stream = struct {
    seed: [32]u8,
    next: u256 = 0,

    fn word(self: *Stream) u256 {
        var block: [64]u8 = undefined; // abi.encode(seed, number of the next word)
        block[0..32].* = self.seed;
        std.mem.writeInt(u256, block[32..64], self.next, .big);
        self.next += 1;
        return std.mem.readInt(u256, &calls.keccak256(&block), .big);
    }

    /// So many bytes: whole words one after the other, the last one cut.
    pub fn bytes(self: *Stream, count: usize) ![]const u8 {
        const made = try ending.allocator.alloc(u8, count);
        var at: usize = 0;
        while (at < count) : (at += 32) {
            var each: [32]u8 = undefined;
            std.mem.writeInt(u256, &each, self.word(), .big);
            const len = @min(32, count - at);
            @memcpy(made[at..][0..len], each[0..len]);
        }
        return made;
    }

    /// A number in [0, n), each as likely as any other.
    pub fn below(self: *Stream, n: u64) !u64 {
        if (n == 0) return ending.problem("there is no number below zero", .{});
        const top: u256, const limit: u256 = .{ std.math.maxInt(u256), n };
        const surplus = (top % limit + 1) % limit; // 2^256 modulo n
        while (true) {
            const number = self.word();
            if (number <= top - surplus) return @intCast(number % limit);
        }
    }

    /// Puts a list into random order.
    pub fn shuffle(self: *Stream, comptime T: type, list: []T) !void {
        for (0..list.len) |i| std.mem.swap(T, &list[i], &list[i + try self.belowLen(list.len - i)]);
    }

    /// `count` different numbers in [0, n), in random order, each such sequence as likely as any other.
    pub fn sample(self: *Stream, n: usize, count: usize) ![]const usize {
        if (count > n) return ending.problem("a sample of {} out of {}", .{ count, n });
        const list = try ending.allocator.alloc(usize, n);
        for (list, 0..) |*item, i| item.* = i;
        for (0..count) |i| std.mem.swap(usize, &list[i], &list[i + try self.belowLen(n - i)]);
        return list[0..count];
    }

    fn belowLen(self: *Stream, n: usize) !usize {
        return @intCast(try self.below(n));
    }
};
